//! Requests signed by Google's client library for Python and by botocore on 2026-11-21 at 11:00:00 UTC, with names and secrets that
//! exist only here.

use super::signer::{Algorithm, is_sha1, sign};
use super::{v2, v4};
use fogbank_sdk::encoding::hex;
use fogbank_sdk::{RequestHead, Timestamp};

const SECRET: &str = "c2VjcmV0LW9ubHktZm9yLXRoaXMtdGVzdA==";
const RSA: &str = "X-Goog-Algorithm=GOOG4-RSA-SHA256&X-Goog-Credential=sa1%40demo-project.iam.gserviceaccount.com%2F20261121%2F\
                   auto%2Fstorage%2Fgoog4_request&X-Goog-Date=20261121T110000Z&X-Goog-Expires=3600&X-Goog-SignedHeaders=";
const ACCOUNT: &str = "Expires=1795262400&GoogleAccessId=sa1%40demo-project.iam.gserviceaccount.com&Signature=AAAA";

fn head(method: &str, target: &str, headers: &[(&str, &str)]) -> RequestHead {
    let head = RequestHead::new("storage.xml.object.get", method, target).unwrap();
    let head = head.with_header("host", "127.0.0.1:8080");
    headers.iter().fold(head, |head, (name, value)| head.with_header(name, value))
}

fn hashes(method: &str, target: &str, headers: &[(&str, &str)]) -> Vec<String> {
    let head = head(method, target, headers);
    let candidates = v4::Signed::of(&head).unwrap().unwrap().candidates(&head).unwrap();
    let start = "GOOG4-RSA-SHA256\n20261121T110000Z\n20261121/auto/storage/goog4_request\n";
    candidates.into_iter().map(|(text, _)| text.strip_prefix(start).unwrap().to_owned()).collect()
}

#[test]
fn what_googles_library_signs_is_what_is_verified() {
    type Case<'a> = (&'a str, &'a str, &'a str, &'a [(&'a str, &'a str)], &'a str);
    let cases: [Case; 5] = [
        (
            "GET",
            "/b-1/a%20b/%C3%A9~%2B.txt",
            "host",
            &[],
            "9c24bbcb2a195195e1d2ed61efeb77cecb83c99e63d545ecaf57185d4249b1e2",
        ),
        (
            "PUT",
            "/b-1/x",
            "content-type%3Bhost%3Bx-goog-meta-a",
            &[("content-type", "text/plain"), ("x-goog-meta-a", "one two")],
            "369b3abc1bebf2827f7664cbce799daaca376ce5aa55af1c95e36e2faab055d2",
        ),
        (
            "GET",
            "/b-1/x",
            "host&generation=7&response-content-disposition=attachment%3B%20filename%3Da%20b.txt&response-content-type=text%2Fhtml",
            &[],
            "d7459937b07f9dd4de34ede23dd5e06ed0bace616850bdef429e175ba4003a6f",
        ),
        (
            "POST",
            "/b-1/x",
            "host%3Bx-goog-resumable",
            &[("x-goog-resumable", "start")],
            "2c7d2cd0931c1a4699df96766f00907d72a780d3607bb8b7daab37bc39b54797",
        ),
        (
            "GET",
            "/b-1/x",
            "host&a-b=1&a=x%20y%2Bz&versions=",
            &[],
            "a1bd91d7d27813070da13ed88de568fb88239965fa97ee2b8d837b0c0ccd2f79",
        ),
    ];
    for (method, path, more, headers, hash) in cases {
        let target = |method: &str, path: &str, more: &str| {
            hashes(method, &format!("{path}?{RSA}{more}&X-Goog-Signature=00"), headers)
        };
        assert!(target(method, path, more).contains(&hash.to_owned()), "{method} {path} {more}");
        assert!(!target("DELETE", path, more).contains(&hash.to_owned()), "another method");
        assert!(!target(method, "/b-1/other", more).contains(&hash.to_owned()), "another path");
        assert!(!target(method, path, &format!("{more}&acl")).contains(&hash.to_owned()), "another query");
    }
}

#[test]
fn f26_a_header_that_nobody_signed_is_refused() {
    let target = format!("/b-1/x?{RSA}host&X-Goog-Signature=00");
    let verify = |headers: &[(&str, &str)]| {
        let head = head("PUT", &target, headers);
        let signed = v4::Signed::of(&head).unwrap().unwrap();
        signed.require_covered(&head).map_err(|error| (error.http_status(), error.reason().to_owned()))
    };
    assert_eq!(verify(&[("content-type", "text/plain"), ("x-goog-api-client", "gl-python")]), Ok(()));
    for name in ["x-goog-acl", "x-goog-meta-a", "x-amz-acl", "x-goog-copy-source"] {
        assert_eq!(verify(&[(name, "public-read")]), Err((403, "malformedSecurityHeader".to_owned())), "{name}");
    }
}

