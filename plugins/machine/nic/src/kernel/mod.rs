//! Devices, addresses and routes of the namespace, read and changed over rtnetlink(7).

pub mod address;
pub mod device;
pub mod route;

pub use address::Address;
pub use device::Device;
pub use route::Route;

/// `AF_INET`.
const IPV4: u8 = 2;

/// Marks what we made, so that nothing else is removed (`RTPROT_*`; 66 is what Google's guest agent uses).
const PROTOCOL: u8 = 66;
