//! Addresses that are given out: each by a row that one transaction writes, so that none is given out twice.

use crate::range::{self, Range};
use compute_api::path::Path;
use fogbank_sdk::db::{Row, Transaction, params};
use fogbank_sdk::{Error, Result, id};

/// The pool of external addresses.
pub const EXTERNAL: &str = "external";

/// External addresses: of the local host's range, so that Fogbank can listen on them, and of no other use there.
pub const EXTERNAL_RANGE: Range = Range::of([127, 96, 0, 0], 11);

/// How often a random external address is tried before the lowest free one is looked for.
const TRIES: u32 = 8;

/// An address or a range that is given out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lease {
    /// Path of a subnetwork or a network, or [`EXTERNAL`].
    pub pool: String,
    /// The first address.
    pub first: u32,
    /// The last one.
    pub last: u32,
    /// Path of the address resource or the instance that has it.
    pub owner: String,
    /// The machine that uses it.
    pub machine: Option<i64>,
}

// === impl Lease ===

impl Lease {
    /// Of one address.
    pub fn of(pool: impl Into<String>, address: u32, owner: &Path) -> Self {
        Self { pool: pool.into(), first: address, last: address, owner: owner.to_string(), machine: None }
    }

    /// Used by a machine.
    #[must_use]
    pub fn used_by(mut self, machine: i64) -> Self {
        self.machine = Some(machine);
        self
    }

    fn from_row(row: Row) -> Result<Self> {
        let bits = |name: &str| -> Result<u32> {
            let number: i64 = row.get(name)?;
            u32::try_from(number).map_err(|_| Error::internal(format!("{number} is no address")))
        };
        Ok(Self {
            pool: row.get("pool")?,
            first: bits("first")?,
            last: bits("last")?,
            owner: row.get("owner")?,
            machine: row.get("machine")?,
        })
    }
}

const COLUMNS: &str = "pool, first, last, owner, machine";

/// Writes a lease. Whether it is free is asked before, in the same transaction.
pub fn give(tx: &Transaction, lease: &Lease) -> Result<()> {
    let sql = "INSERT INTO lease (pool, first, last, owner, machine) VALUES ($1, $2, $3, $4, $5)";
    let (first, last) = (i64::from(lease.first), i64::from(lease.last));
    tx.execute(sql, params![lease.pool.as_str(), first, last, lease.owner.as_str(), lease.machine])?;
    Ok(())
}

/// Who has an address of a range, the lowest first.
pub fn within(tx: &Transaction, pool: &str, range: Range) -> Result<Option<Lease>> {
    // Leases lie apart from each other, so of those that begin before the range only the last one may reach into it.
    let sql = format!("SELECT {COLUMNS} FROM lease WHERE pool = $1 AND first <= $2 ORDER BY first DESC LIMIT 1");
    let before = tx.query_one(&sql, params![pool, i64::from(range.first())])?.map(Lease::from_row).transpose()?;
    if let Some(lease) = before.filter(|lease| lease.last >= range.first()) {
        return Ok(Some(lease));
    }
    let sql =
        format!("SELECT {COLUMNS} FROM lease WHERE pool = $1 AND first > $2 AND first <= $3 ORDER BY first LIMIT 1");
    let (first, last) = (i64::from(range.first()), i64::from(range.last()));
    tx.query_one(&sql, params![pool, first, last])?.map(Lease::from_row).transpose()
}

/// The lease of an address.
pub fn at(tx: &Transaction, pool: &str, address: u32) -> Result<Option<Lease>> {
    within(tx, pool, Range::host(address))
}

/// The owner of a lease within a range.
pub fn holder_within(tx: &Transaction, subnetwork: &Path, range: Range) -> Result<Option<String>> {
    Ok(within(tx, &subnetwork.to_string(), range)?.map(|lease| lease.owner))
}

/// All leases of an owner.
pub fn of_owner(tx: &Transaction, owner: &Path) -> Result<Vec<Lease>> {
    let sql = format!("SELECT {COLUMNS} FROM lease WHERE owner = $1 ORDER BY pool, first");
    tx.query(&sql, params![owner.to_string()])?.into_iter().map(Lease::from_row).collect()
}

/// All leases that a machine uses.
pub fn of_machine(tx: &Transaction, machine: i64) -> Result<Vec<Lease>> {
    let sql = format!("SELECT {COLUMNS} FROM lease WHERE machine = $1 ORDER BY pool, first");
    tx.query(&sql, params![machine])?.into_iter().map(Lease::from_row).collect()
}

