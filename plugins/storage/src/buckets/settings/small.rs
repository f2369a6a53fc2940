//! Settings of a field or two: versioning, website, logging, billing, IP filter.

use super::Subject;
use crate::model::config::Config;
use crate::model::names;
use fogbank_sdk::{Error, Result};

pub(super) fn settle(wanted: &mut Config, subject: &Subject) -> Result<()> {
    if wanted.is_versioned() && wanted.is_hierarchical() {
        return Err(Error::invalid("Object versioning is not supported with hierarchical namespace."));
    }
    website(wanted);
    logging(wanted, subject.name)?;
    ip_filter(wanted)
}

fn website(wanted: &mut Config) {
    let Some(website) = &mut wanted.website else { return };
    website.main_page_suffix.take_if(|suffix| suffix.is_empty());
    website.not_found_page.take_if(|page| page.is_empty());
    if website.main_page_suffix.is_none() && website.not_found_page.is_none() {
        wanted.website = None;
    }
}

/// The prefix of log objects is the bucket's name where nobody says.
fn logging(wanted: &mut Config, bucket: &str) -> Result<()> {
    let Some(logging) = &mut wanted.logging else { return Ok(()) };
    let Some(target) = logging.log_bucket.as_deref().filter(|target| !target.is_empty()) else {
        wanted.logging = None;
        return Ok(());
    };
    if !names::is_bucket(target) {
        return Err(Error::invalid(format!("Invalid log bucket name: '{target}'")));
    }
    if logging.log_object_prefix.as_deref().is_none_or(str::is_empty) {
        logging.log_object_prefix = Some(bucket.to_owned());
    }
    Ok(())
}

fn ip_filter(wanted: &mut Config) -> Result<()> {
    let Some(filter) = &wanted.ip_filter else { return Ok(()) };
    match filter.get("mode").and_then(|mode| mode.as_str()) {
        Some("Enabled" | "Disabled") => Ok(()),
        _ => Err(Error::invalid("ipFilter.mode must be Enabled or Disabled.")),
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{refusal, settled};
    use serde_json::json;

    #[test]
    fn a_website_without_pages_is_none() {
        assert_eq!(settled(None, json!({"website": {"mainPageSuffix": ""}})).unwrap().website, None);
        let config = settled(None, json!({"website": {"mainPageSuffix": "index.html"}})).unwrap();
        assert_eq!(config.website.unwrap().main_page_suffix.unwrap(), "index.html");
    }

    #[test]
    fn logs_are_named_after_the_bucket() {
        let config = settled(None, json!({"logging": {"logBucket": "logs"}})).unwrap();
        assert_eq!(config.logging.unwrap().log_object_prefix.unwrap(), "b-1");
        assert_eq!(settled(None, json!({"logging": {}})).unwrap().logging, None);
        assert_eq!(refusal(settled(None, json!({"logging": {"logBucket": "../x"}}))).0, 400);
    }

    #[test]
    fn hierarchical_buckets_have_no_versions() {
        let both = json!({"versioning": {"enabled": true}, "hierarchicalNamespace": {"enabled": true},
                          "iamConfiguration": {"uniformBucketLevelAccess": {"enabled": true}}});
        assert_eq!(refusal(settled(None, both)).0, 400);
    }

    #[test]
    fn an_ip_filter_has_a_mode() {
        let filter = json!({"mode": "Disabled", "publicNetworkSource": {"allowedIpCidrRanges": ["0.0.0.0/0"]}});
        assert_eq!(settled(None, json!({"ipFilter": filter})).unwrap().ip_filter, Some(filter));
        assert_eq!(refusal(settled(None, json!({"ipFilter": {}}))).0, 400);
    }
}
