//! Signatures of version 4, in the query or in the header `Authorization`.
//! <https://cloud.google.com/storage/docs/authentication/signatures>

use super::canonical::{self, UNSIGNED_PAYLOAD};
use super::signer::{self, Algorithm, Credential};
use super::{failure, is_extension, paths};
use fogbank_sdk::encoding::hex;
use fogbank_sdk::{RequestHead, Result, Timestamp, context};
use sha2::{Digest, Sha256};

/// A signed URL is good for a week at most.
const LONGEST: i64 = 7 * 24 * 3600;

/// How far the clock of a client may be off, in milliseconds.
const SKEW_MS: i64 = 15 * 60 * 1000;

/// A signature and what it says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signed {
    pub algorithm: Algorithm,
    pub credential: Credential,
    /// `YYYYMMDDTHHMMSSZ`
    pub date: String,
    /// Seconds for which a signed URL is good; absent where the header is signed.
    pub expires: Option<i64>,
    pub signed_headers: Vec<String>,
    pub signature: Vec<u8>,
}

// === impl Signed ===

impl Signed {
    /// The signature in the query or in the header, if there is one.
    pub fn of(request: &RequestHead) -> Option<Result<Self>> {
        for prefix in ["X-Goog-", "X-Amz-"] {
            if parameter(request, prefix, "Signature").is_some() || parameter(request, prefix, "Algorithm").is_some() {
                return Some(Self::in_query(request, prefix));
            }
        }
        let header = request.header("authorization")?.trim();
        let (algorithm, rest) = header.split_once(' ')?;
        let algorithm = Algorithm::named(algorithm)?;
        Some(Self::in_header(request, algorithm, rest))
    }

    fn in_query(request: &RequestHead, prefix: &str) -> Result<Self> {
        let asked = |name: &str| {
            let value = parameter(request, prefix, name).filter(|value| !value.is_empty());
            value.ok_or_else(|| failure::malformed(format!("The parameter {prefix}{name} is missing.")))
        };
        let algorithm = algorithm(asked("Algorithm")?)?;
        let expires = asked("Expires")?;
        let expires = expires.parse().ok().filter(|seconds| (1..=LONGEST).contains(seconds)).ok_or_else(|| {
            failure::malformed(format!("{prefix}Expires has to be between 1 and {LONGEST} seconds, not '{expires}'."))
        })?;
        Ok(Self {
            algorithm,
            credential: Credential::parse(asked("Credential")?, algorithm)?,
            date: asked("Date")?.to_owned(),
            expires: Some(expires),
            signed_headers: names(asked("SignedHeaders")?),
            signature: bytes(asked("Signature")?)?,
        })
    }

    fn in_header(request: &RequestHead, algorithm: Algorithm, rest: &str) -> Result<Self> {
        let field = |name: &str| {
            let mut fields = rest.split(',').filter_map(|field| field.trim().split_once('='));
            let value = fields.find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim());
            value.ok_or_else(|| failure::malformed(format!("The header Authorization has no {name}.")))
        };
        Ok(Self {
            algorithm,
            credential: Credential::parse(field("Credential")?, algorithm)?,
            date: date_of(request)
                .ok_or_else(|| failure::malformed("A signed request needs the header x-goog-date."))?,
            expires: None,
            signed_headers: names(field("SignedHeaders")?),
            signature: bytes(field("Signature")?)?,
        })
    }

    /// Refuses a signature from another time than now.
    pub(super) fn require_current(&self, now: Timestamp) -> Result<()> {
        let bad = || failure::malformed(format!("'{}' is not a time as YYYYMMDDTHHMMSSZ.", self.date));
        let signed = time(&self.date).ok_or_else(bad)?;
        if !self.date.starts_with(&self.credential.date) {
            return Err(failure::malformed("The date of the credential is not that of the request."));
        }
        let ahead = signed.millis() - now.millis();
        match self.expires {
            _ if ahead > SKEW_MS => Err(failure::skewed(&signed.to_rfc3339(), &now.to_rfc3339())),
            None if -ahead > SKEW_MS => Err(failure::skewed(&signed.to_rfc3339(), &now.to_rfc3339())),
            Some(seconds) if -ahead >= seconds * 1000 => {
                Err(failure::expired(&signed.plus_millis(seconds * 1000).to_rfc3339()))
            }
            _ => Ok(()),
        }
    }

    /// Refuses a request with a header that changes its meaning and that nobody signed.
    pub(super) fn require_covered(&self, request: &RequestHead) -> Result<()> {
        if !self.signed_headers.iter().any(|name| name == "host") {
            return Err(failure::header_unsigned("host"));
        }
        let mut headers = request.headers().iter().map(|(name, _)| name);
        match headers.find(|name| is_extension(name) && !self.signed_headers.contains(name)) {
            Some(name) => Err(failure::header_unsigned(name)),
            None => Ok(()),
        }
    }

    /// The texts that this may be the signature of, each with the canonical request behind it.
    pub fn candidates(&self, request: &RequestHead) -> Result<Vec<(String, Option<String>)>> {
        let payload = payload(request).unwrap_or(UNSIGNED_PAYLOAD);
        let scope = self.credential.scope();
        let requests = canonical::requests(request, &paths(request), &self.signed_headers, payload)?;
        let texts = requests.into_iter().map(|canonical| {
            let text = canonical::string_to_sign(self.algorithm.name(), &self.date, &scope, &canonical);
            (text, Some(canonical))
        });
        Ok(texts.collect())
    }
}

