//! With which keys tokens and signatures are verified: of ID tokens, and of service accounts.

use super::assertion;
use crate::accounts::{self, Account};
use crate::crypto::rsa::PublicKey;
use crate::keys;
use crate::tokens::{id_token, signing_key};
use fogbank_sdk::{Error, Request, Response, Result};
use serde_json::{Map, Value, json};

/// How long clients may keep what they read here, in seconds: a key is published for longer before it signs no more.
const KEPT: &str = "public, max-age=300";

/// `/oauth2/v3/certs`: the keys of ID tokens as a JSON Web Key Set (RFC 7517).
pub fn jwks(_request: Request) -> Result<Response> {
    let keys = signing_key::published()?;
    let keys: Vec<Value> = keys.iter().map(|key| jwk(&key.id, &key.private.public())).collect();
    Ok(shown(&json!({ "keys": keys })))
}

/// `/oauth2/v1/certs`: the keys of ID tokens as X.509 certificates by their ids.
pub fn pem_certificates(_request: Request) -> Result<Response> {
    let keys = signing_key::published()?;
    let certificates: Map<String, Value> = keys.into_iter().map(|key| (key.id, json!(key.certificate))).collect();
    Ok(shown(&certificates))
}

/// `/robot/v1/metadata/x509/EMAIL`: an account's keys as X.509 certificates by their ids.
pub fn x509_of_account(request: Request) -> Result<Response> {
    let keys = keys::all_public(&account(&request)?)?;
    let certificates: Map<String, Value> = keys.into_iter().map(|key| (key.id, json!(key.certificate))).collect();
    Ok(shown(&certificates))
}

/// `/service_accounts/v1/jwk/EMAIL`: an account's keys as a JSON Web Key Set.
pub fn jwk_of_account(request: Request) -> Result<Response> {
    let keys = keys::all_public(&account(&request)?)?;
    let keys = keys.iter().map(|key| Ok(jwk(&key.id, &PublicKey::from_spki_der(&key.public_key)?)));
    Ok(shown(&json!({ "keys": keys.collect::<Result<Vec<_>>>()? })))
}

/// `/.well-known/openid-configuration` (OpenID Connect Discovery section 3).
pub fn openid_configuration(request: Request) -> Result<Response> {
    let base = request.base_url();
    Ok(shown(&json!({
        "issuer": id_token::ISSUER,
        "token_endpoint": format!("{base}/token"),
        "userinfo_endpoint": format!("{base}/oauth2/v3/userinfo"),
        "revocation_endpoint": format!("{base}/revoke"),
        "jwks_uri": format!("{base}/oauth2/v3/certs"),
        "response_types_supported": ["id_token"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "scopes_supported": ["openid", "email", "profile"],
        "token_endpoint_auth_methods_supported": ["client_secret_post", "client_secret_basic"],
        "claims_supported": ["aud", "email", "email_verified", "exp", "iat", "iss", "sub"],
        "grant_types_supported": ["refresh_token", assertion::GRANT_TYPE],
    })))
}

fn account(request: &Request) -> Result<Account> {
    let name = request.param("account");
    let found = if name.contains('@') { accounts::by_email(name)? } else { accounts::by_unique_id(name)? };
    found.ok_or_else(|| Error::not_found(format!("There is no service account {name}.")))
}

fn jwk(id: &str, key: &PublicKey) -> Value {
    let (n, e) = key.to_jwk();
    json!({"kty": "RSA", "alg": "RS256", "use": "sig", "kid": id, "n": n, "e": e})
}

fn shown(body: &(impl serde::Serialize + ?Sized)) -> Response {
    Response::json(body).header("cache-control", KEPT)
}
