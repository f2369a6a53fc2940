//! What a provider's mapping makes of a token's claims: `google.subject = assertion.sub`, in CEL.
//! <https://cloud.google.com/iam/docs/workload-identity-federation#mapping>

use cel::{Context, Program, Value as Cel};
use serde_json::{Map, Value};
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use crate::authority::condition;

/// How long a subject can be, in bytes.
const LONGEST_SUBJECT: usize = 127;

/// What is known of somebody after the mapping.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Mapped {
    pub subject: String,
    pub groups: Vec<String>,
    pub attributes: BTreeMap<String, String>,
}

/// Maps the claims, and asks the provider's condition about the outcome.
///
/// Errors: a sentence that says what is wrong with the claims or the mapping.
pub fn map(config: &Map<String, Value>, claims: &Map<String, Value>) -> Result<Mapped, String> {
    let assertion = cel::to_value(claims).map_err(|_| "the claims cannot be looked at".to_owned())?;
    let default = Map::from_iter([("google.subject".to_owned(), Value::from("assertion.sub"))]);
    let mapping = config.get("attributeMapping").and_then(Value::as_object).filter(|mapping| !mapping.is_empty());
    let mut mapped = Mapped::default();
    for (target, expression) in mapping.unwrap_or(&default) {
        let value = evaluate(expression.as_str().unwrap_or_default(), &assertion, None)
            .map_err(|why| format!("the mapping of {target} fails: {why}"))?;
        mapped.set(target, &value)?;
    }
    if mapped.subject.is_empty() || mapped.subject.len() > LONGEST_SUBJECT {
        return Err(format!("google.subject is to have 1 to {LONGEST_SUBJECT} bytes"));
    }
    let condition =
        config.get("attributeCondition").and_then(Value::as_str).filter(|condition| !condition.trim().is_empty());
    match condition.map(|condition| evaluate(condition, &assertion, Some(&mapped))) {
        None | Some(Ok(Cel::Bool(true))) => Ok(mapped),
        Some(Ok(_)) => Err("The given credential is rejected by the attribute condition.".into()),
        Some(Err(why)) => Err(format!("the attribute condition fails: {why}")),
    }
}

impl Mapped {
    fn set(&mut self, target: &str, value: &Cel) -> Result<(), String> {
        match (target, value) {
            ("google.subject", value) => self.subject = text(target, value)?,
            ("google.groups", Cel::List(groups)) => {
                self.groups = groups.iter().map(|group| text(target, group)).collect::<Result<_, _>>()?;
            }
            ("google.groups", _) => return Err("google.groups is to be a list".into()),
            (target, value) => {
                if let Some(name) = target.strip_prefix("attribute.") {
                    self.attributes.insert(name.to_owned(), text(target, value)?);
                }
            }
        }
        Ok(())
    }
}

fn text(target: &str, value: &Cel) -> Result<String, String> {
    match value {
        Cel::String(text) => Ok(text.as_ref().clone()),
        Cel::Int(number) => Ok(number.to_string()),
        Cel::UInt(number) => Ok(number.to_string()),
        Cel::Bool(value) => Ok(value.to_string()),
        other => Err(format!("{target} is a {} and no text", other.type_of())),
    }
}

fn evaluate(expression: &str, assertion: &Cel, mapped: Option<&Mapped>) -> Result<Cel, String> {
    condition::check_size(expression)?;
    let program = Program::compile(expression).map_err(|error| condition::one_line(&error))?;
    let mut context = Context::default();
    context.add_variable_from_value("assertion", assertion.clone());
    condition::functions(&mut context).map_err(|error| condition::one_line(&error))?;
    if let Some(mapped) = mapped {
        let text = |text: &String| Cel::String(Arc::new(text.clone()));
        let groups = Cel::List(Arc::new(mapped.groups.iter().map(text).collect()));
        let google = HashMap::from([("subject", text(&mapped.subject)), ("groups", groups)]);
        let attributes: HashMap<String, Cel> =
            mapped.attributes.iter().map(|(name, value)| (name.clone(), text(value))).collect();
        context.add_variable_from_value("google", google);
        context.add_variable_from_value("attribute", attributes);
    }
    program.execute(&context).map_err(|error| condition::one_line(&error))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn mapped(config: Value) -> Result<Mapped, String> {
        let claims = json!({"sub": "repo:ann/shop", "ref": "refs/heads/main", "groups": ["devs", "ops"], "n": 7});
        map(config.as_object().unwrap(), claims.as_object().unwrap())
    }

    #[test]
    fn claims_become_a_subject_groups_and_attributes() {
        let config = json!({
            "attributeMapping": {
                "google.subject": "'gh:' + assertion.sub",
                "google.groups": "assertion.groups",
                "attribute.branch": "assertion.ref.extract('refs/heads/{name}')",
                "attribute.number": "assertion.n",
            },
            "attributeCondition": "attribute.branch == 'main' && 'devs' in google.groups && assertion.sub.startsWith('repo:ann/')",
        });
        let wanted = Mapped {
            subject: "gh:repo:ann/shop".into(),
            groups: vec!["devs".into(), "ops".into()],
            attributes: [("branch".to_owned(), "main".to_owned()), ("number".to_owned(), "7".to_owned())].into(),
        };
        assert_eq!(mapped(config), Ok(wanted));
        assert_eq!(mapped(json!({})).unwrap().subject, "repo:ann/shop");
    }

    #[test]
    fn f27_what_does_not_fit_is_refused_with_the_reason() {
        for (config, why) in [
            (json!({"attributeCondition": "assertion.ref == 'other'"}), "rejected by the attribute condition"),
            (json!({"attributeCondition": "assertion.nothing == 'x'"}), "condition fails"),
            (json!({"attributeMapping": {"google.subject": "assertion.nothing"}}), "google.subject fails"),
            (json!({"attributeMapping": {"google.subject": "''"}}), "1 to 127 bytes"),
            (json!({"attributeMapping": {"attribute.x": "assertion.sub"}}), "1 to 127 bytes"),
            (json!({"attributeMapping": {"google.subject": "assertion.groups"}}), "no text"),
        ] {
            let error = mapped(config).unwrap_err();
            assert!(error.contains(why), "{error}");
        }
    }
}
