//! Routes, and the rule that gives the nic's own sockets a table of their own.

use std::net::Ipv4Addr;

use machine_config::Cidr;

use super::{IPV4, PROTOCOL};
use crate::netlink::{Error, Message, Socket, flags};

/// A route of IPv4.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Route {
    pub table: u32,
    pub range: Cidr,
    pub device: u32,
    /// The router; none when everything in the range is on the device's link.
    pub gateway: Option<Ipv4Addr>,
    /// The address that packets have unless their socket chose another.
    pub source: Option<Ipv4Addr>,
    /// Whether the range's addresses are our own.
    pub local: bool,
    /// Whether the route was made by a nic.
    pub ours: bool,
}

/// `RT_TABLE_MAIN`.
pub const MAIN: u32 = 254;
/// `RT_TABLE_LOCAL`.
pub const LOCAL: u32 = 255;
/// Table of the nic's own sockets, which reach Fogbank whatever the VPC's ranges are.
pub const OWN: u32 = 7066;
/// Place of the rule for [`OWN`] among rules: behind the local table's, before the main table's.
const OWN_PRIORITY: u32 = 1066;

const NEW_ROUTE: u16 = 24;
const DELETE_ROUTE: u16 = 25;
const GET_ROUTE: u16 = 26;
const NEW_RULE: u16 = 32;
const DELETE_RULE: u16 = 33;
const GET_RULE: u16 = 34;
/// Length of `struct rtmsg`, and of `struct fib_rule_hdr`.
const HEADER: usize = 12;

const UNICAST: u8 = 1;
const LOCAL_TYPE: u8 = 2;
const SCOPE_UNIVERSE: u8 = 0;
const SCOPE_LINK: u8 = 253;
const SCOPE_HOST: u8 = 254;
/// `RTNH_F_ONLINK`: the router is on the link, whatever the other routes say.
const ON_LINK: u32 = 4;

/// `RTA_*`.
mod attribute {
    pub const DESTINATION: u16 = 1;
    pub const DEVICE: u16 = 4;
    pub const GATEWAY: u16 = 5;
    pub const PREFERRED_SOURCE: u16 = 7;
    pub const TABLE: u16 = 15;
}

/// `FRA_*`.
mod rule {
    pub const PRIORITY: u16 = 6;
    pub const MARK: u16 = 10;
    pub const TABLE: u16 = 15;
}

/// All IPv4 routes of all tables.
pub fn list(socket: &mut Socket) -> Result<Vec<Route>, Error> {
    let mut header = [0; HEADER];
    header[0] = IPV4;
    let found = socket.list(Message::new(GET_ROUTE, 0, &header))?;
    Ok(found.iter().filter_map(read).collect())
}

/// Adds a route, in the place of another for the same range.
pub fn replace(socket: &mut Socket, route: Route) -> Result<(), Error> {
    socket.execute(route.message(NEW_ROUTE, flags::CREATE | flags::REPLACE))
}

/// Removes a route.
pub fn remove(socket: &mut Socket, route: Route) -> Result<(), Error> {
    socket.execute(route.message(DELETE_ROUTE, 0))
}

/// Sends packets of sockets with `mark` through the table [`OWN`], and takes rules for other marks away.
pub fn own_table(socket: &mut Socket, mark: u32) -> Result<(), Error> {
    let mut header = [0; HEADER];
    header[0] = IPV4;
    let rules = socket.list(Message::new(GET_RULE, 0, &header))?;
    let marks = rules.iter().map(|rule| rule.attributes(HEADER)).filter_map(|rule| {
        let priority = rule.array(self::rule::PRIORITY).map(u32::from_ne_bytes)?;
        if priority == OWN_PRIORITY { rule.array(self::rule::MARK).map(u32::from_ne_bytes) } else { None }
    });
    let mut present = false;
    for other in marks {
        present |= other == mark;
        if other != mark {
            socket.execute(mark_rule(DELETE_RULE, 0, other))?;
        }
    }
    if present { Ok(()) } else { socket.execute(mark_rule(NEW_RULE, flags::CREATE, mark)) }
}

