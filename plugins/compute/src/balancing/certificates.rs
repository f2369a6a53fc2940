//! SSL certificates. <https://cloud.google.com/compute/docs/reference/rest/v1/sslCertificates>

use compute_api::call::Call;
use compute_api::change::{self, done};
use compute_api::failure;
use fogbank_sdk::{Code, Error, Reply, Request, Result, Timestamp};
use serde_json::{Map, Value, json};
use x509_cert::Certificate;
use x509_cert::der::{Decode, pem};

/// `POST .../sslCertificates`: a certificate of one's own, or domains for which the real service would get one.
///
/// Errors: 400 for what is no certificate in PEM, 409.
pub fn insert(mut request: Request) -> Result<Reply> {
    let call = Call::of(&request)?;
    let mut body = call.body(&mut request)?;
    match body.get("managed").and_then(|managed| managed["domains"].as_array()).cloned() {
        Some(domains) => managed(&mut body, &domains),
        None => own(&mut body)?,
    }
    change::insert(&call, body, done)
}

/// Nobody proves that a domain is the owner's, so such a certificate never becomes active.
fn managed(body: &mut Map<String, Value>, domains: &[Value]) {
    body.insert("type".into(), json!("MANAGED"));
    let states: Map<String, Value> =
        domains.iter().filter_map(|domain| Some((domain.as_str()?.to_owned(), json!("PROVISIONING")))).collect();
    body["managed"]["status"] = json!("PROVISIONING");
    body["managed"]["domainStatus"] = Value::Object(states);
}

fn own(body: &mut Map<String, Value>) -> Result<()> {
    let pem = body.get("certificate").or_else(|| body.get("selfManaged").and_then(|own| own.get("certificate")));
    let pem = pem.and_then(Value::as_str).ok_or_else(|| failure::required("resource.certificate"))?.to_owned();
    let certificate = first(&pem).ok_or_else(|| {
        let message = "The SSL certificate could not be parsed.";
        Error::new(Code::InvalidArgument, "sslCertificateCouldNotParseCert", message)
    })?;
    let ends = certificate.tbs_certificate().validity().not_after.to_unix_duration().as_millis();
    let ends = Timestamp::from_millis(i64::try_from(ends).unwrap_or(i64::MAX));
    body.insert("type".into(), json!("SELF_MANAGED"));
    body.insert("certificate".into(), json!(pem));
    body.insert("selfManaged".into(), json!({ "certificate": pem }));
    body.insert("expireTime".into(), json!(ends.to_rfc3339_with_offset()));
    Ok(())
}

/// The first of a chain.
fn first(text: &str) -> Option<Certificate> {
    const END: &str = "-----END CERTIFICATE-----";
    let begin = text.find("-----BEGIN CERTIFICATE-----")?;
    let end = begin + text[begin..].find(END)? + END.len();
    let (_, der) = pem::decode_vec(text.as_bytes().get(begin..end)?).ok()?;
    Certificate::from_der(&der).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Made for this test: `CN=example.com`, to 2036-11-18T18:48:38Z.
    const PEM: &str = include_str!("example.pem");

    #[test]
    fn a_certificate_says_when_it_ends() {
        let mut body = json!({ "certificate": PEM }).as_object().cloned().unwrap();
        own(&mut body).unwrap();
        assert_eq!(body["type"], "SELF_MANAGED");
        assert_eq!(body["expireTime"], "2036-11-18T18:48:38.000+00:00");
        assert_eq!(first(PEM).unwrap().tbs_certificate().subject().to_string(), "CN=example.com");
    }

    #[test]
    fn what_is_none_is_refused() {
        for text in ["no certificate", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----"] {
            let mut body = json!({ "certificate": text }).as_object().cloned().unwrap();
            assert_eq!(own(&mut body).unwrap_err().reason(), "sslCertificateCouldNotParseCert");
        }
    }
}
