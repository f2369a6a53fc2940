//! Default encryption and which kinds of keys new objects may have.
//! <https://cloud.google.com/storage/docs/encryption>

use super::Subject;
use crate::model::config::{Config, Encryption, Enforcement};
use fogbank_sdk::{Error, Result, Timestamp};

pub(super) fn settle(wanted: &mut Config, subject: &Subject) -> Result<()> {
    let Some(encryption) = &mut wanted.encryption else { return Ok(()) };
    encryption.default_kms_key_name.take_if(|key| key.is_empty());
    if let Some(key) = &encryption.default_kms_key_name
        && !is_key(key)
    {
        return Err(Error::invalid(format!("Malformed Cloud KMS crypto key: {key}")));
    }
    let before = subject.old.and_then(|old| old.encryption.clone()).unwrap_or_default();
    enforce(
        &mut encryption.customer_managed_encryption_enforcement_config,
        before.customer_managed_encryption_enforcement_config,
        subject.now,
    )?;
    enforce(
        &mut encryption.customer_supplied_encryption_enforcement_config,
        before.customer_supplied_encryption_enforcement_config,
        subject.now,
    )?;
    enforce(
        &mut encryption.google_managed_encryption_enforcement_config,
        before.google_managed_encryption_enforcement_config,
        subject.now,
    )?;
    if *encryption == Encryption::default() {
        wanted.encryption = None;
    }
    Ok(())
}

/// Checks the mode; the effective time is that of the last change of it.
fn enforce(wanted: &mut Option<Enforcement>, before: Option<Enforcement>, now: Timestamp) -> Result<()> {
    let Some(config) = wanted else { return Ok(()) };
    let mode = config.restriction_mode.get_or_insert_with(|| "NotRestricted".to_owned());
    if !["NotRestricted", "FullyRestricted"].contains(&mode.as_str()) {
        return Err(Error::invalid(format!("Invalid restriction mode: {mode}")));
    }
    let before = before.filter(|before| before.restriction_mode == config.restriction_mode);
    config.effective_time = before.and_then(|before| before.effective_time).or_else(|| Some(now.to_rfc3339()));
    Ok(())
}

/// `projects/P/locations/L/keyRings/R/cryptoKeys/K`.
fn is_key(name: &str) -> bool {
    let parts: Vec<_> = name.split('/').collect();
    parts.len() == 8
        && [parts[0], parts[2], parts[4], parts[6]] == ["projects", "locations", "keyRings", "cryptoKeys"]
        && parts.iter().all(|part| !part.is_empty())
}

#[cfg(test)]
mod tests {
    use super::super::testing::{NOW, at, refusal, settled};
    use serde_json::json;

    #[test]
    fn a_key_is_named_in_full() {
        let key = "projects/p/locations/us/keyRings/r/cryptoKeys/k";
        assert_eq!(settled(None, json!({"encryption": {"defaultKmsKeyName": key}})).unwrap().kms_key(), Some(key));
        assert_eq!(refusal(settled(None, json!({"encryption": {"defaultKmsKeyName": "k"}}))).0, 400);
        assert_eq!(settled(None, json!({"encryption": {}})).unwrap().encryption, None);
    }

    #[test]
    fn a_restriction_is_effective_from_its_last_change() {
        let restricted = |mode: &str| json!({"encryption": {"customerSuppliedEncryptionEnforcementConfig": {"restrictionMode": mode}}});
        let time = |config: &crate::model::config::Config| {
            config.encryption.clone().unwrap().customer_supplied_encryption_enforcement_config.unwrap().effective_time
        };
        let first = at(NOW, None, restricted("FullyRestricted")).unwrap();
        let same = at(NOW + 5, Some(&first), restricted("FullyRestricted")).unwrap();
        let other = at(NOW + 5, Some(&first), restricted("NotRestricted")).unwrap();
        assert_eq!(time(&same), time(&first));
        assert_ne!(time(&other), time(&first));
        assert_eq!(refusal(settled(None, restricted("Sometimes"))).0, 400);
    }
}
