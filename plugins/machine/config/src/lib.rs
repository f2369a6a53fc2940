//! The configuration of a nic: what `plugins/vpc` writes and `nic apply` reads on its standard input, as JSON.
//!
//! It is the whole truth about one machine's network: what it does not name is removed. IPv4 only; machines have no IPv6 address.
//!
//! # Layout
//!
//! - [`cidr`]: the range of addresses
//! - [`rule`]: a firewall rule, resolved for this machine
//! - [`status`]: what `nic status` prints
//!
//! # The nic's container
//!
//! - The image is the program alone, as `/nic`; the command is `["/nic", "run"]`. The root file system is writable: state is in
//!   `/run/nic`, and Docker's `/etc/resolv.conf` and `/etc/hosts` are written in place (machines that join share both files).
//! - NET_ADMIN is the only capability that it needs. No sysctl has to be set; `net.ipv4.ip_forward=1` for `can_ip_forward` is
//!   what Docker's hosts give to their containers.
//! - `dns` and `dns-search` are not set: the nic writes `/etc/resolv.conf` itself, and what Docker wrote there says whom to ask
//!   for names of the internet.
//! - Bridges have ranges that no VPC has. Where they overlap, the gateway's address and other containers' are not the VPC's.
//! - A machine's container starts after the first `apply`, and again after the nic's container did: a namespace ends with it. The
//!   nic that starts again applies its last configuration by itself.
//! - A machine's container has neither NET_ADMIN nor SYS_ADMIN. Docker's default rights are safe: what NET_RAW can send under
//!   another's address is dropped behind the network stack, since Linux 5.16.
//!
//! # Names of machines
//!
//! The nic answers DNS for the machine on 169.254.169.254. What ends in `.internal` it asks from Fogbank with the endpoint's token:
//!
//! - `GET {url}/fogbank/v1/names/{name}` gives `{"addresses": ["10.20.0.3"]}`, or 404 when there is no such name
//! - `GET {url}/fogbank/v1/names/{reversed}.in-addr.arpa` gives `{"names": ["w2.us-central1-a.c.p.internal"]}`, or 404; asked for
//!   addresses inside the interfaces' ranges only

#![forbid(unsafe_code)]

pub mod cidr;
pub mod rule;
pub mod status;

use std::net::Ipv4Addr;

use serde::{Deserialize, Serialize};

pub use cidr::Cidr;
pub use rule::{Action, Direction, Protocol, Rule};
pub use status::Status;

/// Where the metadata server and the resolver are, in every machine.
pub const METADATA_ADDRESS: Ipv4Addr = Ipv4Addr::new(169, 254, 169, 254);

/// Everything a nic does for its machine.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Configuration {
    /// Where Fogbank is, for the metadata server and the names.
    pub endpoint: Endpoint,
    /// The machine's full name, `w1.us-central1-a.c.PROJECT.internal`; it is answered without asking Fogbank, with the first
    /// interface's address.
    pub hostname: String,
    /// Search domains of the machine's `/etc/resolv.conf`. None: what Docker wrote there stays.
    #[serde(default)]
    pub search: Vec<String>,
    /// Resolvers for names outside `.internal`, asked in this order. None: those that Docker gave to the nic's container, which
    /// must then not have `dns` set to 169.254.169.254 (Docker's resolver would ask us what we ask it).
    #[serde(default)]
    pub resolvers: Vec<Ipv4Addr>,
    /// Host names (with everything below them) that the resolver answers with 169.254.169.254, whose requests the nic hands to
    /// Fogbank as they are: own `Host`, own `Authorization`. `["googleapis.com"]` is Private Google Access, without TLS.
    #[serde(default)]
    pub services: Vec<String>,
    /// The machine's interfaces; the first is nic0 and has an address. Only Docker networks named here are used.
    pub interfaces: Vec<Interface>,
    /// Whether the machine reaches what is outside its VPC.
    pub egress: Egress,
    /// `canIpForward`: the machine may send packets with addresses that are not its own, and passes others' packets on (which
    /// also needs the sysctl `net.ipv4.ip_forward=1` on the nic's container, the default where Docker runs on Linux).
    #[serde(default)]
    pub can_ip_forward: bool,
    /// Firewall rules in any order. Implied after them: ingress is denied, egress is allowed.
    #[serde(default)]
    pub rules: Vec<Rule>,
}

/// How Fogbank is reached from the nic's namespace.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Endpoint {
    /// `http://HOST[:PORT][/PREFIX]`; the host is usually the bridge's gateway, `host.docker.internal` on Docker Desktop.
    pub url: String,
    /// Sent as `Authorization: Bearer TOKEN`; says which machine asks.
    pub token: String,
}