#[test]
fn f27_a_signature_has_its_time() {
    let current = |date: &str, expires: &str, now: &str| {
        let day = &date[..8];
        let target = format!(
            "/b-1/x?X-Goog-Algorithm=GOOG4-HMAC-SHA256&X-Goog-Credential=GOOG1E/{day}/auto/storage/goog4_request&\
             X-Goog-Date={date}&X-Goog-Expires={expires}&X-Goog-SignedHeaders=host&X-Goog-Signature=00"
        );
        let signed = v4::Signed::of(&head("GET", &target, &[])).unwrap();
        let now = Timestamp::parse(now).unwrap();
        signed.and_then(|signed| signed.require_current(now)).map_err(|error| error.reason().to_owned())
    };
    assert_eq!(current("20261121T110000Z", "60", "2026-11-21T11:00:59Z"), Ok(()));
    assert_eq!(current("20261121T110000Z", "60", "2026-11-21T11:01:00Z"), Err("expiredToken".to_owned()));
    assert_eq!(current("20261121T110000Z", "60", "2026-11-21T10:45:00Z"), Ok(()));
    assert_eq!(current("20261121T110000Z", "60", "2026-11-21T10:44:59Z"), Err("requestTimeTooSkewed".to_owned()));
    assert_eq!(current("20261121T110000Z", "604800", "2026-11-28T10:59:59Z"), Ok(()));
    for (date, expires) in [
        ("20261121T110000Z", "604801"),
        ("20261121T110000Z", "0"),
        ("20261121T110000Z", "x"),
        ("20261121x110000Z", "1"),
    ] {
        let refused = current(date, expires, "2026-11-21T11:00:00Z");
        assert_eq!(refused, Err("authorizationQueryParametersError".to_owned()), "{date} {expires}");
    }
}

#[test]
fn the_day_of_the_credential_is_that_of_the_request() {
    let target = format!("/b-1/x?{RSA}host&X-Goog-Signature=00").replace("%2F20261121%2F", "%2F20261120%2F");
    let signed = v4::Signed::of(&head("GET", &target, &[])).unwrap().unwrap();
    let now = Timestamp::parse("2026-11-21T11:00:00Z").unwrap();
    assert_eq!(signed.require_current(now).unwrap_err().http_status(), 403);
}

#[test]
fn what_botocore_signs_in_the_query_is_what_is_verified() {
    let target = "/b-1/a%20b/c.txt?versionId=1&list-type=2&X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=GOOG1ETESTACCESSID\
                  %2F20261121%2Fauto%2Fs3%2Faws4_request&X-Amz-Date=20261121T110000Z&X-Amz-Expires=600&X-Amz-SignedHeaders=host\
                  &X-Amz-Signature=dd09bf34df083257ff2780a6e307b468bb83a8dd4e2e5a9ec3ac2cc4b80c02dc";
    let head = head("GET", target, &[]);
    let signed = v4::Signed::of(&head).unwrap().unwrap();
    assert_eq!((signed.algorithm, signed.expires), (Algorithm::Amazon, Some(600)));
    assert!(is_signed(&signed, &head, SECRET));
    assert!(!is_signed(&signed, &head, "another secret"));
}

#[test]
fn what_botocore_signs_in_the_header_is_what_is_verified() {
    let authorization = "AWS4-HMAC-SHA256 Credential=GOOG1ETESTACCESSID/20261121/auto/s3/aws4_request, SignedHeaders=content-type;\
                         host;x-amz-content-sha256;x-amz-date;x-amz-meta-a, \
                         Signature=4160134d5c4311551102172cd16467477bc1684ab3a6f54efae9c901153912b1";
    let hash = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824";
    let headers = [
        ("content-type", "text/plain"),
        ("x-amz-meta-a", "1"),
        ("x-amz-date", "20261121T110000Z"),
        ("x-amz-content-sha256", hash),
        ("authorization", authorization),
    ];
    let request = head("PUT", "/b-1/a%20b/c.txt", &headers);
    let signed = v4::Signed::of(&request).unwrap().unwrap();
    assert!(signed.require_covered(&request).is_ok() && is_signed(&signed, &request, SECRET));
    assert!(v4::require_payload(&request, Some(b"hello")).is_ok());
    assert_eq!(v4::require_payload(&request, Some(b"jello")).unwrap_err().http_status(), 403);
    let other = head("PUT", "/b-1/a%20b/c.txt", &[&headers[..1], &[("x-amz-meta-a", "2")], &headers[2..]].concat());
    assert!(!is_signed(&signed, &other, SECRET));
}

