//! The nic: the program that owns a machine's network namespace.
//!
//! It is the first process of the nic's container and has NET_ADMIN; the machine's own container shares the namespace without that
//! right, so what the nic sets up it cannot change.
//!
//! # Layout
//!
//! - [`apply`], [`run`], [`status`]: the commands
//! - [`validate`], [`attachment`]: from a configuration to what has to be there
//! - [`kernel`], [`firewall`], [`netlink`]: devices, addresses, routes and nftables
//! - [`proxy`], [`dns`], [`names`], [`endpoint`]: the metadata server, the resolver, and the way to Fogbank
//! - [`store`], [`settings`], [`etc`]: files
//! - [`announce`], [`log`]: ARP for addresses that moved, firewall logs

#![forbid(unsafe_code)]

mod announce;
mod apply;
mod attachment;
mod dns;
mod endpoint;
mod etc;
mod firewall;
mod kernel;
mod log;
mod names;
mod netlink;
mod proxy;
mod run;
mod settings;
mod status;
mod store;
mod validate;

use std::env;
use std::fmt::Display;
use std::process::ExitCode;

/// Where the metadata server listens, behind port 80; below the ports that the kernel gives to clients.
const METADATA_PORT: u16 = 8066;
/// Where the resolver listens, behind port 53.
const RESOLVER_PORT: u16 = 5366;

const USAGE: &str = "usage: nic run | apply < configuration.json | status | probe ADDRESS PORT";

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let arguments: Vec<_> = arguments.iter().map(String::as_str).collect();
    match arguments[..] {
        ["run"] => done(run::run().map(|()| None)),
        ["apply"] => done(apply::from_input().map(|()| None)),
        ["status"] => done(status::status().map(|status| serde_json::to_string(&status).ok())),
        ["probe", address, port] => done(status::probe(address, port).map(|found| Some(found.to_owned()))),
        _ => {
            eprintln!("{USAGE}");
            ExitCode::from(2)
        }
    }
}

/// Prints what came out; 1 is the code of every failure.
fn done(result: Result<Option<String>, impl Display>) -> ExitCode {
    match result {
        Ok(output) => {
            output.iter().for_each(|line| println!("{line}"));
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("nic: {error}");
            ExitCode::FAILURE
        }
    }
}