impl std::fmt::Debug for Endpoint {
    /// The token stays out of logs.
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Endpoint").field("url", &self.url).finish_non_exhaustive()
    }
}

/// One of the nic's devices, which is on one Docker bridge.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Interface {
    /// The Docker bridge's own address. It tells the device: the one that has an address in the same subnet.
    pub gateway: Ipv4Addr,
    /// The address in the VPC (`networkIP`). None for a device that only leads to a peered VPC's bridge: its packets have the
    /// first interface's address.
    #[serde(default)]
    pub address: Option<Ipv4Addr>,
    /// Alias IP ranges (`aliasIpRanges`), all of whose addresses are the machine's.
    #[serde(default)]
    pub aliases: Vec<Cidr>,
    /// What is reached over this device: the VPC's subnets, secondary ranges, peers' ranges, custom routes. New connections come
    /// in over the device from these ranges only (and from the host). A range must not be `0.0.0.0/0`: see [`Egress`].
    pub ranges: Vec<Range>,
}

/// A range of the VPC, reached directly or by way of another machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Range {
    pub range: Cidr,
    /// The machine that takes packets for this range (`nextHopIp`, `nextHopInstance`), itself inside a range without one.
    #[serde(default)]
    pub next_hop: Option<Ipv4Addr>,
}

/// What becomes of packets for addresses outside every interface's ranges.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Egress {
    /// They are refused (ICMP net unreachable): no external address, no NAT, or no default route.
    None,
    /// They leave through the first interface's gateway with the container's own address. Addresses of Docker's bridges,
    /// Fogbank's among them, stay closed to the machine.
    Nat,
}

/// What [`Status::digest`] will be after these bytes have been applied: FNV-1a of 128 bits, in hexadecimal. It tells versions of a
/// configuration apart and proves nothing.
#[must_use]
pub fn digest(json: &[u8]) -> String {
    const BASIS: u128 = 0x6c62_272e_07bb_0142_62b8_2175_6295_c58d;
    const PRIME: u128 = 0x0000_0000_0100_0000_0000_0000_0000_013b;
    let hash = json.iter().fold(BASIS, |hash, byte| (hash ^ u128::from(*byte)).wrapping_mul(PRIME));
    format!("{hash:032x}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_documented_form() {
        let json = r#"{
            "endpoint": {"url": "http://172.18.0.1:8080", "token": "secret"},
            "hostname": "w1.us-central1-a.c.p.internal",
            "search": ["us-central1-a.c.p.internal", "c.p.internal", "google.internal"],
            "interfaces": [{
                "gateway": "172.18.0.1", "address": "10.20.0.2", "aliases": ["10.30.0.0/28"],
                "ranges": [{"range": "10.20.0.0/24"}, {"range": "10.99.0.0/16", "next_hop": "10.20.0.9"}]
            }],
            "egress": "nat",
            "rules": [{
                "direction": "ingress", "priority": 1000, "action": "allow",
                "protocols": [{"number": 6, "ports": [[80, 80], [8000, 8999]]}, {"number": 1}],
                "ranges": ["0.0.0.0/0", "::/0"], "log": true
            }]
        }"#;
        let configuration: Configuration = serde_json::from_str(json).unwrap();
        assert_eq!(configuration.interfaces[0].aliases, ["10.30.0.0/28".parse().unwrap()]);
        assert_eq!(configuration.interfaces[0].ranges[1].next_hop, Some(Ipv4Addr::new(10, 20, 0, 9)));
        let rule = &configuration.rules[0];
        assert_eq!(rule.protocols[0].ports, [(80, 80), (8000, 8999)]);
        assert_eq!(rule.ranges, [Cidr::ALL], "a machine has no IPv6 address, so an IPv6 range never matches");
        let again = serde_json::from_str::<Configuration>(&serde_json::to_string(&configuration).unwrap());
        assert_eq!(again.unwrap(), configuration);
    }

    #[test]
    fn refuses_an_unknown_field() {
        let error = serde_json::from_str::<Range>(r#"{"range": "10.0.0.0/8", "nexthop": "10.0.0.1"}"#).unwrap_err();
        assert!(error.to_string().contains("nexthop"));
    }

    #[test]
    fn the_token_is_not_shown() {
        let endpoint = Endpoint { url: "http://h".into(), token: "secret".into() };
        assert!(!format!("{endpoint:?}").contains("secret"));
    }

    #[test]
    fn digest_is_fnv_1a() {
        assert_eq!(digest(b""), "6c62272e07bb014262b821756295c58d");
        assert_eq!(digest(b"a"), "d228cb696f1a8caf78912b704e4a8964");
    }
}
