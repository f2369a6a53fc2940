//! The states of an instance. <https://cloud.google.com/compute/docs/instances/instance-lifecycle>

use compute_api::store::Resource;
use fogbank_sdk::{Code, Error, Result, context};

/// Where an instance is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// Resources are being found for it.
    Provisioning,
    /// It has them and is being started.
    Staging,
    /// It runs.
    Running,
    /// It is being stopped, or deleted.
    Stopping,
    /// It does not run.
    Terminated,
    /// It is being suspended.
    Suspending,
    /// It is frozen.
    Suspended,
}

const NAMES: [(State, &str); 7] = [
    (State::Provisioning, "PROVISIONING"),
    (State::Staging, "STAGING"),
    (State::Running, "RUNNING"),
    (State::Stopping, "STOPPING"),
    (State::Terminated, "TERMINATED"),
    (State::Suspending, "SUSPENDING"),
    (State::Suspended, "SUSPENDED"),
];

// === impl State ===

impl State {
    /// That of an instance.
    pub fn of(instance: &Resource) -> Self {
        let text = instance.text("status").unwrap_or_default();
        NAMES.iter().find(|(_, name)| *name == text).map_or(Self::Terminated, |(state, _)| *state)
    }

    /// As the API says it.
    pub fn name(self) -> &'static str {
        NAMES.iter().find(|(state, _)| *state == self).map_or("TERMINATED", |(_, name)| name)
    }

    /// Brings an instance into it, and notes when it came to run, stand or freeze.
    pub fn enter(self, instance: &mut Resource) {
        instance.set("status", self.name());
        let noted = match self {
            Self::Running => "lastStartTimestamp",
            Self::Terminated => "lastStopTimestamp",
            Self::Suspended => "lastSuspendedTimestamp",
            _ => return,
        };
        instance.set(noted, context::now().to_rfc3339_with_offset());
    }
}

/// 400 for what cannot be done in the state that an instance is in.
pub fn refused(instance: &Resource, what: &str, wanted: &str) -> Error {
    let state = State::of(instance).name();
    let message = format!("The instance '{}' is {state}; it can be {what} only when it is {wanted}.", instance.path);
    Error::new(Code::InvalidArgument, "resourceNotReady", message)
}

/// Refuses what needs an instance that does not run.
///
/// Errors: 400.
pub fn require_terminated(instance: &Resource, what: &str) -> Result<()> {
    match State::of(instance) {
        State::Terminated => Ok(()),
        _ => Err(refused(instance, what, "TERMINATED")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use compute_api::path::Path;
    use serde_json::Map;

    #[test]
    fn an_instance_remembers_when_it_last_started_and_stopped() {
        let path = Path::parse("projects/p/zones/us-central1-a/instances/w1").unwrap();
        let mut instance = Resource::new(path, Map::new()).unwrap();
        State::Running.enter(&mut instance);
        assert!(instance.text("lastStartTimestamp").is_some() && instance.text("lastStopTimestamp").is_none());
        assert!(require_terminated(&instance, "changed").unwrap_err().message().contains("RUNNING"));
        State::Terminated.enter(&mut instance);
        assert_eq!(instance.text("status"), Some("TERMINATED"));
        assert!(require_terminated(&instance, "changed").is_ok());
    }
}
