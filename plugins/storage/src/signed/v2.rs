//! Signatures of version 2, which old clients and gsutil with HMAC keys make.
//! <https://cloud.google.com/storage/docs/access-control/signed-urls-v2>

use super::{canonical, failure, is_extension, signer};
use fogbank_sdk::encoding::from_b64;
use fogbank_sdk::{RequestHead, Result, Timestamp, context, query};

/// Parameters that hold the signature itself.
const OWN: [&str; 4] = ["GoogleAccessId", "AWSAccessKeyId", "Expires", "Signature"];

/// Parameters that name a part of a resource, or change what is done with it: always signed.
const PARTS: [&str; 26] = [
    "acl",
    "billing",
    "compose",
    "cors",
    "defaultObjectAcl",
    "delete",
    "encryption",
    "encryptionConfig",
    "lifecycle",
    "location",
    "logging",
    "partNumber",
    "policy",
    "requestPayment",
    "restore",
    "retention",
    "storageClass",
    "tagging",
    "torrent",
    "uploadId",
    "uploads",
    "versionId",
    "versioning",
    "versions",
    "website",
    "websiteConfig",
];

/// Parameters that Google's client libraries add behind the signature. None of them names a part.
const LATE: [&str; 3] = ["generation", "response-content-disposition", "response-content-type"];

/// Keys travel in headers that are not signed, so that a signed URL does not contain them.
const KEYS: [&str; 2] = ["x-goog-encryption-key", "x-goog-encryption-key-sha256"];

/// How far the clock of a client may be off, in milliseconds.
const SKEW_MS: i64 = 15 * 60 * 1000;

/// A signature and what it says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signed {
    /// The e-mail address of a service account, or the access id of an HMAC key.
    pub signer: String,
    /// Seconds since 1970, in a signed URL.
    pub expires: Option<String>,
    pub signature: Vec<u8>,
}

// === impl Signed ===

impl Signed {
    /// The signature in the query or in the header, if there is one.
    pub fn of(request: &RequestHead) -> Option<Result<Self>> {
        if let Some(signature) = request.query("Signature") {
            return Some(Self::in_query(request, signature));
        }
        let (kind, rest) = request.header("authorization")?.trim().split_once(' ')?;
        if kind != "GOOG1" && kind != "AWS" {
            return None;
        }
        let parts = rest.trim().rsplit_once(':');
        Some(parts.ok_or_else(|| failure::malformed("The header Authorization is not ACCESS_ID:SIGNATURE.")).and_then(
            |(signer, signature)| Ok(Self { signer: signer.to_owned(), expires: None, signature: bytes(signature)? }),
        ))
    }

    fn in_query(request: &RequestHead, signature: &str) -> Result<Self> {
        let asked = |name: &str| {
            let value = request.query(name).filter(|value| !value.is_empty());
            value.ok_or_else(|| failure::malformed(format!("The parameter {name} is missing.")))
        };
        let signer = asked("GoogleAccessId").or_else(|_| asked("AWSAccessKeyId"))?.to_owned();
        // A plus sign that was not escaped reads as a space.
        Ok(Self {
            signer,
            expires: Some(asked("Expires")?.to_owned()),
            signature: bytes(&signature.replace(' ', "+"))?,
        })
    }

    fn require_current(&self, request: &RequestHead, now: Timestamp) -> Result<()> {
        if let Some(expires) = &self.expires {
            let bad = || failure::malformed(format!("Expires is a time in seconds since 1970, not '{expires}'."));
            let at: i64 = expires.parse().map_err(|_| bad())?;
            let ended = now.seconds() >= at;
            let at = Timestamp::from_millis(at.saturating_mul(1000));
            return if ended { Err(failure::expired(&at.to_rfc3339())) } else { Ok(()) };
        }
        let sent = date(request).unwrap_or_default();
        let time = Timestamp::parse_http(sent).or_else(|| super::v4::time(sent));
        let time = time.ok_or_else(|| failure::malformed("A signed request needs the header Date."))?;
        match (time.millis() - now.millis()).abs() > SKEW_MS {
            true => Err(failure::skewed(&time.to_rfc3339(), &now.to_rfc3339())),
            false => Ok(()),
        }
    }

    /// The texts that this may be the signature of: some clients sign all parameters, others only those that name a part.
    pub fn candidates(&self, request: &RequestHead) -> Vec<(String, Option<String>)> {
        let resources = resources(request).into_iter();
        let heads = self.head(request);
        resources.map(|resource| (format!("{heads}{resource}"), None)).collect()
    }

