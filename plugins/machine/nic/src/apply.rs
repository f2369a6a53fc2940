//! `nic apply`: makes the namespace what a configuration says.

use std::fmt;
use std::io::{self, Read};
use std::net::{Ipv4Addr, SocketAddr, ToSocketAddrs};

use machine_config::{Configuration, METADATA_ADDRESS};

use crate::attachment::{AttachError, Attachment, attach};
use crate::endpoint::Endpoint;
use crate::firewall::table::{Family, Table};
use crate::kernel::route::{self, LOCAL, MAIN, OWN};
use crate::kernel::{Address, Route, address, device};
use crate::netlink::{Error as NetlinkError, Protocol, Socket};
use crate::store::Store;
use crate::{announce, etc, firewall, validate};

/// Why a configuration was not applied.
#[derive(Debug)]
pub enum Error {
    /// It is not the JSON of a configuration.
    Json(serde_json::Error),
    /// It contradicts itself; one sentence each.
    Invalid(Vec<String>),
    /// It does not fit the container's networks.
    Attach(AttachError),
    /// The kernel refused a part, which may leave others done.
    Kernel(&'static str, NetlinkError),
    /// A file of the nic could not be read or written.
    Files(io::Error),
}

impl fmt::Display for Error {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::Json(error) => write!(formatter, "configuration: {error}"),
            Error::Invalid(problems) => formatter.write_str(&problems.join("\n")),
            Error::Attach(error) => error.fmt(formatter),
            Error::Kernel(part, error) => write!(formatter, "{part}: {error}"),
            Error::Files(error) => write!(formatter, "files of the nic: {error}"),
        }
    }
}

impl std::error::Error for Error {}

impl From<io::Error> for Error {
    fn from(error: io::Error) -> Error {
        Error::Files(error)
    }
}

