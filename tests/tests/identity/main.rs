//! Who calls, and whether they may: every service alike.

mod credentials;
mod matrix;
mod modes;
mod policies;