    fn head(&self, request: &RequestHead) -> String {
        let header = |name: &str| request.header(name).unwrap_or_default();
        let extended = request.header("x-goog-date").or_else(|| request.header("x-amz-date")).is_some();
        let date = match &self.expires {
            Some(expires) => expires.as_str(),
            None if extended => "",
            None => header("date"),
        };
        let (method, md5, kind) = (request.method(), header("content-md5"), header("content-type"));
        format!("{method}\n{md5}\n{kind}\n{date}\n{}", extensions(request))
    }
}

/// Makes the signer the caller.
///
/// Errors: 403.
pub fn verify(request: &RequestHead, signed: &Signed) -> Result<()> {
    signed.require_current(request, context::now())?;
    let candidates = signed.candidates(request);
    if signed.signer.contains('@') {
        return signer::by_account(&signed.signer, &signed.signature, &candidates);
    }
    let (secret, account) = signer::secret(&signed.signer)?;
    signer::by_secret(&account, &candidates, |text| signer::is_sha1(&secret, text, &signed.signature))
}

fn date(request: &RequestHead) -> Option<&str> {
    ["x-goog-date", "x-amz-date", "date"].iter().find_map(|name| request.header(name))
}

fn bytes(text: &str) -> Result<Vec<u8>> {
    from_b64(text).map_err(|_| failure::malformed("The signature is not base64."))
}

/// A line for each header that extends HTTP, sorted by name, several values with commas.
fn extensions(request: &RequestHead) -> String {
    let headers = request.headers().iter();
    let mut names: Vec<&str> =
        headers.map(|(name, _)| name.as_str()).filter(|name| is_extension(name) && !KEYS.contains(name)).collect();
    names.sort_unstable();
    names.dedup();
    let line = |name: &&str| {
        let values = request.headers().iter().filter(|(header, _)| header == name);
        let values: Vec<String> = values.map(|(_, value)| canonical::folded(value)).collect();
        format!("{name}:{}\n", values.join(","))
    };
    names.iter().map(line).collect()
}

/// `/BUCKET/OBJECT` in each form that it may have been signed in, with the parameters that were.
fn resources(request: &RequestHead) -> Vec<String> {
    let hosted = request.route().starts_with("storage.xml.hosted.");
    let bucket = if hosted { format!("/{}", request.param("bucket")) } else { String::new() };
    let mut queries = vec![parts(request)];
    for query in [all(request, &[]), all(request, &LATE)] {
        // Parts of a resource are never left out: a client that signs all parameters has them among these.
        if !query.is_empty() && !queries.contains(&query) {
            queries.push(query);
        }
    }
    let mut paths = super::paths(request);
    if request.param("object").is_empty() {
        // Clients of Amazon's S3 end the path of a bucket with a slash when they sign it.
        paths.extend(paths.clone().into_iter().filter(|path| !path.ends_with('/')).map(|path| path + "/"));
    }
    let pairs = paths.iter().flat_map(|path| queries.iter().map(move |query| (path, query)));
    pairs.map(|(path, query)| format!("{bucket}{path}{query}")).collect()
}

/// `?acl`, `?partNumber=1&uploadId=x`: sorted, decoded, with values where there are some.
fn parts(request: &RequestHead) -> String {
    let mut pairs: Vec<_> = request.query_pairs().iter().filter(|(name, _)| PARTS.contains(&name.as_str())).collect();
    pairs.sort();
    joined(pairs.iter().map(|(name, value)| match value.is_empty() {
        true => name.clone(),
        false => format!("{name}={value}"),
    }))
}

/// Every parameter but the signature's own, as Google's client libraries sign them: names in lower case. `also` are left out too.
fn all(request: &RequestHead, also: &[&str]) -> String {
    let left_out = |name: &str| OWN.contains(&name) || also.contains(&name);
    let pairs = request.query_pairs().iter().filter(|(name, _)| !left_out(name));
    let mut pairs: Vec<_> = pairs.map(|(name, value)| (name.to_ascii_lowercase(), value.trim())).collect();
    pairs.sort();
    let escaped = |text: &str| query::encode(text).replace("%20", "+");
    joined(pairs.iter().map(|(name, value)| format!("{}={}", escaped(name), escaped(value))))
}

fn joined(pairs: impl Iterator<Item = String>) -> String {
    let pairs: Vec<String> = pairs.collect();
    if pairs.is_empty() { String::new() } else { format!("?{}", pairs.join("&")) }
}
