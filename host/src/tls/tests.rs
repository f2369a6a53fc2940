use super::self_signed::{kept, names};
use super::*;
use crate::config::Layers;
use std::os::unix::fs::PermissionsExt;
use std::time::Duration;

fn config(text: &str) -> Config {
    Config::from_layers(Layers::new().text("test.toml", text)).expect("configuration")
}

fn mode(path: &Path) -> u32 {
    std::fs::metadata(path).expect("it is there").permissions().mode() & 0o777
}

#[test]
fn a_self_signed_certificate_is_for_this_machine_its_address_and_the_names_of_the_configuration() {
    let folder = tempfile::tempdir().expect("folder");
    let config = config("listen = \"192.0.2.7:443\"\ntls-names = [\"cloud.test\", \"*.cloud.test\"]");
    let identity = kept(folder.path(), &names(&config)).expect("made");
    for name in ["localhost", "127.0.0.1", "::1", "192.0.2.7", "cloud.test", "blue.cloud.test"] {
        identity.serves(name, Duration::ZERO).expect(name);
    }
    for name in ["storage.googleapis.com", "evil-cloud.test", "192.0.2.8", "a.b.cloud.test"] {
        assert!(identity.serves(name, Duration::ZERO).is_err(), "{name}");
    }
    assert!(identity.serves("localhost", Duration::from_secs(821 * 86_400)).is_err(), "it runs out");
}

#[test]
fn f28_the_key_is_its_owners_alone() {
    let data = tempfile::tempdir().expect("folder");
    let folder = data.path().join(FOLDER);
    kept(&folder, &names(&config(""))).expect("made");
    assert_eq!((mode(&folder), mode(&folder.join(KEY))), (0o700, 0o600));
}

#[test]
fn the_certificate_is_kept_until_it_lacks_a_name_or_is_damaged() {
    let folder = tempfile::tempdir().expect("folder");
    let certificate = || std::fs::read(folder.path().join(CERTIFICATE)).expect("there");
    let (few, more) = (names(&config("")), names(&config("tls-names = [\"cloud.test\"]")));
    kept(folder.path(), &few).expect("made");
    let first = certificate();
    kept(folder.path(), &few).expect("kept");
    assert_eq!(certificate(), first);
    kept(folder.path(), &more).expect("made anew");
    let second = certificate();
    assert_ne!(second, first);
    kept(folder.path(), &few).expect("a name too many does no harm");
    assert_eq!(certificate(), second);
    std::fs::write(folder.path().join(KEY), "damaged").expect("written");
    kept(folder.path(), &few).expect("made anew");
    assert_ne!(certificate(), second);
}

#[test]
fn clients_that_trust_one_file_get_it_with_what_the_system_trusts() {
    let folder = tempfile::tempdir().expect("folder");
    kept(folder.path(), &names(&config(""))).expect("made");
    let own = std::fs::read(folder.path().join(CERTIFICATE)).expect("there");
    let bundle = std::fs::read(folder.path().join(BUNDLE)).expect("there");
    assert!(bundle.starts_with(&own));
}
