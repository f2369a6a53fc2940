//! Firewall logs: packets that a rule with logging decided, as JSON lines on the standard output.

use std::io::Write;
use std::net::Ipv4Addr;
use std::thread;

use serde_json::{Value, json};

use crate::firewall::expression::LOG_GROUP;
use crate::netlink::{Error, Message, Protocol, Socket, flags};

/// `NFNL_SUBSYS_ULOG << 8`.
const SUBSYSTEM: u16 = 4 << 8;
const PACKET: u16 = SUBSYSTEM;
const CONFIGURE: u16 = SUBSYSTEM | 1;
/// Length of `struct nfgenmsg`.
const HEADER: usize = 4;

/// `NFULA_*`.
mod attribute {
    pub const INPUT: u16 = 4;
    pub const PAYLOAD: u16 = 9;
    pub const PREFIX: u16 = 10;
}

/// Starts a thread that writes what is logged. Where the kernel cannot log, there is nothing to write.
pub fn start() {
    let socket = Socket::open(Protocol::Netfilter).and_then(|mut socket| {
        listen(&mut socket)?;
        Ok(socket)
    });
    match socket {
        Ok(socket) => drop(thread::spawn(move || write(socket))),
        Err(error) => eprintln!("nic: firewall logs are off: {error}"),
    }
}

/// Asks for the packets of our group.
fn listen(socket: &mut Socket) -> Result<(), Error> {
    const BIND: u8 = 1;
    const COPY_PACKET: u8 = 2;
    let [high, low] = LOG_GROUP.to_be_bytes();
    let configure = |kind, value: &[u8]| {
        let mut message = Message::new(CONFIGURE, flags::REQUEST, &[0, 0, high, low]);
        message.attribute(kind, value);
        message
    };
    socket.execute(configure(1, &[BIND]))?;
    socket.execute(configure(2, &[0, 0, 0xff, 0xff, COPY_PACKET, 0]))
}

fn write(mut socket: Socket) {
    loop {
        // An error is that packets came faster than they were read.
        let packets = socket.wait().unwrap_or_default();
        let lines = packets.iter().filter(|message| message.kind == PACKET).filter_map(line);
        for line in lines {
            // Nobody may be reading.
            let _ = writeln!(std::io::stdout(), "{line}");
        }
    }
}

fn line(message: &Message) -> Option<Value> {
    let attributes = message.attributes(HEADER);
    let rule = std::str::from_utf8(attributes.get(attribute::PREFIX)?).ok()?;
    let rule: u32 = rule.trim_end_matches('\0').parse().ok()?;
    let direction = if attributes.get(attribute::INPUT).is_some() { "ingress" } else { "egress" };
    Some(json!({"rule": rule, "direction": direction, "packet": packet(attributes.get(attribute::PAYLOAD)?)?}))
}

/// What an IPv4 packet tells of itself.
fn packet(bytes: &[u8]) -> Option<Value> {
    let header = bytes.first_chunk::<20>()?;
    let address = |at: usize| Some(Ipv4Addr::from(*header[at..].first_chunk::<4>()?));
    let mut packet = json!({"source": address(12)?, "destination": address(16)?, "protocol": header[9]});
    let ports = bytes.get(usize::from(header[0] & 0xf) * 4..).and_then(|rest| rest.first_chunk::<4>());
    if let Some([a, b, c, d]) = ports.filter(|_| machine_config::Protocol::has_ports(header[9])) {
        packet["source_port"] = u16::from_be_bytes([*a, *b]).into();
        packet["destination_port"] = u16::from_be_bytes([*c, *d]).into();
    }
    Some(packet)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tells_what_a_packet_is() {
        let mut message = Message::new(PACKET, 0, &[0; HEADER]);
        let mut bytes = vec![0x45, 0, 0, 24, 0, 0, 0, 0, 64, 6, 0, 0, 10, 20, 0, 3, 10, 20, 0, 2];
        bytes.extend([0xc0, 0, 0, 80]);
        message.attribute(attribute::INPUT, &[0, 0, 0, 2]).attribute(attribute::PAYLOAD, &bytes);
        message.text(attribute::PREFIX, "3");
        let expected = json!({"rule": 3, "direction": "ingress", "packet": {"source": "10.20.0.3",
            "destination": "10.20.0.2", "protocol": 6, "source_port": 49152, "destination_port": 80}});
        assert_eq!(line(&message), Some(expected));
    }
}
