//! `fogbank env`: what points clients here, put together from what the configuration and the services' manifests say.

use super::args::Settings as Flags;
use super::client::Client;
use super::{Failure, plugin};
use crate::config::{Config, DataFolder, Tls};
use crate::plugin::manifest::Manifest;
use crate::plugin::manifest::template::{Place, fill};
use crate::tls;
use http::Method;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::Path;

/// Settings of clients.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Settings {
    /// Variables.
    pub env: BTreeMap<String, String>,
    /// Arguments of Terraform's provider.
    pub terraform: BTreeMap<String, String>,
}

/// How they are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// `export NAME='value'`, for `eval`.
    Shell,
    /// An object with `env` and `terraform`.
    Json,
    /// A provider block.
    Terraform,
}

impl Settings {
    /// For clients that reach the server at `base`. The configuration's own variables come first, then what the services
    /// say, then the configuration's again where somebody set it on purpose; an empty value takes a variable away.
    /// `data` is the data folder, which has the certificate to trust where the server made one.
    pub fn of(manifests: &[&Manifest], config: &Config, data: Option<&Path>, base: &str) -> Self {
        let place = Place { base, project: &config.default_project };
        let filled = |(name, value): (&String, &String)| (name.clone(), fill(value, &place));
        let mut env: BTreeMap<String, String> = manifests.iter().flat_map(|m| m.env.iter().map(filled)).collect();
        if let (Tls::SelfSigned, Some(data)) = (&config.tls, data) {
            env.extend(tls::trust(data));
        }
        env.extend(config.env.iter().map(filled));
        env.retain(|_, value| !value.is_empty());
        let terraform = manifests.iter().flat_map(|manifest| manifest.terraform.iter().map(filled)).collect();
        Self { env, terraform }
    }

    /// As text.
    pub fn print(&self, format: Format) -> String {
        match format {
            Format::Shell => self.shell(),
            Format::Json => format!("{:#}\n", serde_json::json!({ "env": self.env, "terraform": self.terraform })),
            Format::Terraform => self.terraform(),
        }
    }

    fn shell(&self) -> String {
        self.env.iter().fold(String::new(), |mut text, (name, value)| {
            let _ = writeln!(text, "export {name}='{}'", value.replace('\'', r"'\''"));
            text
        })
    }

    fn terraform(&self) -> String {
        let width = self.terraform.keys().map(String::len).max().unwrap_or(0).max("access_token".len());
        let mut text = String::from("provider \"google\" {\n");
        let project = self.env.get("GOOGLE_CLOUD_PROJECT").cloned().unwrap_or_default();
        let own = [("project".to_owned(), project), ("access_token".to_owned(), "none".to_owned())];
        for (name, value) in own.iter().map(|(name, value)| (name, value)).chain(&self.terraform) {
            let _ = writeln!(text, "  {name:width$} = {}", serde_json::Value::from(value.as_str()));
        }
        text + "}\n"
    }
}

/// Prints what the running server says, or, where none runs, what one with this configuration would say.
pub async fn run(flags: &Flags, format: Format, tenant: Option<&str>) -> Result<(), Failure> {
    let config = flags.config()?;
    let client = Client::of(&config)?;
    let base = match tenant {
        Some(name) => format!("{}/_tenants/{name}", client.base),
        None => client.base.clone(),
    };
    let settings = match client.try_send(Method::GET, &query(tenant)?, None).await {
        Ok((status, answer)) if status.is_success() => serde_json::from_value(answer),
        Ok((_, answer)) => return Err(Failure::other(answer["error"]["message"].as_str().unwrap_or_default())),
        Err(_) => {
            let manifests: Vec<_> = plugin::manifests(&config).into_iter().flatten().collect();
            let manifests: Vec<_> = manifests.iter().collect();
            Ok(Settings::of(&manifests, &config, folder(&config), &base))
        }
    };
    let settings = settings.map_err(|error| Failure::other(format!("{}: {error}", client.base)))?;
    print!("{}", settings.print(format));
    Ok(())
}

/// The data folder, where it is known before the server runs.
fn folder(config: &Config) -> Option<&Path> {
    match &config.data {
        DataFolder::At(folder) => Some(folder),
        DataFolder::Ephemeral => None,
    }
}

fn query(tenant: Option<&str>) -> Result<String, Failure> {
    match tenant {
        None => Ok("/env".into()),
        Some(name) => crate::tenant::check_name(name).map(|()| format!("/env?tenant={name}")).map_err(Failure::other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Layers;
    use crate::plugin::package::MemoryPackage;

    #[test]
    fn what_services_say_is_printed_for_shells_and_terraform() {
        let text = "name = \"things\"\nversion = \"0.1.0\"\n[env]\nTHINGS_HOST = \"{host}\"\nTHINGS = \"{base}/it's\"\n\
                    [terraform]\nthings_custom_endpoint = \"{base}/things/v1/\"";
        let manifest = Manifest::read(&MemoryPackage::of_manifest("things", text)).expect("manifest");
        let layers = Layers::new().text("f", "[env]\nCLOUDSDK_CORE_DISABLE_PROMPTS = \"\"");
        let config = Config::from_layers(layers).expect("config");
        let settings = Settings::of(&[&manifest], &config, None, "http://127.0.0.1:1");
        let shell = settings.print(Format::Shell);
        assert!(shell.contains("export THINGS='http://127.0.0.1:1/it'\\''s'\n"), "{shell}");
        assert!(shell.contains("export THINGS_HOST='127.0.0.1:1'\n"), "{shell}");
        assert!(shell.contains("export CLOUDSDK_CORE_PROJECT='demo-project'\n"), "{shell}");
        assert!(!shell.contains("CORE_DISABLE_PROMPTS"), "{shell}");
        let terraform = settings.print(Format::Terraform);
        assert!(terraform.contains("things_custom_endpoint = \"http://127.0.0.1:1/things/v1/\""), "{terraform}");
    }
    #[test]
    fn clients_are_told_to_trust_a_certificate_that_was_made_here_and_no_other() {
        let of = |tls: &str| {
            let config = Config::from_layers(Layers::new().text("f", tls)).expect("config");
            Settings::of(&[], &config, Some(Path::new("/data")), "https://127.0.0.1:1").env
        };
        let env = of("tls = \"self-signed\"");
        assert_eq!(env["NODE_EXTRA_CA_CERTS"], "/data/tls/cert.pem");
        assert_eq!(env["REQUESTS_CA_BUNDLE"], "/data/tls/bundle.pem");
        assert_eq!(env["CLOUDSDK_CORE_CUSTOM_CA_CERTS_FILE"], "/data/tls/bundle.pem");
        assert!(!of("").contains_key("SSL_CERT_FILE"));
    }
}
