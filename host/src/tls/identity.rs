//! A certificate with its key.

use super::provider;
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::ServerCertVerifier;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{RootCertStore, ServerConfig};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

/// The chain, which begins with the server's own certificate, and its private key.
#[derive(Debug)]
pub struct Identity {
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
}

impl Identity {
    /// Reads two PEM files. The error names all that is wrong with them, and never what is in the key's.
    pub fn read(certificate: &Path, key: &Path) -> Result<Self, String> {
        match (chain(certificate), private_key(key)) {
            (Ok(chain), Ok(key)) => Ok(Self { chain, key }),
            (chain, key) => Err([chain.err(), key.err()].into_iter().flatten().collect::<Vec<_>>().join("; ")),
        }
    }

    /// What a server shows, over HTTP/2 and HTTP/1.1.
    pub fn server(&self) -> Result<ServerConfig, String> {
        let mut config = ServerConfig::builder_with_provider(provider())
            .with_safe_default_protocol_versions()
            .and_then(|builder| {
                builder.with_no_client_auth().with_single_cert(self.chain.clone(), self.key.clone_key())
            })
            .map_err(|error| format!("the certificate and the key cannot be used: {error}"))?;
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Ok(config)
    }

    /// Whether a client that trusts this self-signed certificate would take it for `name` that long from now. Names
    /// with a wildcard are not asked for.
    pub fn serves(&self, name: &str, ahead: Duration) -> Result<(), String> {
        let Some(own) = self.chain.first() else { return Err("there is no certificate".into()) };
        let mut roots = RootCertStore::empty();
        roots.add(own.clone()).map_err(|error| error.to_string())?;
        let verifier = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider()).build();
        let verifier = verifier.map_err(|error| error.to_string())?;
        let asked = ServerName::try_from(name.to_owned()).map_err(|error| format!("{name}: {error}"))?;
        let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let time = UnixTime::since_unix_epoch(since + ahead);
        let verified = verifier.verify_server_cert(own, &[], &asked, &[], time);
        verified.map(drop).map_err(|error| format!("{name}: {error}"))
    }
}

/// The certificates of a file, of which there has to be one at least.
pub(super) fn chain(file: &Path) -> Result<Vec<CertificateDer<'static>>, String> {
    let text = std::fs::read(file).map_err(|error| format!("{}: {error}", file.display()))?;
    let certificates: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&text).collect();
    match certificates {
        Ok(certificates) => match certificates.first().map(ParsedCertificate::try_from) {
            Some(Ok(_)) => Ok(certificates),
            Some(Err(_)) => Err(format!("{}: the first certificate cannot be read", file.display())),
            None => Err(format!("{} holds no certificate in PEM", file.display())),
        },
        Err(error) => Err(format!("{}: {error}", file.display())),
    }
}

fn private_key(file: &Path) -> Result<PrivateKeyDer<'static>, String> {
    let text = std::fs::read(file).map_err(|error| format!("{}: {error}", file.display()))?;
    PrivateKeyDer::from_pem_slice(&text).map_err(|error| match error {
        rustls::pki_types::pem::Error::NoItemsFound => format!("{} holds no private key in PEM", file.display()),
        // Of what is malformed in a key, nothing is repeated.
        _ => format!("{} holds no private key that can be read", file.display()),
    })
}
