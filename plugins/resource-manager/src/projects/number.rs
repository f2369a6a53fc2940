//! Numbers of projects: twelve digits, unique in the tenant.

use crate::store::{Outside, Read};
use fogbank_sdk::db::params;
use fogbank_sdk::{Result, id};

const LEAST: u64 = 100_000_000_000;
const SPAN: u64 = 900_000_000_000;

/// The number that a project of this id has, unless another project has it: services that know no more than the id come to the
/// same number.
pub fn usual(id: &str) -> i64 {
    (LEAST + fnv(id.as_bytes()) % SPAN) as i64
}

/// A number that no project has, for a new project.
pub fn free(id: &str) -> Result<i64> {
    let mut number = usual(id);
    while Outside.row("SELECT number FROM projects WHERE number = $1", params![number])?.is_some() {
        number = (LEAST + u64::from_le_bytes(id::random()?) % SPAN) as i64;
    }
    Ok(number)
}

/// FNV-1a, 64 bits.
fn fnv(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_has_twelve_digits_and_stays() {
        assert_eq!(usual("demo-project").to_string().len(), 12);
        assert_eq!(usual("demo-project"), usual("demo-project"));
        assert_ne!(usual("demo-project"), usual("other-project"));
    }
}
