//! JSON Web Tokens (RFC 7519) in the compact form, signed with RS256 or HS256 (RFC 7518).
//!
//! Reading and verifying are two steps: who signed a token is told by what it says, so that it has to be read before it can be
//! verified. Nothing that it says counts until then.

use fogbank_sdk::encoding::{b64url, from_b64url};
use fogbank_sdk::{Result, Timestamp};
use serde_json::{Map, Value};

use super::hash;
use super::rsa::{PrivateKey, PublicKey};

/// The longest token that is read, in bytes.
const LONGEST: usize = 16 * 1024;

/// A token that was read and not verified.
#[derive(Debug, Clone, PartialEq)]
pub struct Token {
    /// The JOSE header.
    pub header: Map<String, Value>,
    /// The claims.
    pub claims: Map<String, Value>,
    signed: String,
    signature: Vec<u8>,
}

/// Why a text is no token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Malformed {
    /// Not three parts with dots between them, or far too long.
    Parts,
    /// The header is not base64url of a JSON object.
    Header,
    /// The claims are not base64url of a JSON object.
    Claims,
    /// The signature is not base64url.
    Signature,
}

impl std::fmt::Display for Malformed {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(match self {
            Self::Parts => "it does not have three parts with dots between them",
            Self::Header => "its header is not base64url of a JSON object",
            Self::Claims => "its claims are not base64url of a JSON object",
            Self::Signature => "its signature is not base64url",
        })
    }
}

impl Token {
    /// Takes a token apart.
    ///
    /// Errors: [`Malformed`].
    pub fn read(text: &str) -> Result<Self, Malformed> {
        let parts: Vec<&str> = text.split('.').collect();
        let &[header, claims, signature] = parts.as_slice() else {
            return Err(Malformed::Parts);
        };
        if text.len() > LONGEST {
            return Err(Malformed::Parts);
        }
        Ok(Self {
            header: object(header).ok_or(Malformed::Header)?,
            claims: object(claims).ok_or(Malformed::Claims)?,
            signed: text[..header.len() + 1 + claims.len()].to_owned(),
            signature: from_b64url(signature).map_err(|_| Malformed::Signature)?,
        })
    }

    /// Whether a text has the form of a token: what is no token is no token's fault.
    pub fn looks_like(text: &str) -> bool {
        text.split('.').count() == 3 && text.starts_with("ey")
    }

    /// `alg` of the header; empty where it names none.
    pub fn algorithm(&self) -> &str {
        self.header.get("alg").and_then(Value::as_str).unwrap_or_default()
    }

    /// `kid` of the header.
    pub fn key_id(&self) -> Option<&str> {
        self.header.get("kid").and_then(Value::as_str).filter(|id| !id.is_empty())
    }

    /// A claim that is text.
    pub fn text(&self, claim: &str) -> Option<&str> {
        self.claims.get(claim).and_then(Value::as_str)
    }

    /// A claim that is a moment in seconds since 1970, with or without a fraction.
    pub fn moment(&self, claim: &str) -> Option<Timestamp> {
        let seconds = self.claims.get(claim)?.as_f64().filter(|seconds| seconds.abs() < 1e12)?;
        Some(Timestamp::from_millis((seconds * 1000.0) as i64))
    }

    /// `aud`: one audience or several.
    pub fn audiences(&self) -> Vec<&str> {
        match self.claims.get("aud") {
            Some(Value::String(one)) => vec![one],
            Some(Value::Array(several)) => several.iter().filter_map(Value::as_str).collect(),
            _ => vec![],
        }
    }

    /// Whether the signature is RS256 by that key.
    pub fn is_rs256_by(&self, key: &PublicKey) -> bool {
        self.algorithm() == "RS256" && key.verifies(self.signed.as_bytes(), &self.signature)
    }

    /// Whether the signature is HS256 with that secret.
    pub fn is_hs256_with(&self, secret: &[u8]) -> bool {
        self.algorithm() == "HS256" && hash::is_hmac_sha256(secret, self.signed.as_bytes(), &self.signature)
    }
}

fn object(part: &str) -> Option<Map<String, Value>> {
    serde_json::from_slice(&from_b64url(part).ok()?).ok()
}