/// Names the part of the work that the kernel refused.
trait Part<T> {
    fn part(self, part: &'static str) -> Result<T, Error>;
}

impl<T> Part<T> for Result<T, NetlinkError> {
    fn part(self, part: &'static str) -> Result<T, Error> {
        self.map_err(|error| Error::Kernel(part, error))
    }
}

/// Applies the configuration on the standard input.
pub fn from_input() -> Result<(), Error> {
    let mut json = Vec::new();
    io::stdin().read_to_end(&mut json)?;
    apply(&json)
}

/// Applies a configuration. What is wrong with it is found before anything is changed.
pub fn apply(json: &[u8]) -> Result<(), Error> {
    let configuration: Configuration = serde_json::from_slice(json).map_err(Error::Json)?;
    let problems = validate::problems(&configuration);
    if !problems.is_empty() {
        return Err(Error::Invalid(problems));
    }
    let closed = endpoint_addresses(&configuration);
    let store = Store::open()?;
    let _lock = store.lock()?;
    let mut socket = Socket::open(Protocol::Route).part("netlink")?;
    let devices = device::list(&mut socket).part("devices")?;
    let addresses = address::list(&mut socket).part("addresses")?;
    let attachments = attach(&configuration, &devices, &addresses).map_err(Error::Attach)?;
    let mark = store.mark()?;
    store.begin()?;
    prepare(&mut socket, mark)?;
    filter(&configuration, &attachments, &closed, mark)?;
    let added = reconcile(&mut socket, &attachments, &addresses)?;
    etc::write(&store, &configuration, &attachments)?;
    store.commit(json)?;
    announce::announce(&attachments, &added, mark);
    Ok(())
}

/// What every namespace of a nic has: the loopback with the metadata server's address, and the nic's own table of routes.
pub fn prepare(socket: &mut Socket, mark: u32) -> Result<(), Error> {
    const LOOPBACK: u32 = 1;
    device::enable(socket, LOOPBACK).part("loopback")?;
    let metadata = Address { device: LOOPBACK, address: METADATA_ADDRESS, prefix: 32 };
    address::add(socket, metadata).part("address of the metadata server")?;
    route::own_table(socket, mark).part("rule of the nic's own routes")
}

/// Where Fogbank is, if it is not the bridge's gateway: closed to the machine as that is.
fn endpoint_addresses(configuration: &Configuration) -> Vec<Ipv4Addr> {
    let found = Endpoint::new(&configuration.endpoint).ok();
    let found = found.and_then(|endpoint| (endpoint.host.as_str(), endpoint.port).to_socket_addrs().ok());
    let ipv4 = |address| if let SocketAddr::V4(address) = address { Some(*address.ip()) } else { None };
    found.into_iter().flatten().filter_map(ipv4).collect()
}

/// Replaces the firewall. A kernel that lacks what is not essential gets it without.
fn filter(
    configuration: &Configuration,
    attachments: &[Attachment<'_>],
    closed: &[Ipv4Addr],
    mark: u32,
) -> Result<(), Error> {
    let tables = firewall::ruleset(configuration, attachments, closed, mark);
    let Err(error) = firewall::replace(&tables) else { return Ok(()) };
    let mut silent = configuration.clone();
    silent.rules.iter_mut().for_each(|rule| rule.log = false);
    let silent = firewall::ruleset(&silent, attachments, closed, mark);
    let unguarded = |tables: &[Table]| tables.iter().filter(|table| table.family != Family::Device).cloned().collect();
    let lesser: [(Vec<Table>, &str); 3] = [
        (silent.clone(), "cannot log packets"),
        (unguarded(&tables), "cannot filter what devices send (before Linux 5.16)"),
        (unguarded(&silent), "can neither log packets nor filter what devices send"),
    ];
    for (tables, lack) in &lesser {
        if firewall::replace(tables).is_ok() {
            eprintln!("nic: this kernel {lack}; the firewall is applied without ({error})");
            return Ok(());
        }
    }
    Err(error).part("firewall")
}

/// Adds the addresses and routes that are missing, then removes those that are too many; gives the addresses that are new.
fn reconcile(
    socket: &mut Socket,
    attachments: &[Attachment<'_>],
    addresses: &[Address],
) -> Result<Vec<Ipv4Addr>, Error> {
    let wanted: Vec<_> = attachments.iter().filter_map(Attachment::address).collect();
    let missing: Vec<_> = wanted.iter().filter(|address| !addresses.contains(address)).copied().collect();
    for address in &missing {
        address::add(socket, *address).part("addresses")?;
    }
    let mut added: Vec<_> = missing.iter().map(|address| address.address).collect();
    added.extend(routes(socket, attachments)?);
    let attached = |device| attachments.iter().find(|attachment| attachment.device == device);
    let stale = addresses.iter().filter(|address| {
        attached(address.device).is_some_and(|attachment| attachment.underlay != address.address)
            && !wanted.contains(address)
    });
    for address in stale {
        address::remove(socket, *address).part("addresses")?;
    }
    Ok(added)
}

/// Makes the routes what they should be; gives the first addresses of alias ranges that are new.
fn routes(socket: &mut Socket, attachments: &[Attachment<'_>]) -> Result<Vec<Ipv4Addr>, Error> {
    let present = route::list(socket).part("routes")?;
    let all = attachments.iter().enumerate();
    let wanted: Vec<_> = all.flat_map(|(index, attachment)| attachment.routes(index == 0)).collect();
    let mut added = Vec::new();
    for route in wanted.iter().filter(|route| !present.contains(route)) {
        route::replace(socket, *route).part("routes")?;
        added.extend(route.local.then_some(route.range.first()));
    }
    // As it is now: replacing took others away.
    let present = route::list(socket).part("routes")?;
    let removable =
        |route: &&Route| (matches!(route.table, MAIN | OWN) && !route.local) || (route.table == LOCAL && route.ours);
    for route in present.iter().filter(removable).filter(|route| !wanted.contains(route)) {
        route::remove(socket, *route).part("routes")?;
    }
    Ok(added)
}
