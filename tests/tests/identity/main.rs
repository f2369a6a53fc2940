//! Who calls, and whether they may: every service alike.

mod matrix;
mod modes;
