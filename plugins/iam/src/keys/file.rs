//! The JSON file that clients sign in with. <https://cloud.google.com/iam/docs/keys-create-delete#creating>

use crate::accounts::Account;
use fogbank_sdk::query;
use serde_json::json;

/// What stands in the file. Tokens are asked for here and not at Google: `base` is where the client reached this service.
pub fn contents(account: &Account, key_id: &str, private_key: &str, base: &str) -> String {
    let file = json!({
        "type": "service_account",
        "project_id": account.project,
        "private_key_id": key_id,
        "private_key": private_key,
        "client_email": account.email,
        "client_id": account.unique_id,
        "auth_uri": format!("{base}/o/oauth2/auth"),
        "token_uri": format!("{base}/token"),
        "auth_provider_x509_cert_url": format!("{base}/oauth2/v1/certs"),
        "client_x509_cert_url": format!("{base}/robot/v1/metadata/x509/{}", query::encode(&account.email)),
        "universe_domain": "googleapis.com",
    });
    format!("{file:#}\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use fogbank_sdk::Timestamp;
    use serde_json::Value;

    #[test]
    fn a_file_has_what_clients_read() {
        let account = Account {
            unique_id: "123".into(),
            project: "demo".into(),
            email: "a@demo.iam.gserviceaccount.com".into(),
            display_name: String::new(),
            description: String::new(),
            disabled: false,
            revision: 1,
            created: Timestamp::from_millis(0),
            deleted: None,
        };
        let file: Value = serde_json::from_str(&contents(&account, "k1", "PEM", "http://h:1")).unwrap();
        assert_eq!(file["type"], "service_account");
        assert_eq!(file["token_uri"], "http://h:1/token");
        assert_eq!(file["client_x509_cert_url"], "http://h:1/robot/v1/metadata/x509/a%40demo.iam.gserviceaccount.com");
        assert_eq!((&file["private_key_id"], &file["client_id"]), (&Value::from("k1"), &Value::from("123")));
    }
}
