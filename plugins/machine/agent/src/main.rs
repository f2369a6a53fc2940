//! The first process of a machine's own container.

fn main() {}
