//! Devices of the namespace.

use crate::netlink::{Error, Message, Socket, flags};

/// A device, such as `eth0`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Device {
    pub index: u32,
    pub name: String,
    pub loopback: bool,
}

const NEW_LINK: u16 = 16;
const GET_LINK: u16 = 18;
/// Length of `struct ifinfomsg`.
const HEADER: usize = 16;
const NAME: u16 = 3;
const IFF_UP: u32 = 0x1;
const IFF_LOOPBACK: u32 = 0x8;

/// All devices.
pub fn list(socket: &mut Socket) -> Result<Vec<Device>, Error> {
    let found = socket.list(Message::new(GET_LINK, 0, &[0; HEADER]))?;
    Ok(found.iter().filter_map(read).collect())
}

/// Switches a device on.
pub fn enable(socket: &mut Socket, index: u32) -> Result<(), Error> {
    let mut header = [0; HEADER];
    header[4..8].copy_from_slice(&index.to_ne_bytes());
    header[8..12].copy_from_slice(&IFF_UP.to_ne_bytes());
    header[12..16].copy_from_slice(&IFF_UP.to_ne_bytes());
    socket.execute(Message::new(NEW_LINK, flags::REQUEST, &header))
}

fn read(message: &Message) -> Option<Device> {
    let word = |at: usize| Some(u32::from_ne_bytes(*message.body.get(at..)?.first_chunk()?));
    let name = message.attributes(HEADER).get(NAME)?;
    let name = String::from_utf8_lossy(name).trim_end_matches('\0').to_owned();
    Some(Device { index: word(4)?, name, loopback: word(8)? & IFF_LOOPBACK != 0 })
}
