//! The host: what is true of every service.

mod contract;
mod docker;
mod domain;
mod example;
mod gateway;
mod health;
mod isolation;
mod malformed;
mod process;
mod reload;
mod runtime;
mod tls;
mod traces;
