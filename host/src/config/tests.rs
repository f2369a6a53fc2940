use super::*;

fn config(text: &str) -> Result<Config, Vec<String>> {
    Config::from_layers(Layers::new().text("fogbank.toml", text)).map_err(|errors| errors.0)
}

#[test]
fn the_defaults_are_fine() {
    let config = config("").expect("defaults");
    assert_eq!(config.listen, "127.0.0.1:8080".parse().expect("address"));
    assert_eq!(config.limits.max_head, 64 << 10);
    assert_eq!(config.quotas.bytes, None);
    assert!(config.env.contains_key("CLOUDSDK_AUTH_DISABLE_CREDENTIALS"));
}

#[test]
fn flags_outweigh_variables_and_variables_the_file() {
    let layers = || {
        Layers::new()
            .text("fogbank.toml", "listen = \"127.0.0.1:1\"\ndefault-project = \"file\"\nlog-format = \"json\"")
            .environment(|name| match name {
                "FOGBANK_LISTEN" => Some("127.0.0.1:2".into()),
                "FOGBANK_DEFAULT_PROJECT" => Some("variable".into()),
                _ => None,
            })
    };
    let config = Config::from_layers(layers().flag("listen", Some("127.0.0.1:3".into()))).expect("fine");
    assert_eq!(config.listen.port(), 3);
    assert_eq!(config.default_project, "variable");
    assert_eq!(config.log_format, LogFormat::Json);
}

#[test]
fn everything_that_is_wrong_is_reported_at_once_with_its_source() {
    let layers = Layers::new()
        .text(
            "my.toml",
            "colour = 1\ncors-origins = [\"nowhere\"]\n[limits]\ndrain = \"soon\"\nhead = \"1KiB\"\n\
             [plugins.things]\ngrant = [\"sudo\"]\n[env]\nX = \"{what}\"",
        )
        .environment(|name| (name == "FOGBANK_LISTEN").then(|| "here".into()))
        .flag("database", Some("mysql://user:password@x".into()));
    let errors = Config::from_layers(layers).expect_err("wrong").0.join("\n");
    for part in [
        "my.toml: colour",
        "cors-origins",
        "limits.drain",
        "limits.head",
        "sudo",
        "env.X",
        "FOGBANK_LISTEN",
        "--database",
    ] {
        assert!(errors.contains(part), "{part} is missing in:\n{errors}");
    }
    assert!(!errors.contains("password"), "{errors}");
}

#[test]
fn grants_are_what_is_asked_and_granted() {
    let config = config("grants = \"explicit\"\n[plugins.things]\ngrant = [\"files\"]").expect("fine");
    let asked = crate::plugin::manifest::Capabilities {
        asked: crate::plugin::manifest::Capability::ALL.into(),
        peers: crate::plugin::manifest::PeerHosts::Claimed,
    };
    assert_eq!(config.grants("things", true).apply(&asked).asked.len(), 1);
    assert_eq!(config.grants("things", true).apply(&asked).peers, crate::plugin::manifest::PeerHosts::None);
    assert_eq!(config.grants("other", false).apply(&asked).asked.len(), 0);
    assert_eq!(config.grants("builtin", true).apply(&asked), asked);
}

#[test]
fn an_ephemeral_server_has_no_data_folder() {
    assert!(config("ephemeral = true\ndata = \"x\"").is_err());
    assert_eq!(config("ephemeral = true").expect("fine").data, DataFolder::Ephemeral);
}

#[test]
fn a_certificate_that_cannot_be_used_is_said_with_its_files() {
    let folder = tempfile::tempdir().expect("folder");
    let (certificate, key) = (folder.path().join("cert.pem"), folder.path().join("key.pem"));
    let text = format!("tls = ['{}', '{}']\ntls-names = [\"a b\"]\ncolour = 1", certificate.display(), key.display());
    std::fs::write(&certificate, "no certificate").expect("written");
    let errors = config(&text).expect_err("wrong").join("\n");
    for part in ["fogbank.toml: tls", "cert.pem holds no certificate", "key.pem", "a b", "colour"] {
        assert!(errors.contains(part), "{part} is missing in:\n{errors}");
    }
    assert!(config("tls = \"sometimes\"").expect_err("wrong").join("").contains("sometimes"));
}

#[test]
fn a_certificate_and_the_key_of_another_do_not_go_together() {
    let folder = tempfile::tempdir().expect("folder");
    let config_of = |name: &str, names: &str| {
        let text = format!("tls = \"self-signed\"\ntls-names = [{names}]");
        let made = crate::tls::server(&config(&text).expect("fine"), &folder.path().join(name));
        assert!(made.is_ok_and(|tls| tls.is_some()));
        folder.path().join(name).join("tls")
    };
    let (one, other) = (config_of("one", ""), config_of("other", "\"cloud.test\""));
    let files = |certificate: &std::path::Path, key: &std::path::Path| {
        config(&format!("tls = ['{}/cert.pem', '{}/key.pem']", certificate.display(), key.display()))
    };
    assert!(matches!(files(&one, &one).expect("fine").tls, Tls::Files { .. }));
    let errors = files(&one, &other).expect_err("mixed up").join("\n");
    assert!(errors.contains("cannot be used"), "{errors}");
}
