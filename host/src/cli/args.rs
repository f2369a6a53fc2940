//! What can be typed.

use super::env::Format;
use super::{iam, plugin, tenant};
use crate::config::{Config, ConfigErrors, KEYS, Layers};
use clap::{Args, Parser, Subcommand};
use std::fmt::Write;
use std::path::{Path, PathBuf};

/// A local Google Cloud whose services are WebAssembly components.
///
/// Without a command it serves. Then, in another terminal:
///
///   eval "$(fogbank env)"
///   gcloud storage buckets create gs://demo
#[derive(Debug, Parser)]
#[command(name = "fogbank", version, verbatim_doc_comment)]
pub struct Cli {
    #[command(subcommand)]
    pub command: Option<Command>,
    #[command(flatten)]
    pub settings: Settings,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Serve until SIGTERM or SIGINT (what happens without a command).
    ///
    ///   fogbank serve --listen 127.0.0.1:0 --ephemeral --seed seed.jsonl
    ///   fogbank serve --plugins ./my-services --watch
    #[command(verbatim_doc_comment)]
    Serve,
    /// Print what points clients at this server.
    ///
    ///   eval "$(fogbank env)"
    ///   fogbank env --format terraform > provider.tf
    ///   fogbank env --format json --tenant blue
    #[command(verbatim_doc_comment)]
    Env {
        /// How to print it.
        #[arg(long, value_enum, default_value = "shell")]
        format: Format,
        /// For clients of this tenant.
        #[arg(long, value_name = "NAME")]
        tenant: Option<String>,
    },
    /// Say what works on this machine: disk, address space, Docker, ports, versions.
    Doctor,
    /// Say why somebody may or may not do something, and take over policies.
    ///
    ///   fogbank iam explain user:ann@example.com storage.objects.get //storage.googleapis.com/projects/_/buckets/demo
    ///   fogbank iam import //cloudresourcemanager.googleapis.com/projects/demo-project policy.json
    #[command(verbatim_doc_comment)]
    Iam {
        #[command(subcommand)]
        command: iam::Command,
    },
    /// Look at services.
    ///
    ///   fogbank plugin list
    #[command(verbatim_doc_comment)]
    Plugin {
        #[command(subcommand)]
        command: plugin::Command,
    },
    /// Make, list, empty and remove tenants of the running server; each is a whole separate cloud.
    ///
    ///   fogbank tenant create blue
    ///   eval "$(fogbank env --tenant blue)"
    ///   fogbank tenant reset blue
    #[command(verbatim_doc_comment)]
    Tenant {
        #[command(subcommand)]
        command: tenant::Command,
    },
}

/// Settings as flags; they outweigh `FOGBANK_*`, which outweigh fogbank.toml.
#[derive(Debug, Clone, Default, Args)]
pub struct Settings {
    /// Configuration file [default: fogbank.toml here, where there is one].
    #[arg(global = true, long, value_name = "FILE", env = "FOGBANK_CONFIG")]
    config: Option<PathBuf>,
    /// Where to listen; port 0 picks a free one, and a line FOGBANK_LISTENING on standard output says which.
    #[arg(global = true, long, value_name = "ADDRESS:PORT")]
    listen: Option<String>,
    /// HTTPS: `self-signed` (made once, kept in the data folder; `fogbank env` tells clients to trust it), or two files.
    #[arg(global = true, long, value_name = "self-signed|CERT.pem,KEY.pem")]
    tls: Option<String>,
    /// Data folder.
    #[arg(global = true, long, value_name = "DIR")]
    data: Option<String>,
    /// Keep data in a temporary folder that is removed at the end.
    #[arg(global = true, long)]
    ephemeral: bool,
    /// `sqlite`, or the URL of a PostgreSQL database.
    #[arg(global = true, long, value_name = "URL")]
    database: Option<String>,
    /// Folder with a folder for each service, added to the embedded ones or in their place.
    #[arg(global = true, long, value_name = "DIR")]
    plugins: Option<String>,
    /// Take up changes in the folder of --plugins while running.
    #[arg(global = true, long)]
    watch: bool,
    /// Whether callers are asked who they are and whether they may: `off`, `optional`, `required` or `audit`.
    #[arg(global = true, long, value_name = "MODE")]
    auth: Option<String>,
    /// What machines are: containers of `docker`, or `metadata`: records that change state, where nothing runs.
    #[arg(global = true, long, value_name = "BACKEND")]
    compute: Option<String>,
    /// Requests to play before the server is ready: JSON, one a line (method, path, headers, body, bodyFile, expect).
    #[arg(global = true, long, value_name = "FILE")]
    seed: Option<String>,
    /// `human` or `json`.
    #[arg(global = true, long, value_name = "FORMAT")]
    log_format: Option<String>,
    /// What is logged: a level, or target=level with commas; `info,access=debug` shows each request.
    #[arg(global = true, long, value_name = "FILTER")]
    log: Option<String>,
    /// Any other setting; `fogbank --help` lists them.
    #[arg(global = true, long, value_name = "NAME=VALUE")]
    set: Vec<String>,
}