/// Says which machine uses a lease.
pub fn set_machine(tx: &Transaction, lease: &Lease, machine: Option<i64>) -> Result<()> {
    let sql = "UPDATE lease SET machine = $3 WHERE pool = $1 AND first = $2";
    tx.execute(sql, params![lease.pool.as_str(), i64::from(lease.first), machine])?;
    Ok(())
}

/// Gives a lease to another owner (an ephemeral address that is to stay).
pub fn set_owner(tx: &Transaction, lease: &Lease, owner: &Path) -> Result<()> {
    let sql = "UPDATE lease SET owner = $3 WHERE pool = $1 AND first = $2";
    tx.execute(sql, params![lease.pool.as_str(), i64::from(lease.first), owner.to_string()])?;
    Ok(())
}

/// Takes a lease back.
pub fn take_back(tx: &Transaction, lease: &Lease) -> Result<()> {
    let sql = "DELETE FROM lease WHERE pool = $1 AND first = $2";
    tx.execute(sql, params![lease.pool.as_str(), i64::from(lease.first)])?;
    Ok(())
}

/// The lowest address from `first` to `last` that nobody has.
pub fn lowest_free(tx: &Transaction, pool: &str, first: u32, last: u32) -> Result<Option<u32>> {
    if first > last {
        return Ok(None);
    }
    if at(tx, pool, first)?.is_none() {
        return Ok(Some(first));
    }
    // Behind a lease, where none begins.
    let sql = "SELECT MIN(lease.last + 1) AS free FROM lease WHERE lease.pool = $1 AND lease.last >= $2 AND lease.last < $3 \
               AND NOT EXISTS (SELECT 1 FROM lease AS next WHERE next.pool = $1 AND next.first = lease.last + 1)";
    let row = tx.query_one(sql, params![pool, i64::from(first), i64::from(last)])?;
    let free: Option<i64> = row.map(|row| row.get("free")).transpose()?.flatten();
    Ok(free.and_then(|free| u32::try_from(free).ok()))
}

/// The lowest block of `prefix` bits in a range that nobody has any address of.
pub fn free_block(tx: &Transaction, pool: &str, (first, last): (u32, u32), prefix: u8) -> Result<Option<u32>> {
    let sql = "SELECT first, last FROM lease WHERE pool = $1 AND last >= $2 AND first <= $3 ORDER BY first";
    let mut taken = Vec::new();
    for row in tx.query(sql, params![pool, i64::from(first), i64::from(last)])? {
        let (first, last): (i64, i64) = (row.get("first")?, row.get("last")?);
        taken.push((u32::try_from(first).unwrap_or(u32::MAX), u32::try_from(last).unwrap_or(u32::MAX)));
    }
    Ok(range::free(first, last, prefix, &taken))
}

/// An external address that nobody has.
///
/// Errors: 429 where there is none.
pub fn free_external(tx: &Transaction) -> Result<u32> {
    let (first, last) = EXTERNAL_RANGE.usable();
    for _ in 0..TRIES {
        let bytes = id::random::<4>()?;
        let address = first + u32::from_be_bytes(bytes) % (last - first + 1);
        if at(tx, EXTERNAL, address)?.is_none() {
            return Ok(address);
        }
    }
    let free = lowest_free(tx, EXTERNAL, first, last)?;
    free.ok_or_else(|| compute_api::failure::quota("STATIC_ADDRESSES", u64::from(last - first), "globally"))
}

/// The path of an instance that has an interface in a subnetwork.
pub fn machine_in(tx: &Transaction, subnetwork: &Path) -> Result<Option<String>> {
    let sql = "SELECT machine.path AS path FROM nic JOIN machine ON machine.id = nic.machine WHERE nic.subnetwork = $1 \
               ORDER BY machine.path LIMIT 1";
    let row = tx.query_one(sql, params![subnetwork.to_string()])?;
    Ok(row.map(|row| row.get("path")).transpose()?)
}

/// All leases of a pool, by address.
pub fn of_pool(tx: &Transaction, pool: &str) -> Result<Vec<Lease>> {
    let sql = format!("SELECT {COLUMNS} FROM lease WHERE pool = $1 ORDER BY first");
    tx.query(&sql, params![pool])?.into_iter().map(Lease::from_row).collect()
}
