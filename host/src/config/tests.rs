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
