//! Refusals that several resources share.

use fogbank_sdk::{Code, Error, Result};

/// How long what was deleted can come back, in milliseconds: thirty days.
pub const RETENTION_MS: i64 = 30 * 86_400_000;

/// 400 `FAILED_PRECONDITION`: the state of what exists is in the way.
pub fn precondition(message: impl Into<String>) -> Error {
    Error::new(Code::FailedPrecondition, "failedPrecondition", message)
}

/// Refuses a change made against another state than the stored one: `sent` is what the client read before.
///
/// Errors: 409 `ABORTED` (AIP-154).
pub fn check_etag(sent: Option<&str>, current: &str) -> Result<()> {
    match sent {
        Some(sent) if !sent.is_empty() && standard(sent) != standard(current) => Err(Error::conflict(
            "aborted",
            "The etag is not that of the resource as it is now. Please read it again and retry the change.",
        )),
        _ => Ok(()),
    }
}

/// An etag in the usual alphabet of base64: some clients read etags as bytes and write them in that for URLs.
pub fn standard(etag: &str) -> String {
    etag.replace('-', "+").replace('_', "/")
}

/// Refuses a text that is longer than `most` bytes.
///
/// Errors: 400.
pub fn check_length(field: &str, text: &str, most: usize) -> Result<()> {
    match text.len() > most {
        true => Err(Error::invalid(format!(
            "Invalid value for {field}: it has {} bytes, and {most} are the most.",
            text.len()
        ))),
        false => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stale_etag_is_409_aborted_and_an_empty_one_is_none() {
        let error = check_etag(Some("a"), "b").unwrap_err();
        assert_eq!((error.http_status(), error.code().status()), (409, "ABORTED"));
        assert!(
            check_etag(Some(""), "b").is_ok() && check_etag(None, "b").is_ok() && check_etag(Some("b"), "b").is_ok()
        );
    }

    #[test]
    fn an_etag_is_the_same_in_either_alphabet() {
        assert!(check_etag(Some("tgQgDg6-qo_="), "tgQgDg6+qo/=").is_ok());
    }
}
