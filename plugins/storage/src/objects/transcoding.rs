//! Decompressive transcoding: content that was stored with `contentEncoding: gzip` is unpacked for a client that does
//! not take gzip, unless `Cache-Control: no-transform` is set on the object.
//!
//! <https://cloud.google.com/storage/docs/transcoding>

/// Whether a download is unpacked on its way out. Its length and checksums are then unknown, and ranges do not apply.
pub fn unpacks(content_encoding: Option<&str>, cache_control: Option<&str>, accept_encoding: Option<&str>) -> bool {
    content_encoding.is_some_and(|encoding| encoding.trim().eq_ignore_ascii_case("gzip"))
        && !cache_control.is_some_and(forbids)
        && !accept_encoding.is_some_and(takes_gzip)
}

fn forbids(cache_control: &str) -> bool {
    cache_control.split(',').any(|directive| directive.trim().eq_ignore_ascii_case("no-transform"))
}

/// Whether `Accept-Encoding` has gzip with a weight other than zero (RFC 9110, section 12.5.3).
fn takes_gzip(accept_encoding: &str) -> bool {
    accept_encoding.split(',').any(|coding| {
        let mut parts = coding.split(';').map(str::trim);
        let name = parts.next().unwrap_or_default();
        let refused = parts.any(|parameter| {
            parameter.strip_prefix("q=").is_some_and(|q| q.trim().parse::<f32>().is_ok_and(|q| q == 0.0))
        });
        !refused && (name.eq_ignore_ascii_case("gzip") || name.eq_ignore_ascii_case("x-gzip"))
    })
}

#[cfg(test)]
mod tests {
    use super::unpacks;

    #[test]
    fn f01_gzip_is_unpacked_only_for_clients_that_do_not_take_it() {
        assert!(unpacks(Some("gzip"), None, None));
        assert!(unpacks(Some("gzip"), None, Some("identity")));
        assert!(unpacks(Some("gzip"), None, Some("br, gzip;q=0")));
        assert!(unpacks(Some("GZIP"), Some("public, max-age=60"), Some("*")));
        assert!(!unpacks(Some("gzip"), None, Some("gzip")));
        assert!(!unpacks(Some("gzip"), None, Some("deflate, gzip;q=0.5")));
        assert!(!unpacks(Some("gzip"), Some("public, no-transform"), None));
        assert!(!unpacks(None, None, None));
        assert!(!unpacks(Some("br"), None, None));
    }
}
