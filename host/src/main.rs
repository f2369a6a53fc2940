//! The program: see [`fogbank::cli`].

use std::process::ExitCode;

fn main() -> ExitCode {
    fogbank::cli::main()
}
