//! `iam.projects.serviceAccounts.keys.upload`: a client keeps its private key and sends the certificate.

use super::{Key, Kind, check_room};
use crate::accounts;
use crate::crypto::certificate;
use fogbank_sdk::{Error, Request, Response, Result, db, encoding, id, identity};
use serde::Deserialize;

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Sent {
    public_key_data: String,
}

/// Adds a key whose certificate the client brings.
///
/// Errors: 400 for what is no X.509 certificate of an RSA key of 1024 to 4096 bits.
pub fn upload(mut request: Request) -> Result<Response> {
    let sent: Sent = request.json()?;
    if sent.public_key_data.is_empty() {
        return Err(Error::required("publicKeyData"));
    }
    let account = accounts::of(&request)?;
    let key = key(&sent.public_key_data)?;
    db::transaction(|tx| {
        check_room(tx, &account)?;
        key.insert(tx, &account, None)
    })?;
    identity::changed();
    Ok(Response::json(&key.wire(&account)))
}

fn key(data: &str) -> Result<Key> {
    let text = encoding::from_b64(data).ok().and_then(|bytes| String::from_utf8(bytes).ok());
    let pem = text.ok_or_else(|| Error::invalid("Invalid value for publicKeyData: it is not base64 of PEM."))?;
    let certified = certificate::read(&pem)?;
    let bits = certified.key.bits();
    if !matches!(bits, 1024 | 2048 | 3072 | 4096) {
        return Err(Error::invalid(format!("Invalid value for publicKeyData: a key of {bits} bits is not taken.")));
    }
    Ok(Key {
        id: encoding::hex(&id::random::<20>()?),
        kind: Kind::User,
        origin: "USER_PROVIDED".to_owned(),
        algorithm: format!("KEY_ALG_RSA_{bits}"),
        public_key: certified.key.to_spki_der()?,
        certificate: pem.trim().to_owned() + "\n",
        valid_after: certified.not_before,
        valid_before: certified.not_after,
        disabled: false,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn f35_what_is_no_certificate_is_400() {
        for data in ["?", "aGVsbG8=", &encoding::b64([0xff, 0xfe])] {
            assert_eq!(key(data).unwrap_err().http_status(), 400, "{data}");
        }
    }
}