fn mark_rule(kind: u16, extra: u16, mark: u32) -> Message {
    /// `FR_ACT_TO_TBL`.
    const TO_TABLE: u8 = 1;
    let mut header = [0; HEADER];
    (header[0], header[7]) = (IPV4, TO_TABLE);
    let mut message = Message::new(kind, flags::REQUEST | extra, &header);
    message.attribute(rule::PRIORITY, &OWN_PRIORITY.to_ne_bytes());
    message.attribute(rule::MARK, &mark.to_ne_bytes()).attribute(rule::TABLE, &OWN.to_ne_bytes());
    message
}

impl Route {
    /// A route of ours to what is on the link of `device`, or behind `gateway`.
    pub fn to(table: u32, range: Cidr, device: u32, gateway: Option<Ipv4Addr>, source: Ipv4Addr) -> Route {
        Route { table, range, device, gateway, source: Some(source), local: false, ours: true }
    }

    /// A route that makes all addresses of `range` our own.
    pub fn own(range: Cidr, device: u32) -> Route {
        Route { table: LOCAL, range, device, gateway: None, source: None, local: true, ours: true }
    }

    fn message(self, kind: u16, extra: u16) -> Message {
        let scope = match (self.local, self.gateway) {
            (true, _) => SCOPE_HOST,
            (false, None) => SCOPE_LINK,
            (false, Some(_)) => SCOPE_UNIVERSE,
        };
        let route_type = if self.local { LOCAL_TYPE } else { UNICAST };
        let [a, b, c, d] = if self.gateway.is_some() { ON_LINK.to_ne_bytes() } else { [0; 4] };
        // The table is an attribute, as it does not fit the header's byte. Removing takes any protocol.
        let protocol = if kind == DELETE_ROUTE { 0 } else { PROTOCOL };
        let header = [IPV4, self.range.prefix(), 0, 0, 0, protocol, scope, route_type, a, b, c, d];
        let mut message = Message::new(kind, flags::REQUEST | extra, &header);
        message.attribute(attribute::DESTINATION, &self.range.first().octets());
        message.attribute(attribute::DEVICE, &self.device.to_ne_bytes());
        message.attribute(attribute::TABLE, &self.table.to_ne_bytes());
        if let Some(gateway) = self.gateway {
            message.attribute(attribute::GATEWAY, &gateway.octets());
        }
        if let Some(source) = self.source {
            message.attribute(attribute::PREFERRED_SOURCE, &source.octets());
        }
        message
    }
}

/// Reads a route with one device; machines have no others.
fn read(message: &Message) -> Option<Route> {
    let [_, prefix, _, _, table, protocol, _, route_type, ..] = *message.body.first_chunk::<HEADER>()?;
    let attributes = message.attributes(HEADER);
    let address = |kind| attributes.array::<4>(kind).map(Ipv4Addr::from);
    let number = |kind| attributes.array::<4>(kind).map(u32::from_ne_bytes);
    if route_type != UNICAST && route_type != LOCAL_TYPE {
        return None;
    }
    Some(Route {
        table: number(attribute::TABLE).unwrap_or(u32::from(table)),
        range: Cidr::around(address(attribute::DESTINATION).unwrap_or(Ipv4Addr::UNSPECIFIED), prefix),
        device: number(attribute::DEVICE)?,
        gateway: address(attribute::GATEWAY),
        source: address(attribute::PREFERRED_SOURCE),
        local: route_type == LOCAL_TYPE,
        ours: protocol == PROTOCOL,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_route_it_writes() {
        let source = Ipv4Addr::new(10, 20, 0, 2);
        let through = Route::to(MAIN, Cidr::ALL, 7, Some(Ipv4Addr::new(172, 18, 0, 1)), source);
        let on_link = Route::to(OWN, "10.20.0.0/24".parse().unwrap(), 7, None, source);
        let own = Route::own("10.30.0.0/28".parse().unwrap(), 7);
        for route in [through, on_link, own] {
            assert_eq!(read(&route.message(NEW_ROUTE, 0)), Some(route));
        }
    }
}
