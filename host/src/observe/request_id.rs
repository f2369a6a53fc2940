//! The id of a request: in its answer, on each line of the log, and in what a client is told about a failure.

use http::{HeaderMap, HeaderName};
use std::sync::Arc;

/// Where it stands.
pub const HEADER: HeaderName = HeaderName::from_static("x-request-id");

/// The longest id that is taken over from a client.
const LONGEST: usize = 128;

/// The client's own id where it is a sane one, else a new one.
pub fn of(headers: &HeaderMap) -> Arc<str> {
    match headers.get(HEADER).and_then(|value| value.to_str().ok()).filter(|id| is_sane(id)) {
        Some(id) => id.into(),
        None => fresh(),
    }
}

/// A new id; ids order by time.
pub fn fresh() -> Arc<str> {
    let mut buffer = uuid::Uuid::encode_buffer();
    Arc::from(&*uuid::Uuid::now_v7().simple().encode_lower(&mut buffer))
}

fn is_sane(id: &str) -> bool {
    let fine = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.:/+=".contains(&byte);
    !id.is_empty() && id.len() <= LONGEST && id.bytes().all(fine)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_sane_id_is_taken_over() {
        let id = |value: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(HEADER, value.parse().expect("a header"));
            of(&headers).to_string()
        };
        assert_eq!(id("trace-1/2"), "trace-1/2");
        for bad in ["", "a b", "<script>", &"x".repeat(129)] {
            assert_ne!(id(bad), bad);
        }
        assert_ne!(fresh(), fresh());
    }
}
