//! TLS: the server's certificate, from files or made here, and what this program's own commands trust.
//!
//! With `tls = "self-signed"` the data folder has `tls/`: `cert.pem`, `key.pem`, and `bundle.pem`, which is the
//! certificate together with those that the system trusts, for clients that trust one file and nothing else.

mod identity;
mod pinned;
mod self_signed;

#[cfg(test)]
mod tests;

pub use identity::Identity;
pub use pinned::client;

use crate::config::{Config, DataFolder, Tls};
use rustls::crypto::CryptoProvider;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tokio_rustls::TlsAcceptor;

/// The folder in the data folder.
const FOLDER: &str = "tls";
const CERTIFICATE: &str = "cert.pem";
const KEY: &str = "key.pem";
const BUNDLE: &str = "bundle.pem";

/// What shakes hands for a server on this data folder; none where TLS is off. The error is for the operator.
pub fn server(config: &Config, data: &Path) -> Result<Option<TlsAcceptor>, String> {
    let identity = match &config.tls {
        Tls::Off => return Ok(None),
        Tls::SelfSigned => self_signed::kept(&data.join(FOLDER), &self_signed::names(config))?,
        Tls::Files { certificate, key } => Identity::read(certificate, key)?,
    };
    Ok(Some(TlsAcceptor::from(Arc::new(identity.server()?))))
}

/// The file with the certificate of a server on this data folder.
pub fn certificate(config: &Config, data: &Path) -> Option<PathBuf> {
    match &config.tls {
        Tls::Off => None,
        Tls::SelfSigned => Some(data.join(FOLDER).join(CERTIFICATE)),
        Tls::Files { certificate, .. } => Some(certificate.clone()),
    }
}

/// As [`certificate`], before the server runs: none where its data folder is a temporary one.
pub fn configured(config: &Config) -> Option<PathBuf> {
    match (&config.data, &config.tls) {
        (DataFolder::At(data), _) => certificate(config, data),
        (DataFolder::Ephemeral, Tls::Files { certificate, .. }) => Some(certificate.clone()),
        (DataFolder::Ephemeral, _) => None,
    }
}

/// Variables that have clients trust the self-signed certificate of a server on this data folder. Those that name the
/// only file to trust get the bundle, so that the rest of the shell still reaches the world.
pub fn trust(data: &Path) -> impl Iterator<Item = (String, String)> {
    let folder = data.join(FOLDER);
    let variables = [
        // gcloud, and gsutil within it.
        ("CLOUDSDK_CORE_CUSTOM_CA_CERTS_FILE", BUNDLE),
        // Python: requests, and httplib2 of google-api-python-client.
        ("REQUESTS_CA_BUNDLE", BUNDLE),
        ("HTTPLIB2_CA_CERTS", BUNDLE),
        // Go (Terraform), OpenSSL, curl.
        ("SSL_CERT_FILE", BUNDLE),
        // Node adds these to its own.
        ("NODE_EXTRA_CA_CERTS", CERTIFICATE),
    ];
    variables.into_iter().map(move |(name, file)| (name.to_owned(), folder.join(file).display().to_string()))
}

/// The cryptography behind all of it.
fn provider() -> Arc<CryptoProvider> {
    Arc::new(rustls::crypto::ring::default_provider())
}