/// Makes the signer the caller.
///
/// Errors: 403.
pub fn verify(request: &RequestHead, signed: &Signed) -> Result<()> {
    signed.require_current(context::now())?;
    signed.require_covered(request)?;
    signer::assume(signed.algorithm, &signed.credential, &signed.signature, &signed.candidates(request)?)
}

/// Refuses a body that is not the one whose hash was signed. Only a small body can be looked at: a large one never comes here, and
/// clients sign those with `UNSIGNED-PAYLOAD`.
pub fn require_payload(request: &RequestHead, body: Option<&[u8]>) -> Result<()> {
    let (Some(hash), Some(body)) = (payload(request), body) else { return Ok(()) };
    let named = hash != UNSIGNED_PAYLOAD && !hash.starts_with("STREAMING-");
    match named && !hash.eq_ignore_ascii_case(&hex(&Sha256::digest(body))) {
        true => Err(failure::malformed("The body is not the one whose SHA-256 hash was signed.")),
        false => Ok(()),
    }
}

fn payload(request: &RequestHead) -> Option<&str> {
    request.header("x-goog-content-sha256").or_else(|| request.header("x-amz-content-sha256"))
}

/// A parameter, whatever the case of its name.
fn parameter<'r>(request: &'r RequestHead, prefix: &str, name: &str) -> Option<&'r str> {
    let whole = format!("{prefix}{name}");
    let mut pairs = request.query_pairs().iter();
    pairs.find(|(key, _)| key.eq_ignore_ascii_case(&whole)).map(|(_, value)| value.as_str())
}

fn algorithm(name: &str) -> Result<Algorithm> {
    Algorithm::named(name).ok_or_else(|| failure::malformed(format!("There is no signature algorithm '{name}'.")))
}

fn names(list: &str) -> Vec<String> {
    list.split(';').map(|name| name.trim().to_ascii_lowercase()).collect()
}

/// `x-goog-date`, `x-amz-date`, or `Date` in the same form.
fn date_of(request: &RequestHead) -> Option<String> {
    let date = request.header("x-goog-date").or_else(|| request.header("x-amz-date"));
    if let Some(date) = date {
        return Some(date.to_owned());
    }
    let date = request.header("date")?;
    Some(Timestamp::parse_http(date).map_or_else(|| date.to_owned(), compact))
}

fn compact(time: Timestamp) -> String {
    let civil = time.civil();
    let (date, hour, minute, second) = (time.to_date().replace('-', ""), civil.hour, civil.minute, civil.second);
    format!("{date}T{hour:02}{minute:02}{second:02}Z")
}

/// Reads `YYYYMMDDTHHMMSSZ`.
pub fn time(text: &str) -> Option<Timestamp> {
    let plain = text.len() == 16 && text.is_ascii() && text.as_bytes()[8] == b'T' && text.ends_with('Z');
    let digits = plain.then(|| (&text[..8], &text[9..15]))?;
    let (date, time) = digits;
    Timestamp::parse(&format!(
        "{}-{}-{}T{}:{}:{}Z",
        &date[..4],
        &date[4..6],
        &date[6..],
        &time[..2],
        &time[2..4],
        &time[4..]
    ))
    .ok()
}

/// Reads hexadecimal.
///
/// Errors: 403.
pub fn bytes(text: &str) -> Result<Vec<u8>> {
    let bad = || failure::malformed("The signature is not hexadecimal.");
    if !text.len().is_multiple_of(2) || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Err(bad());
    }
    (0..text.len() / 2).map(|at| u8::from_str_radix(&text[2 * at..2 * at + 2], 16).map_err(|_| bad())).collect()
}
