//! The program: see [`fogbank::cli`].

use std::process::ExitCode;

/// Every request makes an instance and takes it apart again, over several threads: the system's allocator took 12 % of
/// the processor time of a small call.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    fogbank::cli::main()
}
