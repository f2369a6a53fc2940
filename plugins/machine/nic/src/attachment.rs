//! Which device each interface of the configuration is, and what has to be on it.

use std::fmt;
use std::net::Ipv4Addr;

use machine_config::{Cidr, Configuration, Interface};

use crate::kernel::route::{MAIN, OWN};
use crate::kernel::{Address, Device, Route};

/// An interface of the configuration on its device.
#[derive(Clone, Debug)]
pub struct Attachment<'configuration> {
    pub device: u32,
    /// The device's name.
    pub name: String,
    /// The address that Docker gave.
    pub underlay: Ipv4Addr,
    /// The range of Docker's bridge.
    pub subnet: Cidr,
    pub interface: &'configuration Interface,
    /// The interface's address, or the first interface's.
    pub source: Ipv4Addr,
}

/// There is no device for an interface.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AttachError {
    /// No device has an address in the same subnet as this gateway.
    NoDevice(Ipv4Addr),
    /// Two interfaces are on the device of this gateway.
    SameDevice(Ipv4Addr),
    /// The first interface has no address.
    NoAddress,
}

impl fmt::Display for AttachError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            AttachError::NoDevice(gateway) => write!(formatter, "no device is on the bridge of {gateway}"),
            AttachError::SameDevice(gateway) => write!(formatter, "two interfaces are on the bridge of {gateway}"),
            AttachError::NoAddress => formatter.write_str("the first interface has no address"),
        }
    }
}

impl std::error::Error for AttachError {}

/// Finds the device of every interface.
pub fn attach<'configuration>(
    configuration: &'configuration Configuration,
    devices: &[Device],
    addresses: &[Address],
) -> Result<Vec<Attachment<'configuration>>, AttachError> {
    let mut attachments: Vec<Attachment<'configuration>> = Vec::new();
    for interface in &configuration.interfaces {
        let found = find(interface.gateway, devices, addresses).ok_or(AttachError::NoDevice(interface.gateway))?;
        if attachments.iter().any(|other| other.device == found.device) {
            return Err(AttachError::SameDevice(interface.gateway));
        }
        let first = attachments.first().map(|first| first.source);
        let source = interface.address.or(first).ok_or(AttachError::NoAddress)?;
        let subnet = Cidr::around(found.address, found.prefix);
        let device = devices.iter().find(|device| device.index == found.device);
        let name = device.map(|device| device.name.clone()).unwrap_or_default();
        attachments.push(Attachment { device: found.device, name, underlay: found.address, subnet, interface, source });
    }
    Ok(attachments)
}

/// The address that is in one subnet with `gateway`.
fn find(gateway: Ipv4Addr, devices: &[Device], addresses: &[Address]) -> Option<Address> {
    let loopback = |index| devices.iter().any(|device| device.index == index && device.loopback);
    let near =
        |address: &&Address| address.prefix < 31 && Cidr::around(address.address, address.prefix).contains(gateway);
    addresses.iter().filter(|address| !loopback(address.device)).find(near).copied()
}

impl Attachment<'_> {
    /// The addresses that are the machine's.
    pub fn own(&self) -> Vec<Cidr> {
        let address = self.interface.address.map(Cidr::host);
        address.into_iter().chain(self.interface.aliases.iter().copied()).collect()
    }

    /// What is reached over the device.
    pub fn ranges(&self) -> Vec<Cidr> {
        self.interface.ranges.iter().map(|range| range.range).collect()
    }

    /// The machine's address as the device has it.
    pub fn address(&self) -> Option<Address> {
        self.interface.address.map(|address| Address { device: self.device, address, prefix: 32 })
    }

    /// The routes over the device; `first` tells the device that leads out.
    pub fn routes(&self, first: bool) -> Vec<Route> {
        let (device, gateway) = (self.device, self.interface.gateway);
        let ranges = self.interface.ranges.iter();
        let mut routes: Vec<_> =
            ranges.map(|range| Route::to(MAIN, range.range, device, range.next_hop, self.source)).collect();
        routes.extend(self.interface.aliases.iter().map(|alias| Route::own(*alias, device)));
        // Answers to what the host sends; the firewall lets nothing else through.
        routes.push(Route::to(MAIN, Cidr::host(gateway), device, None, self.underlay));
        routes.push(Route::to(OWN, self.subnet, device, None, self.underlay));
        if first {
            // There without egress too, since the kernel may drop answers from where no route leads (rp_filter).
            routes.push(Route::to(MAIN, Cidr::ALL, device, Some(gateway), self.source));
            routes.push(Route::to(OWN, Cidr::ALL, device, Some(gateway), self.underlay));
        }
        routes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn interface(gateway: [u8; 4], address: Option<[u8; 4]>) -> Interface {
        Interface {
            gateway: gateway.into(),
            address: address.map(Ipv4Addr::from),
            aliases: Vec::new(),
            ranges: Vec::new(),
        }
    }

    fn configuration(interfaces: Vec<Interface>) -> Configuration {
        let json =
            r#"{"endpoint": {"url": "http://h", "token": "t"}, "hostname": "w1", "interfaces": [], "egress": "none"}"#;
        Configuration { interfaces, ..serde_json::from_str(json).unwrap() }
    }

    fn devices() -> (Vec<Device>, Vec<Address>) {
        let device = |index, name: &str| Device { index, name: name.into(), loopback: index == 1 };
        let address = |device, octets: [u8; 4], prefix| Address { device, address: octets.into(), prefix };
        let addresses = vec![
            address(1, [127, 0, 0, 1], 8),
            address(4, [172, 18, 0, 2], 16),
            address(4, [10, 20, 0, 2], 32),
            address(6, [172, 19, 0, 2], 16),
        ];
        (vec![device(1, "lo"), device(4, "eth0"), device(6, "eth1")], addresses)
    }

    #[test]
    fn the_gateway_tells_the_device() {
        let (devices, addresses) = devices();
        let configuration =
            configuration(vec![interface([172, 19, 0, 1], Some([10, 20, 0, 2])), interface([172, 18, 0, 1], None)]);
        let attachments = attach(&configuration, &devices, &addresses).unwrap();
        assert_eq!((attachments[0].device, attachments[1].device), (6, 4));
        assert_eq!(attachments[1].source, Ipv4Addr::new(10, 20, 0, 2), "the first interface's address stands in");
        assert_eq!(attachments[1].subnet.to_string(), "172.18.0.0/16");
        assert!(attachments[0].routes(true).iter().any(|route| route.range == Cidr::ALL));
        assert!(!attachments[1].routes(false).iter().any(|route| route.range == Cidr::ALL));
    }

    #[test]
    fn an_interface_needs_a_device_of_its_own() {
        let (devices, addresses) = devices();
        let attached = |interfaces| attach(&configuration(interfaces), &devices, &addresses).unwrap_err();
        let one = interface([172, 18, 0, 1], Some([10, 20, 0, 2]));
        assert_eq!(attached(vec![one.clone(), one]), AttachError::SameDevice([172, 18, 0, 1].into()));
        let stray = interface([172, 30, 0, 1], Some([10, 20, 0, 2]));
        assert_eq!(attached(vec![stray]), AttachError::NoDevice([172, 30, 0, 1].into()));
        assert_eq!(attached(vec![interface([172, 18, 0, 1], None)]), AttachError::NoAddress);
    }
}
