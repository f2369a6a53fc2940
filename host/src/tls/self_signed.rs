//! A certificate that is made once and kept, and made anew only where it has run out or lacks a name.

use super::identity::Identity;
use super::{BUNDLE, CERTIFICATE, KEY};
use crate::config::Config;
use rcgen::{CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, KeyPair};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;
use time::OffsetDateTime;

/// How long it is good for: some systems take no certificate for longer.
const VALID: time::Duration = time::Duration::days(820);
/// Less than that left is as good as run out.
const LEFT: Duration = Duration::from_secs(30 * 86_400);

/// Where systems keep the certificates that they trust.
const SYSTEM: [&str; 4] = [
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
];

/// The names of a server: this machine's, the address that it listens on, and those of the configuration.
pub(super) fn names(config: &Config) -> Vec<String> {
    let own = ["localhost", "127.0.0.1", "::1"].map(str::to_owned).into_iter();
    let listen = config.listen.ip();
    let listen = (!listen.is_unspecified()).then(|| listen.to_string());
    // Tenants by host name. Last: clients that follow RFC 6125 to the letter take no wildcard that far up.
    let all = own.chain(listen).chain(config.tls_names.iter().cloned()).chain(["*.localhost".to_owned()]);
    all.fold(Vec::new(), |mut names, name| {
        if !names.contains(&name) {
            names.push(name);
        }
        names
    })
}

/// The certificate in `folder`, which is made where it is missing or no longer good for all of `names`.
pub(super) fn kept(folder: &Path, names: &[String]) -> Result<Identity, String> {
    let failed = |error: io::Error| format!("{}: {error}", folder.display());
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(failed)?;
    std::fs::set_permissions(folder, std::fs::Permissions::from_mode(0o700)).map_err(failed)?;
    let (certificate, key) = (folder.join(CERTIFICATE), folder.join(KEY));
    let identity = match usable(&certificate, &key, names) {
        Ok(identity) => identity,
        Err(why) => {
            let missing = !certificate.exists() && !key.exists();
            let (new_certificate, new_key) = make(names).map_err(|error| format!("no certificate: {error}"))?;
            write(&key, new_key.as_bytes(), 0o600).map_err(failed)?;
            write(&certificate, new_certificate.as_bytes(), 0o644).map_err(failed)?;
            match missing {
                true => tracing::info!(file = %certificate.display(), "a self-signed certificate is made"),
                false => tracing::warn!(file = %certificate.display(), why, "the self-signed certificate is made anew"),
            }
            Identity::read(&certificate, &key)?
        }
    };
    bundle(&certificate, folder.join(BUNDLE)).map_err(failed)?;
    Ok(identity)
}

fn usable(certificate: &Path, key: &Path, names: &[String]) -> Result<Identity, String> {
    // A key that is not the certificate's is found when both are put to use.
    let identity = Identity::read(certificate, key)?;
    identity.server()?;
    let mut plain = names.iter().filter(|name| !name.starts_with("*."));
    plain.try_for_each(|name| identity.serves(name, LEFT))?;
    Ok(identity)
}

/// A certificate and its key, in PEM.
fn make(names: &[String]) -> Result<(String, String), rcgen::Error> {
    let key = KeyPair::generate()?;
    let mut params = CertificateParams::new(names)?;
    let mut subject = DistinguishedName::new();
    subject.push(DnType::CommonName, "Fogbank, self-signed");
    params.distinguished_name = subject;
    // No key usage: without one, clients take a certificate as its own issuer.
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    // A day back, for clocks that are late.
    params.not_before = OffsetDateTime::now_utc() - time::Duration::DAY;
    params.not_after = OffsetDateTime::now_utc() + VALID;
    let certificate = params.self_signed(&key)?;
    Ok((certificate.pem(), key.serialize_pem()))
}

/// Writes what clients trust that want everything in one file.
fn bundle(certificate: &Path, bundle: PathBuf) -> io::Result<()> {
    let mut text = std::fs::read(certificate)?;
    if let Some(system) = SYSTEM.iter().find_map(|file| std::fs::read(file).ok()) {
        text.push(b'\n');
        text.extend_from_slice(&system);
    }
    write(&bundle, &text, 0o644)
}

/// Writes a whole file, or leaves the old one.
fn write(path: &Path, bytes: &[u8], mode: u32) -> io::Result<()> {
    let unfinished = path.with_extension("new");
    match std::fs::remove_file(&unfinished) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut file = std::fs::OpenOptions::new().write(true).create_new(true).mode(mode).open(&unfinished)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    std::fs::rename(unfinished, path)
}
