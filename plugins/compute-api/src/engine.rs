//! What the container engine says, as operations tell it.

use fogbank_sdk::docker;
use fogbank_sdk::{Code, Error, log};

/// An engine's refusal ends an operation; only its absence is waited for. What exactly it said is in the log.
pub fn told(error: docker::Error) -> Error {
    let refused = |reason: &str, message: &str| Error::new(Code::FailedPrecondition, reason, message);
    match error {
        docker::Error::Other(why) => {
            log::error!("the container engine refused: {why}");
            refused(
                "containerRefused",
                "The container engine cannot run the instance; the log of Fogbank has its reason.",
            )
        }
        docker::Error::NoSpace => refused("containerNoSpace", "The container engine's disk has no room left."),
        other => other.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn f07_only_an_absent_engine_is_waited_for() {
        assert_eq!(told(docker::Error::Other("oci runtime".into())).http_status(), 400);
        assert!(!told(docker::Error::Other("oci runtime".into())).message().contains("oci"));
        assert_eq!(told(docker::Error::Unavailable("stopped".into())).http_status(), 503);
    }

    #[test]
    fn f12_an_engine_without_room_is_not_waited_for() {
        let error = told(docker::Error::NoSpace);
        assert!(error.http_status() == 400 && error.message().contains("no room"));
    }

    #[test]
    fn f07b_a_missing_image_says_how_to_get_it() {
        let error = told(docker::Error::NoImage("There is no image `x`: `docker pull x`.".into()));
        assert!(error.http_status() == 400 && error.message().contains("docker pull x"));
    }
}
