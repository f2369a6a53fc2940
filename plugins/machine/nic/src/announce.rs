//! Tells the bridge where an address is now.
//!
//! An address moves to another device when its machine starts again, and the other machines keep the old device's hardware address
//! for up to a minute. Sending ARP itself takes NET_RAW; but the kernel asks with ARP for any neighbour that it does not know, and
//! whoever hears the question and knows the asker's address corrects it (RFC 826). So a datagram to a neighbour that nobody is
//! does it: the first address of a range, which Google reserves.

use std::net::{Ipv4Addr, SocketAddrV4, UdpSocket};

use socket2::SockRef;

use crate::attachment::Attachment;

/// The discard service; nobody gets the datagram.
const DISCARD: u16 = 9;

/// Announces the `added` addresses on their devices. What cannot be sent is left: neighbours find out by themselves, later.
pub fn announce(attachments: &[Attachment<'_>], added: &[Ipv4Addr], mark: u32) {
    for attachment in attachments {
        let own = attachment.own();
        let direct = attachment.interface.ranges.iter().filter(|range| range.next_hop.is_none());
        let nobody =
            direct.map(|range| range.range.first()).find(|address| !own.iter().any(|own| own.contains(*address)));
        let Some(nobody) = nobody else { continue };
        for address in added.iter().filter(|address| own.iter().any(|own| own.contains(**address))) {
            let _ = ask(*address, nobody, mark);
        }
    }
}

fn ask(address: Ipv4Addr, nobody: Ipv4Addr, mark: u32) -> std::io::Result<()> {
    let socket = UdpSocket::bind(SocketAddrV4::new(address, 0))?;
    SockRef::from(&socket).set_mark(mark)?;
    socket.send_to(&[], SocketAddrV4::new(nobody, DISCARD)).map(|_| ())
}
