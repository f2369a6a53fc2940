//! Cross-origin resource sharing. <https://cloud.google.com/storage/docs/cors-configurations>

use crate::model::config::{Config, Cors};
use fogbank_sdk::{Error, Result};

const METHODS: [&str; 8] = ["*", "GET", "HEAD", "PUT", "POST", "DELETE", "OPTIONS", "PATCH"];

pub(super) fn settle(wanted: &mut Config) -> Result<()> {
    let Some(rules) = &mut wanted.cors else { return Ok(()) };
    rules.iter_mut().try_for_each(check)?;
    if rules.is_empty() {
        wanted.cors = None;
    }
    Ok(())
}

fn check(rule: &mut Cors) -> Result<()> {
    for method in &mut rule.method {
        method.make_ascii_uppercase();
        if !METHODS.contains(&method.as_str()) {
            return Err(Error::invalid(format!("Invalid CORS method: {method}")));
        }
    }
    if rule.max_age_seconds.is_some_and(|seconds| seconds.0 < 0) {
        return Err(Error::invalid("maxAgeSeconds cannot be negative."));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::testing::{refusal, settled};
    use serde_json::json;

    #[test]
    fn rules_read_back_as_they_were_sent() {
        let rules = json!([{"origin": ["http://example.com"], "method": ["GET"], "responseHeader": ["Content-Type"],
                            "maxAgeSeconds": 3600}]);
        let config = settled(None, json!({"cors": rules})).unwrap();
        assert_eq!(serde_json::to_value(config.cors).unwrap(), rules);
    }

    #[test]
    fn an_empty_list_clears() {
        assert_eq!(settled(None, json!({"cors": []})).unwrap().cors, None);
    }

    #[test]
    fn unknown_methods_and_negative_ages_are_refused() {
        assert_eq!(refusal(settled(None, json!({"cors": [{"method": ["FETCH"]}]}))).0, 400);
        assert_eq!(refusal(settled(None, json!({"cors": [{"maxAgeSeconds": -1}]}))).0, 400);
    }
}
