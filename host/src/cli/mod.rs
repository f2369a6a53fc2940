//! The command line: one file a subcommand.
//!
//! Exit status: 2 for a configuration that is wrong, 3 for an address or a data folder that is in use, 1 for the rest.

mod args;
mod client;
mod data;
mod doctor;
pub mod env;
mod iam;
mod plugin;
mod serve;
mod tenant;

use crate::config::ConfigErrors;
use crate::plugin::compile;
use args::{Cli, Command};
use clap::{CommandFactory, FromArgMatches};
use std::path::Path;
use std::process::ExitCode;

/// Why a command ends badly.
#[derive(Debug)]
pub enum Failure {
    /// What the operator wrote is wrong.
    Config(ConfigErrors),
    /// Another process has the address or the data folder.
    InUse(String),
    /// Anything else, in lines for the operator.
    Other(Vec<String>),
}

impl Failure {
    /// A failure in one line.
    fn other(line: impl Into<String>) -> Self {
        Failure::Other(vec![line.into()])
    }

    fn status(&self) -> u8 {
        match self {
            Failure::Config(_) => 2,
            Failure::InUse(_) => 3,
            Failure::Other(_) => 1,
        }
    }

    fn print(&self) {
        match self {
            Failure::Config(errors) => eprint!("fogbank: {errors}"),
            Failure::InUse(line) => eprintln!("fogbank: {line}"),
            Failure::Other(lines) => lines.iter().for_each(|line| eprintln!("fogbank: {line}")),
        }
    }
}

impl From<ConfigErrors> for Failure {
    fn from(errors: ConfigErrors) -> Self {
        Failure::Config(errors)
    }
}

/// Runs the program.
pub fn main() -> ExitCode {
    let arguments: Vec<_> = std::env::args_os().collect();
    // The compiler runs as a child of the server, before anything else is looked at.
    if let [_, first, input, output] = arguments.as_slice()
        && first == compile::ARGUMENT
    {
        let status = compile::child_main(Path::new(input), Path::new(output));
        return ExitCode::from(u8::try_from(status).unwrap_or(1));
    }
    let matches = Cli::command().after_long_help(args::settings_help()).get_matches();
    let cli = Cli::from_arg_matches(&matches).unwrap_or_else(|error| error.exit());
    match run(cli) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            failure.print();
            ExitCode::from(failure.status())
        }
    }
}

fn run(cli: Cli) -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let runtime = runtime.map_err(|error| Failure::other(format!("no threads: {error}")))?;
    let done = runtime.block_on(async {
        let settings = cli.settings;
        match cli.command.unwrap_or(Command::Serve) {
            Command::Serve => serve::run(settings.config()?).await,
            Command::Env { format, tenant } => env::run(&settings, format, tenant.as_deref()).await,
            Command::Doctor => doctor::run(&settings).await,
            Command::Iam { command } => iam::run(&settings, command).await,
            Command::Plugin { command } => plugin::run(&settings, command).await,
            Command::Tenant { command } => tenant::run(&settings, command).await,
        }
    });
    // Nothing may outlive the command; what is still there (a look at a slow disk) is not waited for.
    runtime.shutdown_timeout(std::time::Duration::from_secs(1));
    done
}
