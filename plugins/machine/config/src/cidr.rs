//! A range of IPv4 addresses, written as RFC 4632 does: `10.20.0.0/24`.

use std::fmt;
use std::net::Ipv4Addr;
use std::str::FromStr;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A range of IPv4 addresses; bits behind the prefix are zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Cidr {
    address: Ipv4Addr,
    prefix: u8,
}

/// Why a text or a pair is no range.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CidrError {
    /// Not `A.B.C.D/N` with N from 0 to 32.
    Syntax,
    /// Bits behind the prefix are set, as in `10.20.0.5/24`.
    HostBits,
}

impl Cidr {
    /// `0.0.0.0/0`.
    pub const ALL: Cidr = Cidr { address: Ipv4Addr::UNSPECIFIED, prefix: 0 };

    /// The range of `address` with `prefix` bits.
    ///
    /// # Errors
    /// [`CidrError`]; nothing is rounded.
    pub fn new(address: Ipv4Addr, prefix: u8) -> Result<Cidr, CidrError> {
        if prefix > 32 {
            return Err(CidrError::Syntax);
        }
        let cidr = Cidr::around(address, prefix);
        if cidr.address == address { Ok(cidr) } else { Err(CidrError::HostBits) }
    }

    /// The range of `prefix` bits (32 at most) that `address` is in.
    #[must_use]
    pub const fn around(address: Ipv4Addr, prefix: u8) -> Cidr {
        let prefix = if prefix > 32 { 32 } else { prefix };
        Cidr { address: Ipv4Addr::from_bits(address.to_bits() & mask(prefix)), prefix }
    }

    /// The range of one address.
    #[must_use]
    pub const fn host(address: Ipv4Addr) -> Cidr {
        Cidr { address, prefix: 32 }
    }

    /// The lowest address.
    #[must_use]
    pub const fn first(self) -> Ipv4Addr {
        self.address
    }

    /// The highest address.
    #[must_use]
    pub const fn last(self) -> Ipv4Addr {
        Ipv4Addr::from_bits(self.address.to_bits() | !mask(self.prefix))
    }

    /// Number of leading bits that are fixed, 0 to 32.
    #[must_use]
    pub const fn prefix(self) -> u8 {
        self.prefix
    }

    /// Whether `address` is inside.
    #[must_use]
    pub fn contains(self, address: Ipv4Addr) -> bool {
        Cidr::around(address, self.prefix) == self
    }

    /// Whether every address of `other` is inside.
    #[must_use]
    pub fn covers(self, other: Cidr) -> bool {
        self.prefix <= other.prefix && self.contains(other.address)
    }
}

const fn mask(prefix: u8) -> u32 {
    if prefix == 0 { 0 } else { u32::MAX << (32 - prefix) }
}

impl fmt::Display for Cidr {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}/{}", self.address, self.prefix)
    }
}

impl fmt::Display for CidrError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            CidrError::Syntax => "not an IPv4 range such as 10.20.0.0/24",
            CidrError::HostBits => "bits behind the range's prefix are set",
        })
    }
}

impl std::error::Error for CidrError {}

impl FromStr for Cidr {
    type Err = CidrError;

    /// A text without a prefix is one address.
    fn from_str(text: &str) -> Result<Cidr, CidrError> {
        let (address, prefix) = text.split_once('/').unwrap_or((text, "32"));
        let address = address.parse().map_err(|_| CidrError::Syntax)?;
        if !prefix.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(CidrError::Syntax);
        }
        Cidr::new(address, prefix.parse().map_err(|_| CidrError::Syntax)?)
    }
}

impl Serialize for Cidr {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Cidr {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Cidr, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(|error| D::Error::custom(format_args!("`{text}`: {error}")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parses_and_prints() {
        for text in ["0.0.0.0/0", "10.20.0.0/24", "10.20.0.7/32"] {
            assert_eq!(text.parse::<Cidr>().unwrap().to_string(), text);
        }
        assert_eq!("10.20.0.7".parse::<Cidr>().unwrap().prefix(), 32);
    }

    #[test]
    fn refuses_what_is_no_range() {
        for text in ["", "10.0.0.0/33", "10.0.0.0/", "10.0.0.0/+8", "10.0.0/8", "::/0", "10.0.0.0/8/8"] {
            assert_eq!(text.parse::<Cidr>(), Err(CidrError::Syntax), "{text}");
        }
        assert_eq!("10.20.0.5/24".parse::<Cidr>(), Err(CidrError::HostBits));
    }

    #[test]
    fn knows_its_bounds() {
        let range: Cidr = "10.20.0.0/22".parse().unwrap();
        assert_eq!(range.last(), Ipv4Addr::new(10, 20, 3, 255));
        assert!(range.contains(Ipv4Addr::new(10, 20, 3, 7)) && !range.contains(Ipv4Addr::new(10, 20, 4, 0)));
        assert!(Cidr::ALL.covers(range) && !range.covers(Cidr::ALL) && range.covers(range));
        assert_eq!(Cidr::ALL.last(), Ipv4Addr::BROADCAST);
    }
}
