//! What a bucket is set to: the part of the `Bucket` resource that clients write, with the times that follow from it.
//! Stored as JSON in the form of the wire. <https://cloud.google.com/storage/docs/json_api/v1/buckets#resource>

use crate::model::acl::Entry;
use crate::model::number::{Int32, Int64};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;

/// Settings of a bucket. A field that is absent is at its default.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Config {
    pub location: String,
    pub location_type: String,
    pub storage_class: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rpo: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub custom_placement_config: Option<CustomPlacement>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hierarchical_namespace: Option<Switch>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub labels: Option<BTreeMap<String, String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub versioning: Option<Switch>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lifecycle: Option<Lifecycle>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cors: Option<Vec<Cors>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub website: Option<Website>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub logging: Option<Logging>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub billing: Option<Billing>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub encryption: Option<Encryption>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub autoclass: Option<Autoclass>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub default_event_based_hold: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retention_policy: Option<RetentionPolicy>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub object_retention: Option<ObjectRetention>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub soft_delete_policy: Option<SoftDeletePolicy>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub iam_configuration: Option<IamConfiguration>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ip_filter: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub acl: Option<Vec<Entry>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub default_object_acl: Option<Vec<Entry>>,
}

/// `{"enabled": true}`, as several settings are.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Switch {
    pub enabled: bool,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct CustomPlacement {
    pub data_locations: Vec<String>,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Lifecycle {
    pub rule: Vec<Rule>,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Rule {
    pub action: Action,
    pub condition: Condition,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Action {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub storage_class: Option<String>,
    pub r#type: String,
}

/// All the conditions that are present have to hold. Dates are `YYYY-MM-DD`, ages days.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Condition {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub age: Option<Int32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub created_before: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub custom_time_before: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub days_since_custom_time: Option<Int32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub days_since_noncurrent_time: Option<Int32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub is_live: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub matches_pattern: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub matches_prefix: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub matches_storage_class: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub matches_suffix: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub noncurrent_time_before: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub num_newer_versions: Option<Int32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub size_above_bytes: Option<Int64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub size_below_bytes: Option<Int64>,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Cors {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub origin: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub method: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub response_header: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_age_seconds: Option<Int32>,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Website {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub main_page_suffix: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub not_found_page: Option<String>,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Logging {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub log_bucket: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub log_object_prefix: Option<String>,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Billing {
    pub requester_pays: bool,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Encryption {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub default_kms_key_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub customer_managed_encryption_enforcement_config: Option<Enforcement>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub customer_supplied_encryption_enforcement_config: Option<Enforcement>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub google_managed_encryption_enforcement_config: Option<Enforcement>,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Enforcement {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub restriction_mode: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub effective_time: Option<String>,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Autoclass {
    pub enabled: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub toggle_time: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub terminal_storage_class: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub terminal_storage_class_update_time: Option<String>,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct RetentionPolicy {
    /// Seconds.
    pub retention_period: Int64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub effective_time: Option<String>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub is_locked: bool,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ObjectRetention {
    pub mode: String,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct SoftDeletePolicy {
    /// 0 is off.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retention_duration_seconds: Option<Int64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub effective_time: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hard_delete_pause: Option<HardDeletePause>,
}

/// While it is on, nothing soft-deleted goes for good.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct HardDeletePause {
    pub enabled: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub effective_time: Option<String>,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct IamConfiguration {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub uniform_bucket_level_access: Option<UniformAccess>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub public_access_prevention: Option<String>,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct UniformAccess {
    pub enabled: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub locked_time: Option<String>,
}

// === impl Config ===

impl Config {
    /// Whether an overwritten or deleted live generation stays as a noncurrent one.
    pub fn is_versioned(&self) -> bool {
        self.versioning.is_some_and(|versioning| versioning.enabled)
    }

    /// Whether access lists are out of force (uniform bucket-level access).
    pub fn is_uniform(&self) -> bool {
        let iam = self.iam_configuration.as_ref();
        iam.and_then(|iam| iam.uniform_bucket_level_access.as_ref()).is_some_and(|uniform| uniform.enabled)
    }

    /// Whether nobody may be given public access.
    pub fn prevents_public_access(&self) -> bool {
        let iam = self.iam_configuration.as_ref();
        iam.and_then(|iam| iam.public_access_prevention.as_deref()) == Some("enforced")
    }

    /// How long deleted objects can be restored, in milliseconds; `None` where soft delete is off.
    pub fn soft_delete_ms(&self) -> Option<i64> {
        let seconds = self.soft_delete_policy.as_ref()?.retention_duration_seconds?.0;
        (seconds > 0).then_some(seconds * 1000)
    }

    /// How long objects must be kept, in milliseconds; `None` without a retention policy.
    pub fn retention_ms(&self) -> Option<i64> {
        Some(self.retention_policy.as_ref()?.retention_period.0 * 1000)
    }

    /// Whether new objects begin under an event-based hold.
    pub fn holds_new_objects(&self) -> bool {
        self.default_event_based_hold == Some(true)
    }

    /// Whether objects may have a retention of their own.
    pub fn allows_object_retention(&self) -> bool {
        self.object_retention.as_ref().is_some_and(|retention| retention.mode == "Enabled")
    }

    /// Whether folders are real.
    pub fn is_hierarchical(&self) -> bool {
        self.hierarchical_namespace.is_some_and(|namespace| namespace.enabled)
    }

    /// Whether storage classes follow use.
    pub fn has_autoclass(&self) -> bool {
        self.autoclass.as_ref().is_some_and(|autoclass| autoclass.enabled)
    }

    /// The key that encrypts objects that name none.
    pub fn kms_key(&self) -> Option<&str> {
        self.encryption.as_ref()?.default_kms_key_name.as_deref()
    }
}
