//! The program that owns a machine's network namespace.

fn main() {}
