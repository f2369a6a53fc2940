//! `fogbank plugin`: the services of the running server, or those that would be loaded.

use super::Failure;
use super::args::Settings;
use super::client::Client;
use crate::config::Config;
use crate::plugin::embedded;
use crate::plugin::manifest::{Manifest, Problem};
use crate::plugin::package::{self, FolderPackage, Package};
use http::Method;
use serde_json::Value;

#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// List services: name, version, routes, and what keeps one from serving.
    List,
}

/// Does it.
pub async fn run(settings: &Settings, command: Command) -> Result<(), Failure> {
    let Command::List = command;
    let config = settings.config()?;
    match Client::of(&config)?.try_send(Method::GET, "/plugins", None).await {
        Ok((_, answer)) => print(&answer),
        Err(_) => {
            println!("(no server is running; these would be loaded)");
            for manifest in manifests(&config) {
                match manifest {
                    Ok(manifest) => {
                        let routes = manifest.routes.len();
                        println!("{:24} {:10} {routes} routes", manifest.name, manifest.version);
                    }
                    Err(problems) => problems.iter().for_each(|problem| println!("{problem}")),
                }
            }
        }
    }
    Ok(())
}

/// The manifests that a server with this configuration would load.
pub fn manifests(config: &Config) -> Vec<Result<Manifest, Vec<Problem>>> {
    let folders = config.plugins_dir.as_ref().and_then(|folder| package::folders(folder).ok()).unwrap_or_default();
    let own: Vec<_> = folders.into_iter().map(|folder| Manifest::read(&FolderPackage(folder))).collect();
    let name = |manifest: &Result<Manifest, _>| manifest.as_ref().ok().map(|manifest: &Manifest| manifest.name.clone());
    let replaced: Vec<_> = own.iter().filter_map(name).collect();
    let embedded = embedded::packages().into_iter();
    let embedded = embedded.filter(|package| replaced.iter().all(|name| **name != *package.name));
    let embedded = embedded.filter(|package| config.is_enabled(&package.name));
    own.into_iter().chain(embedded.map(|package| Manifest::read(&package as &dyn Package))).collect()
}

fn print(answer: &Value) {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    for plugin in answer["plugins"].as_array().into_iter().flatten() {
        let (name, version, state) = (text(&plugin["name"]), text(&plugin["version"]), text(&plugin["state"]));
        println!("{name:24} {version:10} {state:10} {} routes  {}", plugin["routes"], text(&plugin["title"]));
    }
    for problem in answer["problems"].as_array().into_iter().flatten() {
        println!("{} does not serve:", text(&problem["place"]));
        for why in problem["problems"].as_array().into_iter().flatten() {
            println!("  {}", text(why));
        }
    }
}
