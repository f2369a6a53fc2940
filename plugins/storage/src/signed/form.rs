//! Policies of form uploads: a signed document that says until when, and for which fields, somebody may send a form.
//! <https://cloud.google.com/storage/docs/authentication/signatures#policy-document>

use super::signer::{self, Algorithm, Credential};
use super::{failure, v4};
use fogbank_sdk::encoding::from_b64;
use fogbank_sdk::{Error, Result, Timestamp, context};
use serde_json::Value;

/// Fields that no condition has to allow: the signature, what it covers, and what it is not about.
const FREE: [&str; 7] =
    ["policy", "signature", "x-goog-signature", "x-amz-signature", "googleaccessid", "awsaccesskeyid", "file"];

/// The fields of a form in front of its file, names in lower case.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Fields(pub Vec<(String, String)>);

impl Fields {
    /// The value of a field, whose name is given in lower case.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// As [`Self::get`], by the name that either family of clients uses.
    fn either(&self, name: &str) -> Option<&str> {
        self.get(&format!("x-goog-{name}")).or_else(|| self.get(&format!("x-amz-{name}")))
    }
}

/// How many bytes the file may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Range {
    pub least: u64,
    pub most: u64,
}

/// Everything is allowed.
pub const ANY: Range = Range { least: 0, most: u64::MAX };

/// Makes whoever signed the form's policy the caller, if the policy allows the form. A form without a policy is sent by whoever
/// sends it.
///
/// Errors: 403.
pub fn admit(fields: &Fields, bucket: &str) -> Result<Range> {
    super::binding(verify(fields, bucket), ANY)
}

fn verify(fields: &Fields, bucket: &str) -> Result<Range> {
    let Some(policy) = fields.get("policy") else { return Ok(ANY) };
    let range = Policy::parse(policy)?.allows(fields, bucket, context::now())?;
    let candidate = [(policy.to_owned(), None)];
    if let Some(signature) = fields.either("signature") {
        let asked = |name: &str| {
            fields.either(name).ok_or_else(|| failure::malformed(format!("The form has no field x-goog-{name}.")))
        };
        let algorithm = asked("algorithm")?;
        let algorithm = Algorithm::named(algorithm)
            .ok_or_else(|| failure::malformed(format!("There is no signature algorithm '{algorithm}'.")))?;
        let credential = Credential::parse(asked("credential")?, algorithm)?;
        if !asked("date")?.starts_with(&credential.date) {
            return Err(failure::malformed("The date of the credential is not that of the form."));
        }
        signer::assume(algorithm, &credential, &v4::bytes(signature)?, &candidate)?;
        return Ok(range);
    }
    let bad = || failure::malformed("A form with a policy needs a signature.");
    let signature = from_b64(fields.get("signature").ok_or_else(bad)?).map_err(|_| bad())?;
    let id = fields.get("googleaccessid").or_else(|| fields.get("awsaccesskeyid")).ok_or_else(bad)?;
    if id.contains('@') {
        signer::by_account(id, &signature, &candidate)?;
    } else {
        let (secret, account) = signer::secret(id)?;
        signer::by_secret(&account, &candidate, |text| signer::is_sha1(&secret, text, &signature))?;
    }
    Ok(range)
}

/// What a policy document says.
#[derive(Debug)]
struct Policy {
    expiration: Timestamp,
    conditions: Vec<Condition>,
}

#[derive(Debug, PartialEq, Eq)]
enum Condition {
    Is { field: String, value: String },
    Begins { field: String, value: String },
    Length(Range),
}

impl Policy {
    fn parse(text: &str) -> Result<Self> {
        let bad = |why: &str| failure::policy(format!("The policy document is not valid: {why}."));
        let json = from_b64(text).map_err(|_| bad("it is not base64"))?;
        let json: Value = serde_json::from_slice(&json).map_err(|_| bad("it is not JSON"))?;
        let expiration = json["expiration"].as_str().and_then(|text| Timestamp::parse(text).ok());
        let conditions = json["conditions"].as_array().ok_or_else(|| bad("it has no conditions"))?;
        let mut read = Vec::new();
        for condition in conditions {
            read.extend(Condition::read(condition).ok_or_else(|| bad(&format!("{condition} is no condition")))?);
        }
        Ok(Self { expiration: expiration.ok_or_else(|| bad("it has no expiration"))?, conditions: read })
    }

    /// The sizes that the policy allows, if it allows the form.
    fn allows(&self, fields: &Fields, bucket: &str, now: Timestamp) -> Result<Range> {
        if now >= self.expiration {
            return Err(failure::expired(&self.expiration.to_rfc3339()));
        }
        let value = |field: &str| match field {
            "bucket" => Some(bucket),
            field => fields.get(field),
        };
        let mut range = ANY;
        for condition in &self.conditions {
            if let Condition::Length(Range { least, most }) = condition {
                range = Range { least: range.least.max(*least), most: range.most.min(*most) };
            } else if !condition.holds(value) {
                return Err(failure::policy(format!("A condition of the policy does not hold: {condition}.")));
            }
        }
        match fields.0.iter().map(|(name, _)| name).find(|name| !self.covers(name)) {
            Some(name) => Err(failure::policy(format!("The policy has no condition for the field '{name}'."))),
            None => Ok(range),
        }
    }

    fn covers(&self, name: &str) -> bool {
        let about = |condition: &Condition| matches!(condition, Condition::Is { field, .. } | Condition::Begins { field, .. } if field == name);
        FREE.contains(&name) || name.starts_with("x-ignore-") || self.conditions.iter().any(about)
    }
}

