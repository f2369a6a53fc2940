//! The word of an identity provider for an access token of `principal://.../workloadIdentityPools/P/subject/S`. Providers are taken at
//! their word with keys that were uploaded: nobody is asked over the network.

use super::ACCESS_TOKEN;
use super::mapping::{self, Mapped};
use crate::authority::access_token::{Grant, LIFETIME};
use crate::authority::self_signed::SKEW;
use crate::crypto::jwt::Token;
use crate::crypto::rsa::PublicKey;
use crate::oauth::{Failure, Form, Outcome};
use crate::pools::{self, Provider};
use crate::tokens::member;
use fogbank_sdk::context;
use serde_json::{Value, json};

/// Exchanges a token of an OpenID Connect provider.
pub fn exchange(form: &Form, subject: &str) -> Outcome<Value> {
    let audience = form.required(&["audience"])?;
    let provider = pools::provider(audience)?;
    let provider = provider.ok_or_else(|| {
        Failure::InvalidRequest(
            "Invalid value for \"audience\". This value should be the full resource name of the Identity Provider."
                .into(),
        )
    })?;
    let token = Token::read(subject).map_err(|why| invalid(&format!("{why}.")))?;
    verify(&token, &provider)?;
    let mapped = mapping::map(&provider.config, &token.claims).map_err(Failure::UnauthorizedClient)?;
    let scope = form.get(&["scope"]).unwrap_or_default();
    let issued = member::access_token(&grant(&provider, mapped, scope))?;
    Ok(json!({
        "access_token": issued.token,
        "issued_token_type": ACCESS_TOKEN,
        "token_type": "Bearer",
        "expires_in": LIFETIME,
    }))
}

fn grant(provider: &Provider, mapped: Mapped, scope: &str) -> Grant {
    let Provider { project, number, pool, .. } = provider;
    Grant {
        member: format!(
            "principal://iam.googleapis.com/projects/{number}/locations/global/workloadIdentityPools/{pool}/subject/{}",
            mapped.subject
        ),
        account: None,
        project: Some(project.clone()),
        scope: scope.to_owned(),
        lifetime: LIFETIME,
        boundary: None,
        groups: mapped.groups,
        attributes: mapped.attributes,
    }
}

fn invalid(why: &str) -> Failure {
    Failure::InvalidGrant(format!("The subject token is not accepted: {why}"))
}

/// Refuses unless the provider signed the token, for this pool, and for now.
fn verify(token: &Token, provider: &Provider) -> Outcome<()> {
    let oidc = provider.config.get("oidc").and_then(Value::as_object);
    let oidc = oidc.ok_or_else(|| invalid("the provider is not one of OpenID Connect, and no other kind is built."))?;
    let text = |name: &str| oidc.get(name).and_then(Value::as_str).unwrap_or_default();
    if token.text("iss") != Some(text("issuerUri")) {
        return Err(invalid("its issuer (iss) is not that of the provider."));
    }
    check_audience(token, provider, oidc.get("allowedAudiences"))?;
    check_signature(token, text("jwksJson"))?;
    let now = context::now();
    match (token.moment("exp"), token.moment("iat")) {
        (Some(expires), _) if expires <= now => Err(invalid(&format!("it expired at {expires}."))),
        (_, Some(issued)) if issued.since(now) > SKEW => Err(invalid("it is not valid yet (iat).")),
        (Some(_), Some(_)) => Ok(()),
        _ => Err(invalid("it lacks exp or iat.")),
    }
}

/// The audiences that the provider allows; where it names none, the provider's own name.
fn check_audience(token: &Token, provider: &Provider, allowed: Option<&Value>) -> Outcome<()> {
    let allowed: Vec<&str> =
        allowed.and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).collect();
    let fits = |audience: &&str| match allowed.is_empty() {
        false => allowed.contains(audience),
        true => names(audience, provider),
    };
    if token.audiences().iter().any(fits) {
        return Ok(());
    }
    Err(invalid("its audience (aud) is neither allowed by the provider nor the provider's name."))
}

fn names(audience: &str, provider: &Provider) -> bool {
    let Provider { project, number, pool, id, .. } = provider;
    let tail = format!("locations/global/workloadIdentityPools/{pool}/providers/{id}");
    let bare = audience.strip_prefix("https:").unwrap_or(audience);
    [project, number].iter().any(|project| bare == format!("//iam.googleapis.com/projects/{project}/{tail}"))
}

