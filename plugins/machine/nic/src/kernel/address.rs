//! Addresses of devices.

use std::net::Ipv4Addr;

use super::IPV4;
use crate::netlink::{Error, Message, Socket, flags};

/// An address on a device, with the prefix of the network that it is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Address {
    pub device: u32,
    pub address: Ipv4Addr,
    pub prefix: u8,
}

const NEW_ADDRESS: u16 = 20;
const DELETE_ADDRESS: u16 = 21;
const GET_ADDRESS: u16 = 22;
/// Length of `struct ifaddrmsg`.
const HEADER: usize = 8;
const LOCAL: u16 = 2;

/// All IPv4 addresses.
pub fn list(socket: &mut Socket) -> Result<Vec<Address>, Error> {
    let found = socket.list(Message::new(GET_ADDRESS, 0, &[IPV4, 0, 0, 0, 0, 0, 0, 0]))?;
    Ok(found.iter().filter_map(read).collect())
}

/// Adds an address; one that is there stays.
pub fn add(socket: &mut Socket, address: Address) -> Result<(), Error> {
    socket.execute(address.message(NEW_ADDRESS, flags::CREATE | flags::REPLACE))
}

/// Removes an address.
pub fn remove(socket: &mut Socket, address: Address) -> Result<(), Error> {
    socket.execute(address.message(DELETE_ADDRESS, 0))
}

impl Address {
    fn message(self, kind: u16, extra: u16) -> Message {
        let [a, b, c, d] = self.device.to_ne_bytes();
        let mut message = Message::new(kind, flags::REQUEST | extra, &[IPV4, self.prefix, 0, 0, a, b, c, d]);
        message.attribute(LOCAL, &self.address.octets()).attribute(1, &self.address.octets());
        message
    }
}

fn read(message: &Message) -> Option<Address> {
    let [_, prefix, _, _, device @ ..] = *message.body.first_chunk::<HEADER>()?;
    let address = Ipv4Addr::from(message.attributes(HEADER).array::<4>(LOCAL)?);
    Some(Address { device: u32::from_ne_bytes(device), address, prefix })
}
