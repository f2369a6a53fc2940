//! What the service `compute` asks for its machines: addresses of subnetworks, and nics that have them.
//!
//! | module | what it is |
//! |---|---|
//! | [`row`] | machines and their interfaces as rows |
//! | [`background`] | operations that carry a change to machines |

pub mod background;
pub mod row;
