//! Secrets in bodies: never kept and never shown, but for what tells one from another.

use fogbank_sdk::encoding;
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

/// What stands in the place of a secret that clients expect to read.
const HIDDEN: &str = "*************";

/// Takes secrets out of a document, however deep they stand, and puts the digests in their place that the API has for them: SHA-256,
/// in base64 for keys and in hexadecimal for a client's secret.
pub fn hide(document: &mut Map<String, Value>) {
    document.remove("privateKey");
    for (secret, digest) in [("rawKey", "sha256"), ("oauth2ClientSecret", "oauth2ClientSecretSha256")] {
        if let Some(Value::String(text)) = document.remove(secret) {
            document.insert(digest.to_owned(), digest_of(secret, &text).into());
        }
    }
    if let Some(Value::String(text)) = document.get("sharedSecret") {
        let digest = digest_of("rawKey", text);
        document.insert("sharedSecretHash".to_owned(), digest.into());
        document.insert("sharedSecret".to_owned(), HIDDEN.into());
    }
    document.values_mut().for_each(hide_in);
}

fn hide_in(value: &mut Value) {
    match value {
        Value::Object(fields) => hide(fields),
        Value::Array(items) => items.iter_mut().for_each(hide_in),
        _ => {}
    }
}

fn digest_of(kind: &str, text: &str) -> String {
    match kind {
        "rawKey" => {
            let key = encoding::from_b64(text).unwrap_or_else(|_| text.as_bytes().to_vec());
            encoding::b64(Sha256::digest(&key))
        }
        _ => encoding::hex(&Sha256::digest(text.as_bytes())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn secrets_leave_only_their_digests() {
        let mut body = json!({"sharedSecret": "s3cret", "disks": [{"diskEncryptionKey": {"rawKey": "c2VjcmV0"}}],
            "iap": {"oauth2ClientSecret": "s3cret"}, "privateKey": "s3cret"});
        hide(body.as_object_mut().unwrap());
        let text = body.to_string();
        assert!(!text.contains("s3cret") && !text.contains("c2VjcmV0"), "{text}");
        assert_eq!(body["sharedSecret"], HIDDEN);
        assert_eq!(body["disks"][0]["diskEncryptionKey"]["sha256"], "K7gNU3sdo+OL0wNhqoVWhr3g6s1xYv72ol/pe/Unols=");
        assert_eq!(body["iap"]["oauth2ClientSecretSha256"].as_str().unwrap().len(), 64);
    }
}
