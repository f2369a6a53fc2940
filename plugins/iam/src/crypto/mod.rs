//! Keys, signatures, certificates and JSON Web Tokens, in pure Rust: a component has no library of the system's.

pub mod certificate;
pub mod hash;
pub mod jwt;
pub mod rsa;
