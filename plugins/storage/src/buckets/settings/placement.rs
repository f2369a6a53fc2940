//! Where a bucket is and how it stores: decided when it is made, but for the storage class and turbo replication.

use super::Subject;
use crate::model::config::Config;
use crate::model::{locations, storage_class};
use fogbank_sdk::{Error, Result};

pub(super) fn settle(wanted: &mut Config, subject: &Subject) -> Result<()> {
    match subject.old {
        None => place(wanted)?,
        Some(old) => keep(wanted, old)?,
    }
    class(wanted)?;
    replication(wanted)
}

fn place(wanted: &mut Config) -> Result<()> {
    if wanted.location.is_empty() {
        wanted.location = "US".to_owned();
    }
    let regions = wanted.custom_placement_config.as_mut().filter(|custom| !custom.data_locations.is_empty());
    let found = locations::find(&wanted.location, regions.as_ref().map(|custom| custom.data_locations.as_slice()));
    let found = found.ok_or_else(|| Error::invalid("The specified location constraint is not valid."))?;
    if let Some(custom) = regions {
        custom.data_locations.iter_mut().for_each(|region| region.make_ascii_uppercase());
    } else {
        wanted.custom_placement_config = None;
    }
    wanted.location = found.name;
    wanted.location_type = found.kind.to_owned();
    if wanted.hierarchical_namespace.is_some_and(|namespace| !namespace.enabled) {
        wanted.hierarchical_namespace = None;
    }
    Ok(())
}

fn keep(wanted: &mut Config, old: &Config) -> Result<()> {
    if !wanted.location.is_empty() && !wanted.location.eq_ignore_ascii_case(&old.location) {
        return Err(Error::invalid("The location of a bucket cannot be changed."));
    }
    wanted.location.clone_from(&old.location);
    wanted.location_type.clone_from(&old.location_type);
    wanted.custom_placement_config.clone_from(&old.custom_placement_config);
    wanted.hierarchical_namespace = old.hierarchical_namespace;
    Ok(())
}

fn class(wanted: &mut Config) -> Result<()> {
    if wanted.storage_class.is_empty() {
        storage_class::DEFAULT.clone_into(&mut wanted.storage_class);
    }
    let class = storage_class::canonical(&wanted.storage_class);
    let class = class.ok_or_else(|| Error::invalid(format!("Invalid storage class: {}", wanted.storage_class)))?;
    class.clone_into(&mut wanted.storage_class);
    Ok(())
}

/// Buckets of a single region have no recovery point objective; only dual-regions may have turbo replication.
fn replication(wanted: &mut Config) -> Result<()> {
    let several = wanted.location_type != "region";
    wanted.rpo = match wanted.rpo.take().as_deref() {
        None | Some("" | "DEFAULT") => several.then(|| "DEFAULT".to_owned()),
        Some("ASYNC_TURBO") if wanted.location_type == "dual-region" => Some("ASYNC_TURBO".to_owned()),
        Some("ASYNC_TURBO") => return Err(Error::invalid("ASYNC_TURBO is for dual-region buckets only.")),
        Some(other) => return Err(Error::invalid(format!("Invalid value for rpo: {other}"))),
    };
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::testing::{refusal, settled};
    use serde_json::json;

    #[test]
    fn a_bucket_without_wishes_is_a_standard_one_in_the_us() {
        let config = settled(None, json!({})).unwrap();
        assert_eq!((config.location.as_str(), config.location_type.as_str()), ("US", "multi-region"));
        assert_eq!((config.storage_class.as_str(), config.rpo.as_deref()), ("STANDARD", Some("DEFAULT")));
    }

    #[test]
    fn places_and_classes_come_back_in_upper_case() {
        let config = settled(None, json!({"location": "us-central1", "storageClass": "nearline"})).unwrap();
        assert_eq!((config.location.as_str(), config.location_type.as_str()), ("US-CENTRAL1", "region"));
        assert_eq!((config.storage_class.as_str(), config.rpo.as_deref()), ("NEARLINE", None));
    }

    #[test]
    fn what_does_not_exist_is_refused() {
        assert_eq!(refusal(settled(None, json!({"location": "atlantis"}))).0, 400);
        assert_eq!(refusal(settled(None, json!({"storageClass": "fridge"}))).0, 400);
        assert_eq!(refusal(settled(None, json!({"rpo": "ASYNC_TURBO"}))).0, 400);
    }

    #[test]
    fn a_bucket_does_not_move() {
        let old = settled(None, json!({"location": "EU"})).unwrap();
        assert_eq!(settled(Some(&old), json!({"location": "eu"})).unwrap().location, "EU");
        assert_eq!(settled(Some(&old), json!({})).unwrap().location, "EU");
        assert_eq!(refusal(settled(Some(&old), json!({"location": "US"}))).0, 400);
    }

    #[test]
    fn a_custom_dual_region_keeps_its_regions() {
        let custom = json!({"location": "us", "customPlacementConfig": {"dataLocations": ["us-east1", "us-west1"]},
                            "rpo": "ASYNC_TURBO"});
        let config = settled(None, custom).unwrap();
        assert_eq!(config.location_type, "dual-region");
        assert_eq!(config.custom_placement_config.unwrap().data_locations, ["US-EAST1", "US-WEST1"]);
    }
}