fn is_signed(signed: &v4::Signed, request: &RequestHead, secret: &str) -> bool {
    let candidates = signed.candidates(request).unwrap();
    let signature = hex(&signed.signature);
    candidates.iter().any(|(text, _)| sign(secret, signed.algorithm, &signed.credential, text) == signature)
}

#[test]
fn version_2_of_googles_library_is_verified() {
    type Case<'a> = (&'a str, &'a str, &'a str, &'a [(&'a str, &'a str)], &'a str);
    let cases: [Case; 4] = [
        ("GET", "/b-1/a%20b/%C3%A9~%2B.txt", "", &[], "GET\n\n\n1795262400\n/b-1/a%20b/%C3%A9~%2B.txt"),
        (
            "PUT",
            "/b-1/x",
            "",
            &[("content-md5", "abc"), ("content-type", "text/plain"), ("x-goog-meta-a", " one  two ")],
            "PUT\nabc\ntext/plain\n1795262400\nx-goog-meta-a:one two\n/b-1/x",
        ),
        ("GET", "/b-1/x", "&acl=", &[], "GET\n\n\n1795262400\n/b-1/x?acl="),
        (
            "GET",
            "/b-1/x",
            "&prefix=a+b%2Fc&response-content-type=text%2Fhtml",
            &[],
            "GET\n\n\n1795262400\n/b-1/x?prefix=a+b%2Fc",
        ),
    ];
    for (method, path, more, headers, text) in cases {
        let head = head(method, &format!("{path}?{ACCOUNT}{more}"), headers);
        let candidates = v2::Signed::of(&head).unwrap().unwrap().candidates(&head);
        assert!(candidates.iter().any(|(candidate, _)| candidate == text), "{candidates:?}");
    }
}

#[test]
fn f26_a_part_of_an_object_is_never_unsigned() {
    let head = head("GET", &format!("/b-1/x?{ACCOUNT}&acl"), &[]);
    let candidates = v2::Signed::of(&head).unwrap().unwrap().candidates(&head);
    assert!(candidates.iter().all(|(text, _)| text.contains("?acl")), "{candidates:?}");
}

#[test]
fn a_hosted_bucket_is_a_part_of_the_path_in_version_2() {
    let head = RequestHead::new("storage.xml.hosted.object.get", "GET", &format!("/x/y?{ACCOUNT}")).unwrap();
    let head = head.with_param("bucket", "b-1");
    let candidates = v2::Signed::of(&head).unwrap().unwrap().candidates(&head);
    assert_eq!(candidates[0].0, "GET\n\n\n1795262400\n/b-1/x/y");
}

#[test]
fn version_2_in_the_header_is_verified_by_its_secret() {
    let headers = [
        ("date", "Sat, 21 Nov 2026 11:58:47 GMT"),
        ("authorization", "AWS GOOG1ETESTACCESSID:sgI8xZLIJZo51k7DTglpL0Wbsv4="),
    ];
    let head = head("GET", "/b-1/c.txt?acl", &headers);
    let signed = v2::Signed::of(&head).unwrap().unwrap();
    assert_eq!((signed.signer.as_str(), &signed.expires), ("GOOG1ETESTACCESSID", &None));
    let candidates = signed.candidates(&head);
    assert!(candidates.iter().any(|(text, _)| is_sha1(SECRET, text.as_bytes(), &signed.signature)), "{candidates:?}");
    assert!(!candidates.iter().any(|(text, _)| is_sha1("another", text.as_bytes(), &signed.signature)));
}

#[test]
fn f35_what_is_no_signature_is_403() {
    for query in ["X-Goog-Signature=00", "X-Goog-Algorithm=GOOG4-RSA-SHA256", "X-Amz-Signature=zz"] {
        let signed = v4::Signed::of(&head("GET", &format!("/b/o?{query}"), &[])).unwrap();
        assert_eq!(signed.unwrap_err().http_status(), 403, "{query}");
    }
    for query in ["Signature=AAAA", "Signature=%3F&GoogleAccessId=a&Expires=1"] {
        let signed = v2::Signed::of(&head("GET", &format!("/b/o?{query}"), &[])).unwrap();
        assert_eq!(signed.unwrap_err().http_status(), 403, "{query}");
    }
    let bearer = head("GET", "/b/o", &[("authorization", "Bearer x")]);
    assert!(v4::Signed::of(&bearer).is_none() && v2::Signed::of(&bearer).is_none());
}