impl Settings {
    /// The configuration with these flags on top.
    pub fn config(&self) -> Result<Config, ConfigErrors> {
        let file = self.config.as_deref().unwrap_or(Path::new("fogbank.toml"));
        let variable = |name: &str| std::env::var(name).ok();
        let mut layers = Layers::new().file(file, self.config.is_some()).environment(variable);
        let switch = |on: bool| on.then(|| "true".to_owned());
        let flags = [
            ("listen", self.listen.clone()),
            ("tls", self.tls.clone()),
            ("data", self.data.clone()),
            ("ephemeral", switch(self.ephemeral)),
            ("database", self.database.clone()),
            ("plugins-dir", self.plugins.clone()),
            ("watch", switch(self.watch)),
            ("auth", self.auth.clone()),
            ("compute", self.compute.clone()),
            ("seed", self.seed.clone()),
            ("log-format", self.log_format.clone()),
            ("log", self.log.clone()),
        ];
        for (name, value) in flags {
            layers = layers.flag(name, value);
        }
        let mut wrong = Vec::new();
        for setting in &self.set {
            let (name, value) = setting.split_once('=').unwrap_or((setting, ""));
            match KEYS.iter().find(|key| key.name == name) {
                Some(key) => layers = layers.flag(key.name, Some(value.to_owned())),
                None => wrong.push(format!("--set {setting}: there is no such setting")),
            }
        }
        match (Config::from_layers(layers), wrong.is_empty()) {
            (Ok(config), true) => Ok(config),
            (Ok(_), false) => Err(ConfigErrors(wrong)),
            (Err(errors), _) => Err(ConfigErrors([wrong, errors.0].concat())),
        }
    }
}

/// The list of settings, for `--help`.
pub fn settings_help() -> String {
    let mut text = String::from(
        "Settings, in fogbank.toml, as variables (limits.drain is FOGBANK_LIMITS_DRAIN), or with --set:\n",
    );
    for key in &KEYS {
        let default = if key.default.is_empty() { String::new() } else { format!(" [{}]", key.default) };
        let _ = writeln!(text, "  {:24} {}{default}", key.name, key.help);
    }
    text.push_str(
        "\nExit status: 2 for a wrong configuration, 3 for an address or data folder in use, 1 for the rest.\n\
         Traces are sent where OTEL_EXPORTER_OTLP_ENDPOINT says.",
    );
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn without_a_command_it_serves_with_the_flags() {
        let cli = Cli::try_parse_from(["fogbank", "--listen", "127.0.0.1:0", "--ephemeral"]).expect("parsed");
        assert!(cli.command.is_none());
        let config = cli.settings.config().expect("config");
        assert_eq!((config.listen.port(), config.data), (0, crate::config::DataFolder::Ephemeral));
    }

    #[test]
    fn flags_stand_before_or_behind_a_command() {
        for line in [["fogbank", "--data", "d", "tenant", "list"], ["fogbank", "tenant", "list", "--data", "d"]] {
            let cli = Cli::try_parse_from(line).expect("parsed");
            assert_eq!(cli.settings.config().expect("config").data, crate::config::DataFolder::At("d".into()));
        }
    }

    #[test]
    fn any_setting_can_be_a_flag() {
        let cli = Cli::try_parse_from(["fogbank", "serve", "--set", "limits.drain=3s", "--set", "colour=red"]);
        assert!(cli.expect("parsed").settings.config().expect_err("colour").to_string().contains("colour"));
    }
}
