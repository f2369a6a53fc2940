//! Client libraries that are written in Rust. Those of other languages are in `tests/clients`.

mod object_store;
