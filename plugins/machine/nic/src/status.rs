//! `nic status` and `nic probe`: what is there, for the reconciler and for tests.

use std::io;
use std::net::{IpAddr, SocketAddr, TcpStream};
use std::time::Duration;

use machine_config::Cidr;
use machine_config::Status;
use machine_config::status::Device;

use crate::apply::Error;
use crate::firewall;
use crate::kernel::{Address, Route, address, device, route};
use crate::netlink::{Protocol, Socket};
use crate::store::Store;

/// The state of the nic, from the kernel and the nic's files.
pub fn status() -> Result<Status, Error> {
    let kernel = |error| Error::Kernel("status", error);
    let store = Store::open()?;
    let mut socket = Socket::open(Protocol::Route).map_err(kernel)?;
    let addresses = address::list(&mut socket).map_err(kernel)?;
    let routes = route::list(&mut socket).map_err(kernel)?;
    let devices = device::list(&mut socket).map_err(kernel)?.into_iter().filter(|device| !device.loopback);
    let devices = devices.map(|found| Device {
        name: found.name,
        underlay: underlay(found.index, &addresses),
        addresses: own(found.index, &addresses, &routes),
    });
    let digest = if firewall::present().map_err(kernel)? { store.digest()? } else { None };
    Ok(Status { digest, running: store.is_serving()?, devices: devices.collect() })
}

fn underlay(device: u32, addresses: &[Address]) -> Option<std::net::Ipv4Addr> {
    let found = addresses.iter().find(|address| address.device == device && address.prefix < 32);
    found.map(|address| address.address)
}

fn own(device: u32, addresses: &[Address], routes: &[Route]) -> Vec<Cidr> {
    let single = addresses.iter().filter(|address| address.device == device && address.prefix == 32);
    let aliases = routes.iter().filter(|route| route.device == device && route.local && route.ours);
    single.map(|address| Cidr::host(address.address)).chain(aliases.map(|route| route.range)).collect()
}

/// Connects to a port as the machine would, and says what became of it: `open`, `refused`, or the error.
pub fn probe(address: &str, port: &str) -> io::Result<&'static str> {
    let invalid = |what| io::Error::new(io::ErrorKind::InvalidInput, format!("{what} is invalid"));
    let address: IpAddr = address.parse().map_err(|_| invalid("the address"))?;
    let port = port.parse().map_err(|_| invalid("the port"))?;
    match TcpStream::connect_timeout(&SocketAddr::new(address, port), Duration::from_secs(2)) {
        Ok(_) => Ok("open"),
        Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => Ok("refused"),
        Err(error) => Err(error),
    }
}
