//! `iam.projects.serviceAccounts.keys.create`.

use super::{Key, Kind, check_room, file};
use crate::accounts::{self, Account};
use crate::crypto::rsa::{self, PrivateKey};
use fogbank_sdk::{Error, Request, Response, Result, Timestamp, context, db, encoding, id, identity};
use serde::Deserialize;
use serde_json::json;

/// The end of 9999: a key file works until somebody deletes or disables its key.
const NEVER_MS: i64 = 253_402_300_799_000;

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Sent {
    private_key_type: String,
    key_algorithm: String,
}

/// Makes a key and gives its file, once.
pub fn create(mut request: Request) -> Result<Response> {
    let sent: Sent = request.json()?;
    check(&sent)?;
    let account = accounts::of(&request)?;
    let private = rsa::generate()?;
    let key = pair(&account, &private, Kind::User, Timestamp::from_millis(NEVER_MS))?;
    db::transaction(|tx| {
        check_room(tx, &account)?;
        key.insert(tx, &account, None)
    })?;
    identity::changed();
    let file = file::contents(&account, &key.id, &private.to_pkcs8_pem()?, &request.base_url());
    let mut answer = key.wire(&account);
    answer["privateKeyType"] = json!("TYPE_GOOGLE_CREDENTIALS_FILE");
    answer["privateKeyData"] = json!(encoding::b64(file));
    Ok(Response::json(&answer))
}

fn check(sent: &Sent) -> Result<()> {
    match sent.private_key_type.as_str() {
        "" | "TYPE_UNSPECIFIED" | "TYPE_GOOGLE_CREDENTIALS_FILE" => {}
        "TYPE_PKCS12_FILE" => return Err(Error::unimplemented("privateKeyType TYPE_PKCS12_FILE")),
        other => return Err(Error::invalid(format!("Invalid value for privateKeyType: '{other}'"))),
    }
    match sent.key_algorithm.as_str() {
        "" | "KEY_ALG_UNSPECIFIED" | "KEY_ALG_RSA_2048" => Ok(()),
        "KEY_ALG_RSA_1024" => Err(Error::unimplemented("keyAlgorithm KEY_ALG_RSA_1024")),
        other => Err(Error::invalid(format!("Invalid value for keyAlgorithm: '{other}'"))),
    }
}

/// The public half of a fresh key, with a certificate that names the account.
pub(super) fn pair(account: &Account, private: &PrivateKey, kind: Kind, until: Timestamp) -> Result<Key> {
    let now = context::now();
    Ok(Key {
        id: encoding::hex(&id::random::<20>()?),
        kind,
        origin: "GOOGLE_PROVIDED".to_owned(),
        algorithm: "KEY_ALG_RSA_2048".to_owned(),
        public_key: private.public_spki_der()?,
        certificate: private.self_signed_certificate_pem(&account.unique_id, now, until)?,
        // A token that was signed in the second in which its key was made may say the second's beginning.
        valid_after: Timestamp::from_millis(now.seconds() * 1000),
        valid_before: until,
        disabled: false,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_made_is_said() {
        let sent = |kind: &str, algorithm: &str| {
            check(&Sent { private_key_type: kind.into(), key_algorithm: algorithm.into() })
        };
        assert!(sent("", "").is_ok() && sent("TYPE_GOOGLE_CREDENTIALS_FILE", "KEY_ALG_RSA_2048").is_ok());
        assert_eq!(sent("TYPE_PKCS12_FILE", "").unwrap_err().code().status(), "UNIMPLEMENTED");
        assert_eq!(sent("", "KEY_ALG_DSA").unwrap_err().code().status(), "INVALID_ARGUMENT");
    }

    #[test]
    fn never_is_the_last_second_of_9999() {
        assert_eq!(crate::wire::seconds(Timestamp::from_millis(NEVER_MS)), "9999-12-31T23:59:59Z");
    }
}