/// The keys are those that the provider was given: a JSON Web Key Set.
fn check_signature(token: &Token, jwks: &str) -> Outcome<()> {
    let set: Value = serde_json::from_str(jwks).map_err(|_| {
        invalid(
            "the provider has no keys (oidc.jwksJson): upload them, since its issuer is not asked over the network.",
        )
    })?;
    if token.algorithm() != "RS256" {
        return Err(invalid("it is not signed with RS256."));
    }
    let keys = set["keys"].as_array().into_iter().flatten().filter(|key| {
        key["kty"] == "RSA" && token.key_id().is_none_or(|id| key["kid"].as_str().is_none_or(|own| own == id))
    });
    let text = |key: &Value, name: &str| key[name].as_str().unwrap_or_default().to_owned();
    let mut keys = keys.filter_map(|key| PublicKey::from_jwk(&text(key, "n"), &text(key, "e")).ok());
    if keys.any(|key| token.is_rs256_by(&key)) {
        return Ok(());
    }
    Err(invalid("its signature is that of no key of the provider."))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::jwt;
    use crate::crypto::rsa::{PrivateKey, samples};

    fn provider(allowed: &[&str]) -> Provider {
        let (n, e) = samples::one().public().to_jwk();
        let jwks = json!({"keys": [{"kty": "EC", "kid": "e"}, {"kty": "RSA", "kid": "k", "n": n, "e": e}]}).to_string();
        let config =
            json!({"oidc": {"issuerUri": "https://issuer.test", "jwksJson": jwks, "allowedAudiences": allowed}});
        Provider {
            project: "demo".into(),
            number: "12".into(),
            pool: "p".into(),
            id: "x".into(),
            config: config.as_object().unwrap().clone(),
        }
    }

    fn outcome(provider: &Provider, key: &PrivateKey, change: impl Fn(&mut Value)) -> Result<(), String> {
        let now = context::now().seconds();
        let name = "https://iam.googleapis.com/projects/12/locations/global/workloadIdentityPools/p/providers/x";
        let mut claims = json!({"iss": "https://issuer.test", "sub": "s", "aud": name, "iat": now, "exp": now + 60});
        change(&mut claims);
        let token = Token::read(&jwt::sign_rs256(&claims, "k", key).unwrap()).unwrap();
        verify(&token, provider).map_err(|failure| format!("{failure:?}"))
    }

    #[test]
    fn a_providers_word_is_taken_for_its_pool() {
        let (key, plain) = (samples::one(), provider(&[]));
        assert_eq!(outcome(&plain, &key, |_| {}), Ok(()));
        let by_id = "//iam.googleapis.com/projects/demo/locations/global/workloadIdentityPools/p/providers/x";
        assert_eq!(outcome(&plain, &key, |claims| claims["aud"] = json!(by_id)), Ok(()));
        let named = provider(&["shop"]);
        assert_eq!(outcome(&named, &key, |claims| claims["aud"] = json!(["other", "shop"])), Ok(()));
        assert!(outcome(&named, &key, |_| {}).unwrap_err().contains("audience"));
    }

    #[test]
    fn f27_every_fault_is_told() {
        let (key, plain) = (samples::one(), provider(&[]));
        let now = context::now().seconds();
        let refused = |change: &dyn Fn(&mut Value)| outcome(&plain, &key, change).unwrap_err();
        assert!(refused(&|claims| claims["iss"] = json!("https://evil.test")).contains("issuer"));
        assert!(refused(&|claims| claims["aud"] = json!("other")).contains("audience"));
        assert!(refused(&|claims| claims["exp"] = json!(now - 1)).contains("expired"));
        assert!(refused(&|claims| claims["iat"] = json!(now + 900)).contains("not valid yet"));
        assert!(refused(&|claims| drop(claims.as_object_mut().unwrap().remove("exp"))).contains("lacks"));
        assert!(outcome(&plain, &samples::other(), |_| {}).unwrap_err().contains("signature"));
        let mut without = plain.clone();
        without.config["oidc"]["jwksJson"] = Value::Null;
        assert!(outcome(&without, &key, |_| {}).unwrap_err().contains("upload"));
        without.config.remove("oidc");
        assert!(outcome(&without, &key, |_| {}).unwrap_err().contains("OpenID Connect"));
    }

    #[test]
    fn a_federated_identity_is_named_by_the_projects_number() {
        let mapped = Mapped { subject: "s".into(), ..Mapped::default() };
        let name = "principal://iam.googleapis.com/projects/12/locations/global/workloadIdentityPools/p/subject/s";
        assert_eq!(grant(&provider(&[]), mapped, "a").member, name);
    }
}
