//! The gateway over a real connection, with services that are not there.

mod admin;
mod auth;
mod http;
mod malformed;
mod stop;
mod support;
mod tls;
