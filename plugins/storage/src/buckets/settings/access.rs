//! Uniform bucket-level access, public access prevention, and the lists that count where access is not uniform.
//! <https://cloud.google.com/storage/docs/uniform-bucket-level-access>

use super::Subject;
use crate::model::acl::{self, Entry, Scope};
use crate::model::config::{Config, IamConfiguration, UniformAccess};
use fogbank_sdk::{Error, Result, Timestamp};

const DAY_MS: i64 = 86_400_000;
/// Uniform access can be switched off again for this long.
const LOCKED_AFTER: i64 = 90 * DAY_MS;

pub(super) fn settle(wanted: &mut Config, subject: &Subject) -> Result<()> {
    let mut iam = wanted.iam_configuration.take().unwrap_or_default();
    let uniform = iam.uniform_bucket_level_access.take().unwrap_or_default();
    iam.uniform_bucket_level_access = Some(settle_uniform(uniform, subject)?);
    settle_prevention(&mut iam)?;
    wanted.iam_configuration = Some(iam);
    if wanted.is_hierarchical() && !wanted.is_uniform() {
        return Err(Error::invalid("Hierarchical namespace buckets must use uniform bucket-level access."));
    }
    lists(wanted, subject)
}

/// The lock begins with the switch; behind it there is no way back.
fn settle_uniform(wanted: UniformAccess, subject: &Subject) -> Result<UniformAccess> {
    let before = subject.old.and_then(|old| old.iam_configuration.as_ref()?.uniform_bucket_level_access.clone());
    let before = before.filter(|before| before.enabled);
    if !wanted.enabled {
        let locked = before.and_then(|before| before.locked_time).and_then(|time| Timestamp::parse(&time).ok());
        return match locked {
            Some(locked) if subject.now >= locked => {
                Err(Error::invalid("Cannot disable uniform bucket-level access after its locked time."))
            }
            _ => Ok(UniformAccess::default()),
        };
    }
    let locked = before.and_then(|before| before.locked_time);
    let from_now = || Timestamp::from_millis(subject.now.millis() + LOCKED_AFTER).to_rfc3339();
    Ok(UniformAccess { enabled: true, locked_time: Some(locked.unwrap_or_else(from_now)) })
}

fn settle_prevention(iam: &mut IamConfiguration) -> Result<()> {
    iam.public_access_prevention = match iam.public_access_prevention.take().as_deref() {
        None | Some("" | "inherited" | "unspecified") => Some("inherited".to_owned()),
        Some("enforced") => Some("enforced".to_owned()),
        Some(other) => return Err(Error::invalid(format!("Invalid value for publicAccessPrevention: {other}"))),
    };
    Ok(())
}

/// Lists that were not asked for are what they were, or private to the project. Under uniform access they stay stored,
/// so that they count again when it is switched off.
fn lists(wanted: &mut Config, subject: &Subject) -> Result<()> {
    let old = subject.old;
    let bucket = settle_list(wanted.acl.take(), old.and_then(|old| old.acl.clone()), Scope::Bucket, subject)?;
    let objects = settle_list(
        wanted.default_object_acl.take(),
        old.and_then(|old| old.default_object_acl.clone()),
        Scope::Object,
        subject,
    )?;
    if wanted.prevents_public_access() && !wanted.is_uniform() && bucket.iter().chain(&objects).any(Entry::is_public) {
        return Err(public_refused());
    }
    wanted.acl = Some(bucket);
    wanted.default_object_acl = Some(objects);
    Ok(())
}

fn settle_list(
    wanted: Option<Vec<Entry>>,
    old: Option<Vec<Entry>>,
    scope: Scope,
    subject: &Subject,
) -> Result<Vec<Entry>> {
    match wanted {
        Some(entries) => acl::checked(entries, scope),
        None => Ok(old.unwrap_or_else(|| acl::project_private(subject.project_number))),
    }
}

/// The refusal of public members where public access is prevented.
pub fn public_refused() -> Error {
    let message = "The member bindings allUsers and allAuthenticatedUsers are not allowed since public access prevention is enforced.";
    Error::precondition(message)
}

#[cfg(test)]
mod tests {
    use super::super::testing::{NOW, at, refusal, settled};
    use super::*;
    use serde_json::{Value, json};

    fn uniform(enabled: bool) -> Value {
        json!({"iamConfiguration": {"uniformBucketLevelAccess": {"enabled": enabled}}})
    }

    #[test]
    fn a_new_bucket_has_lists_and_inherits_prevention() {
        let config = settled(None, json!({})).unwrap();
        assert!(!config.is_uniform() && !config.prevents_public_access());
        assert_eq!(config.acl.unwrap(), acl::project_private(7));
    }

    #[test]
    fn uniform_access_locks_after_ninety_days() {
        let on = at(NOW, None, uniform(true)).unwrap();
        let again = at(NOW + DAY_MS, Some(&on), uniform(true)).unwrap();
        assert_eq!(again.iam_configuration, on.iam_configuration);
        assert!(!at(NOW + LOCKED_AFTER - 1, Some(&on), uniform(false)).unwrap().is_uniform());
        assert_eq!(refusal(at(NOW + LOCKED_AFTER, Some(&on), uniform(false))).0, 400);
    }

    #[test]
    fn prevention_refuses_public_lists() {
        let public = json!({"iamConfiguration": {"publicAccessPrevention": "enforced"},
                            "acl": [{"entity": "allUsers", "role": "READER"}]});
        assert_eq!(refusal(settled(None, public)).0, 412);
        assert_eq!(refusal(settled(None, json!({"iamConfiguration": {"publicAccessPrevention": "maybe"}}))).0, 400);
    }

    #[test]
    fn lists_survive_uniform_access() {
        let open = settled(None, json!({"acl": [{"entity": "allUsers", "role": "READER"}]})).unwrap();
        let on = settled(Some(&open), uniform(true)).unwrap();
        assert_eq!(on.acl, open.acl);
    }
}
