//! `fogbank tenant`: the tenants of the running server.

use super::Failure;
use super::args::Settings;
use super::client::Client;
use http::Method;
use serde_json::{Value, json};

#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// Make a tenant.
    Create {
        /// A letter, then up to 30 of a-z, 0-9 and hyphen.
        name: String,
    },
    /// List the tenants.
    List,
    /// Empty a tenant: its data is gone, its clock is the machine's.
    Reset { name: String },
    /// Remove a tenant and its data.
    Delete { name: String },
}

/// Does it, and says how the tenant is reached.
pub async fn run(settings: &Settings, command: Command) -> Result<(), Failure> {
    let client = Client::of_settings(settings)?;
    match command {
        Command::Create { name } => {
            client.send(Method::POST, "/tenants", Some(&json!({ "name": name }))).await?;
            println!("{}/_tenants/{name}", client.base);
        }
        Command::List => print(&client, &client.send(Method::GET, "/tenants", None).await?),
        Command::Reset { name } => {
            client.send(Method::POST, &format!("/tenants/{}/reset", segment(&name)?), None).await?;
            println!("{name} is empty");
        }
        Command::Delete { name } => {
            client.send(Method::DELETE, &format!("/tenants/{}", segment(&name)?), None).await?;
            println!("{name} is gone");
        }
    }
    Ok(())
}

fn segment(name: &str) -> Result<&str, Failure> {
    crate::tenant::check_name(name).map(|()| name).map_err(Failure::other)
}

fn print(client: &Client, answer: &Value) {
    for tenant in answer["tenants"].as_array().into_iter().flatten() {
        let name = tenant["name"].as_str().unwrap_or_default();
        let base = match name {
            crate::tenant::DEFAULT => client.base.clone(),
            name => format!("{}/_tenants/{name}", client.base),
        };
        let ahead = tenant["clock"]["offset-ms"].as_i64().unwrap_or(0);
        let clock = if ahead == 0 { String::new() } else { format!("  clock {ahead} ms ahead") };
        println!("{name:31} {base}{clock}");
    }
}
