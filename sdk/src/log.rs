//! Lines in the host's log, under the request's id, tenant and plugin: `log::warn!("{count} left over")`.
//!
//! In native unit tests they go to standard error.

#[doc(inline)]
pub use crate::{__debug as debug, __error as error, __info as info, __warn as warn};

/// How much a line matters.
pub use crate::bindings::fogbank::context::context::Level;

/// Writes one line.
pub fn write(level: Level, message: std::fmt::Arguments<'_>) {
    #[cfg(target_arch = "wasm32")]
    crate::bindings::fogbank::context::context::log(level, &message.to_string());
    #[cfg(not(target_arch = "wasm32"))]
    eprintln!("{level:?}: {message}");
}

/// A line for somebody who looks for a fault.
#[doc(hidden)]
#[macro_export]
macro_rules! __debug {
    ($($argument:tt)*) => { $crate::log::write($crate::log::Level::Debug, format_args!($($argument)*)) };
}

/// A line about what is in order.
#[doc(hidden)]
#[macro_export]
macro_rules! __info {
    ($($argument:tt)*) => { $crate::log::write($crate::log::Level::Info, format_args!($($argument)*)) };
}

/// A line about what may become a fault.
#[doc(hidden)]
#[macro_export]
macro_rules! __warn {
    ($($argument:tt)*) => { $crate::log::write($crate::log::Level::Warn, format_args!($($argument)*)) };
}

/// A line about a fault.
#[doc(hidden)]
#[macro_export]
macro_rules! __error {
    ($($argument:tt)*) => { $crate::log::write($crate::log::Level::Error, format_args!($($argument)*)) };
}