/// Makes a token signed with RS256; `kid` names the key in its header.
///
/// Errors: 500 where it cannot be signed.
pub fn sign_rs256(claims: &Value, kid: &str, key: &PrivateKey) -> Result<String> {
    let unsigned = unsigned(&serde_json::json!({"alg": "RS256", "kid": kid, "typ": "JWT"}), &claims.to_string());
    let signature = key.sign(unsigned.as_bytes())?;
    Ok(format!("{unsigned}.{}", b64url(signature)))
}

/// As [`sign_rs256`], with the claims as the client wrote them.
///
/// Errors: 500 where it cannot be signed.
pub fn sign_rs256_text(claims: &str, kid: &str, key: &PrivateKey) -> Result<String> {
    let unsigned = unsigned(&serde_json::json!({"alg": "RS256", "kid": kid, "typ": "JWT"}), claims);
    let signature = key.sign(unsigned.as_bytes())?;
    Ok(format!("{unsigned}.{}", b64url(signature)))
}

/// Makes a token of type `typ` signed with HS256.
pub fn sign_hs256(claims: &Value, typ: &str, secret: &[u8]) -> String {
    let unsigned = unsigned(&serde_json::json!({"alg": "HS256", "typ": typ}), &claims.to_string());
    let signature = hash::hmac_sha256(secret, unsigned.as_bytes());
    format!("{unsigned}.{}", b64url(signature))
}

fn unsigned(header: &Value, claims: &str) -> String {
    format!("{}.{}", b64url(header.to_string()), b64url(claims))
}

#[cfg(test)]
mod tests {
    use super::super::rsa::samples;
    use super::*;
    use serde_json::json;

    #[test]
    fn tokens_read_back_and_are_verified() {
        let claims = json!({"iss": "a", "exp": 1_795_248_000, "aud": ["x", "y"]});
        let token = Token::read(&sign_rs256(&claims, "k1", &samples::one()).unwrap()).unwrap();
        assert_eq!((token.algorithm(), token.key_id(), token.text("iss")), ("RS256", Some("k1"), Some("a")));
        assert_eq!(token.moment("exp").unwrap().millis(), 1_795_248_000_000);
        assert_eq!(token.audiences(), ["x", "y"]);
        assert!(token.is_rs256_by(&samples::one().public()) && !token.is_rs256_by(&samples::other().public()));

        let token = Token::read(&sign_hs256(&claims, "at+jwt", b"secret")).unwrap();
        assert!(token.is_hs256_with(b"secret") && !token.is_hs256_with(b"another"));
    }

    #[test]
    fn f27_the_algorithm_is_the_verifiers_choice() {
        // A token that is signed with the public key as if it were a shared secret is the classic confusion.
        let public = samples::one().public();
        let confused = sign_hs256(&json!({"iss": "a"}), "JWT", public.to_spki_pem().unwrap().as_bytes());
        assert!(!Token::read(&confused).unwrap().is_rs256_by(&public));
        let none = format!("{}.{}.", b64url(r#"{"alg":"none"}"#), b64url("{}"));
        let none = Token::read(&none).unwrap();
        assert_eq!(none.algorithm(), "none");
        assert!(!none.is_rs256_by(&public) && !none.is_hs256_with(b""));
    }

    #[test]
    fn f27_a_changed_claim_breaks_the_signature() {
        let token = sign_hs256(&json!({"sub": "user:ann@example.com"}), "at+jwt", b"secret");
        let parts: Vec<&str> = token.split('.').collect();
        let forged = format!("{}.{}.{}", parts[0], b64url(r#"{"sub":"user:bob@example.com"}"#), parts[2]);
        assert!(!Token::read(&forged).unwrap().is_hs256_with(b"secret"));
    }

    #[test]
    fn f35_what_is_no_token_says_why() {
        let (object, text) = (b64url("{}"), b64url("x"));
        let read = |text: &str| Token::read(text).unwrap_err();
        assert_eq!(read(""), Malformed::Parts);
        assert_eq!(read("a.b"), Malformed::Parts);
        assert_eq!(read(&format!("{object}.{object}.a.b")), Malformed::Parts);
        assert_eq!(read(&format!("{text}.{object}.")), Malformed::Header);
        assert_eq!(read(&format!("{object}.{text}.")), Malformed::Claims);
        assert_eq!(read(&format!("{object}.{object}.?")), Malformed::Signature);
        assert_eq!(read(&format!("{object}.{}.", "e30".repeat(10_000))), Malformed::Parts);
    }
}