impl Condition {
    /// `{"field": "value"}` (several at once too), `["eq", "$field", "value"]`, `["starts-with", "$field", "prefix"]`,
    /// `["content-length-range", least, most]`.
    fn read(json: &Value) -> Option<Vec<Self>> {
        if let Some(fields) = json.as_object() {
            let is = |(field, value): (&String, &Value)| {
                Some(Self::Is { field: field.to_ascii_lowercase(), value: text(value)? })
            };
            return fields.iter().map(is).collect();
        }
        let [kind, field, value] = json.as_array()?.as_slice() else { return None };
        let kind = kind.as_str()?.to_ascii_lowercase();
        if kind == "content-length-range" {
            return Some(vec![Self::Length(Range { least: number(field)?, most: number(value)? })]);
        }
        let field = field.as_str()?.strip_prefix('$')?.to_ascii_lowercase();
        let value = text(value)?;
        match kind.as_str() {
            "eq" => Some(vec![Self::Is { field, value }]),
            "starts-with" => Some(vec![Self::Begins { field, value }]),
            _ => None,
        }
    }

    fn holds<'v>(&self, field_value: impl Fn(&str) -> Option<&'v str>) -> bool {
        match self {
            Self::Is { field, value } => field_value(field) == Some(value),
            Self::Begins { field, value } => field_value(field).unwrap_or_default().starts_with(value),
            Self::Length(_) => true,
        }
    }
}

impl std::fmt::Display for Condition {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Is { field, value } => write!(out, "[\"eq\", \"${field}\", \"{value}\"]"),
            Self::Begins { field, value } => write!(out, "[\"starts-with\", \"${field}\", \"{value}\"]"),
            Self::Length(Range { least, most }) => write!(out, "[\"content-length-range\", {least}, {most}]"),
        }
    }
}

fn text(json: &Value) -> Option<String> {
    match json {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

fn number(json: &Value) -> Option<u64> {
    json.as_u64().or_else(|| json.as_str()?.parse().ok())
}

// === impl Range ===

impl Range {
    /// 400 for a file with fewer bytes; with more it was refused on its way.
    pub fn require_least(self, size: u64) -> Result<()> {
        if size >= self.least {
            return Ok(());
        }
        let message = format!("The file has {size} bytes; the policy wants at least {}.", self.least);
        Err(Error::new(fogbank_sdk::Code::InvalidArgument, "entityTooSmall", message))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use fogbank_sdk::encoding::b64;
    use serde_json::json;

    fn fields(pairs: &[(&str, &str)]) -> Fields {
        Fields(pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect())
    }

    fn allows(conditions: &Value, pairs: &[(&str, &str)]) -> Result<Range, String> {
        let policy = json!({"expiration": "2026-11-21T12:00:00Z", "conditions": conditions});
        let now = Timestamp::parse("2026-11-21T11:00:00Z").unwrap();
        let policy = Policy::parse(&b64(policy.to_string())).unwrap();
        policy.allows(&fields(pairs), "b-1", now).map_err(|error| error.message().to_owned())
    }

    #[test]
    fn each_condition_has_to_hold() {
        let conditions = json!([
            {"bucket": "b-1"}, ["starts-with", "$key", "in/"], {"Content-Type": "text/plain"},
            ["content-length-range", 2, "10"], ["eq", "$success_action_status", 201]
        ]);
        let good = [("key", "in/x"), ("content-type", "text/plain"), ("success_action_status", "201")];
        assert_eq!(allows(&conditions, &good), Ok(Range { least: 2, most: 10 }));
        for (at, other) in [(0, "out/x"), (1, "text/html"), (2, "200")] {
            let mut bad = good;
            bad[at].1 = other;
            assert!(allows(&conditions, &bad).unwrap_err().contains("does not hold"), "{other}");
        }
        assert!(allows(&conditions, &good[..2]).unwrap_err().contains("does not hold"));
        assert!(allows(&json!([{"bucket": "b-2"}]), &[]).is_err());
    }

    #[test]
    fn f26_a_field_without_a_condition_is_refused() {
        let conditions = json!([{"key": "x"}]);
        let extra = |name| allows(&conditions, &[("key", "x"), (name, "y")]);
        assert!(extra("acl").unwrap_err().contains("no condition for the field 'acl'"));
        for free in ["policy", "x-goog-signature", "signature", "googleaccessid", "x-ignore-this"] {
            assert_eq!(extra(free), Ok(ANY), "{free}");
        }
    }

    #[test]
    fn f27_a_policy_ends() {
        let text = b64(json!({"expiration": "2026-11-21T12:00:00Z", "conditions": []}).to_string());
        let policy = Policy::parse(&text).unwrap();
        let at = |text: &str| policy.allows(&Fields::default(), "b", Timestamp::parse(text).unwrap());
        assert!(at("2026-11-21T11:59:59Z").is_ok());
        assert_eq!(at("2026-11-21T12:00:00Z").unwrap_err().reason(), "expiredToken");
    }

    #[test]
    fn f35_what_is_no_policy_is_403() {
        let broken =
            [json!({}), json!({"expiration": "x", "conditions": []}), json!({"expiration": "2026-11-21T12:00:00Z"})];
        for text in broken.iter().map(|json| b64(json.to_string())).chain(["?".to_owned(), b64("{")]) {
            assert_eq!(Policy::parse(&text).unwrap_err().reason(), "invalidPolicyDocument", "{text}");
        }
        let wrong = json!({"expiration": "2026-11-21T12:00:00Z", "conditions": [["like", "$key", "x"]]});
        assert!(Policy::parse(&b64(wrong.to_string())).is_err());
    }

    #[test]
    fn a_small_file_is_refused_in_the_end() {
        let range = Range { least: 2, most: 10 };
        assert!(range.require_least(2).is_ok());
        assert_eq!(range.require_least(1).unwrap_err().reason(), "entityTooSmall");
    }
}
