//! The machine's resolver, RFC 1035.
//!
//! # Layout
//!
//! - [`message`]: questions and answers as bytes
//! - [`server`]: UDP and TCP, and what is answered
//! - [`forward`]: questions that others answer

pub mod forward;
pub mod message;
pub mod server;
