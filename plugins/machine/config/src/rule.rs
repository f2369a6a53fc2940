//! A VPC firewall rule as it applies to one machine: tags and service accounts are already addresses.
//! See <https://cloud.google.com/firewall/docs/firewalls>.

use std::net::Ipv6Addr;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};

use crate::Cidr;

/// One rule. The rule with the lowest priority that matches a new connection decides, at equal priority a denying one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    pub direction: Direction,
    /// 0 to 65535; lower goes first.
    pub priority: u32,
    pub action: Action,
    /// What the rule is about. None: every protocol (`all`).
    #[serde(default)]
    pub protocols: Vec<Protocol>,
    /// Where packets come from (ingress) or go to (egress). None: **nobody**, as for a source tag that no machine has; a rule
    /// without ranges in the API is `["0.0.0.0/0"]` here. IPv6 ranges are passed over, as nothing has such an address.
    ///
    /// What Fogbank forwards from the host matches ranges that cover 127.0.0.1 or 35.235.240.0/20 (IAP), and no others.
    #[serde(deserialize_with = "ipv4_only")]
    pub ranges: Vec<Cidr>,
    /// Indices into [`crate::Configuration::interfaces`] whose network has this rule. None: all of them.
    #[serde(default)]
    pub interfaces: Vec<usize>,
    /// `logConfig.enable`: new connections that the rule decides are written to the nic's standard output, a JSON object a line
    /// (`{"rule": 3, "direction": "ingress", "packet": {"source": "10.20.0.3", "destination": ..., "protocol": 6, "source_port": ...,
    /// "destination_port": 80}}`, where the rule is the index here).
    #[serde(default)]
    pub log: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Direction {
    Ingress,
    Egress,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Action {
    Deny,
    Allow,
}

/// A protocol, and which of its ports.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Protocol {
    /// IANA's number: 6 tcp, 17 udp, 1 icmp, 132 sctp.
    pub number: u8,
    /// Destination ports, from and to, both included; for tcp, udp and sctp only. None: every port.
    #[serde(default)]
    pub ports: Vec<(u16, u16)>,
}

impl Protocol {
    /// Whether the protocol has ports that a rule can name.
    #[must_use]
    pub const fn has_ports(number: u8) -> bool {
        matches!(number, 6 | 17 | 132)
    }
}

/// Reads ranges, leaving IPv6 ones out.
fn ipv4_only<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Cidr>, D::Error> {
    let texts = Vec::<String>::deserialize(deserializer)?;
    let ipv4 = texts.iter().filter(|text| !is_ipv6(text));
    ipv4.map(|text| text.parse().map_err(|error| D::Error::custom(format_args!("`{text}`: {error}")))).collect()
}

fn is_ipv6(text: &str) -> bool {
    let address = text.split_once('/').map_or(text, |(address, _)| address);
    address.parse::<Ipv6Addr>().is_ok()
}
