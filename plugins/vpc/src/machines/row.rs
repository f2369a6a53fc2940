//! Machines and their interfaces as rows.

use crate::range;
use compute_api::path::Path;
use fogbank_sdk::db::{self, Row, Transaction, params};
use fogbank_sdk::{Error, Result};
use serde_json::{Map, Value};

/// A machine that has addresses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Machine {
    /// Id of the instance.
    pub id: i64,
    /// Path of the instance.
    pub path: Path,
    /// Network tags.
    pub tags: Vec<String>,
    /// Addresses of service accounts.
    pub accounts: Vec<String>,
    /// Whether it may send packets with addresses that are not its own.
    pub can_ip_forward: bool,
    /// Whether its nic has to run.
    pub running: bool,
    /// Digest of the configuration that its nic has.
    pub applied: Option<String>,
}

/// An interface of a machine.
#[derive(Debug, Clone, PartialEq)]
pub struct Nic {
    /// 0 for nic0.
    pub place: i64,
    /// Path of the network.
    pub network: Path,
    /// Path of the subnetwork.
    pub subnetwork: Path,
    /// `networkIP`
    pub address: u32,
    /// As the API shows it, with links marked.
    pub document: Map<String, Value>,
}

const MACHINE: &str = "machine.id AS id, machine.path AS path, machine.tags AS tags, machine.accounts AS accounts, \
                       machine.can_ip_forward AS can_ip_forward, machine.running AS running, machine.applied AS applied";
const NIC: &str = "place, network, subnetwork, address, document";

// === impl Machine ===

impl Machine {
    fn from_row(row: Row) -> Result<Self> {
        let (can_ip_forward, running): (i64, i64) = (row.get("can_ip_forward")?, row.get("running")?);
        Ok(Self {
            id: row.get("id")?,
            path: path(&row, "path")?,
            tags: json(&row, "tags")?,
            accounts: json(&row, "accounts")?,
            can_ip_forward: can_ip_forward != 0,
            running: running != 0,
            applied: row.get("applied")?,
        })
    }

    /// The zone's name.
    pub fn zone(&self) -> String {
        self.path.scope.to_string().rsplit_once('/').map(|(_, zone)| zone.to_owned()).unwrap_or_default()
    }
}

// === impl Nic ===

impl Nic {
    fn from_row(row: Row) -> Result<Self> {
        let address: i64 = row.get("address")?;
        Ok(Self {
            place: row.get("place")?,
            network: path(&row, "network")?,
            subnetwork: path(&row, "subnetwork")?,
            address: u32::try_from(address).map_err(|_| Error::internal(format!("{address} is no address")))?,
            document: json(&row, "document")?,
        })
    }

    /// The external address, where it has one now.
    pub fn external(&self) -> Option<u32> {
        let access = self.document.get("accessConfigs")?.as_array()?.first()?;
        access["natIP"].as_str().and_then(range::parse_address)
    }

    /// Its alias ranges.
    pub fn aliases(&self) -> impl Iterator<Item = range::Range> {
        let aliases = self.document.get("aliasIpRanges").and_then(Value::as_array).into_iter().flatten();
        aliases.filter_map(|alias| alias["ipCidrRange"].as_str()).filter_map(range::Range::parse_or_address)
    }
}

fn path(row: &Row, column: &str) -> Result<Path> {
    let text: String = row.get(column)?;
    Path::parse(&text).ok_or_else(|| Error::internal(format!("a row's {column} is {text}")))
}

fn json<T: serde::de::DeserializeOwned>(row: &Row, column: &str) -> Result<T> {
    let text: String = row.get(column)?;
    serde_json::from_str(&text).map_err(|error| Error::internal(format!("{column}: {error}")))
}

fn text(value: &impl serde::Serialize) -> Result<String> {
    serde_json::to_string(value).map_err(|error| Error::internal(error.to_string()))
}

/// A machine.
pub fn find(tx: &Transaction, id: i64) -> Result<Option<Machine>> {
    let row = tx.query_one(&format!("SELECT {MACHINE} FROM machine WHERE id = $1"), params![id])?;
    row.map(Machine::from_row).transpose()
}

/// A machine, outside of a transaction.
pub fn get(id: i64) -> Result<Option<Machine>> {
    db::read(|tx| find(tx, id))
}

/// The interfaces of a machine, nic0 first.
pub fn nics_of(tx: &Transaction, machine: i64) -> Result<Vec<Nic>> {
    let sql = format!("SELECT {NIC} FROM nic WHERE machine = $1 ORDER BY place");
    tx.query(&sql, params![machine])?.into_iter().map(Nic::from_row).collect()
}

/// All machines of a network.
pub fn of_network(tx: &Transaction, network: &Path) -> Result<Vec<Machine>> {
    let sql = format!(
        "SELECT DISTINCT {MACHINE} FROM nic JOIN machine ON machine.id = nic.machine WHERE nic.network = $1 ORDER BY machine.id"
    );
    tx.query(&sql, params![network.to_string()])?.into_iter().map(Machine::from_row).collect()
}

/// Machines of a project that have a name, in any zone.
pub fn named(tx: &Transaction, project: &str, name: &str, zone: Option<&str>) -> Result<Vec<Machine>> {
    let sql = format!("SELECT {MACHINE} FROM machine WHERE project = $1 AND name = $2 ORDER BY zone");
    let rows = tx.query(&sql, params![project, name])?;
    let machines = rows.into_iter().map(Machine::from_row).collect::<Result<Vec<_>>>()?;
    Ok(machines.into_iter().filter(|machine| zone.is_none_or(|zone| machine.zone() == zone)).collect())
}

/// Machines whose nics have to run.
pub fn running(tx: &Transaction) -> Result<Vec<Machine>> {
    let sql = format!("SELECT {MACHINE} FROM machine WHERE running = 1 ORDER BY id");
    tx.query(&sql, params![])?.into_iter().map(Machine::from_row).collect()
}

/// Writes a machine, new or changed, less its interfaces.
pub fn save(tx: &Transaction, machine: &Machine) -> Result<()> {
    let sql = "INSERT INTO machine (id, path, project, zone, name, tags, accounts, can_ip_forward, running, applied) \
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) \
               ON CONFLICT (id) DO UPDATE SET tags = $6, accounts = $7, can_ip_forward = $8, running = $9, applied = $10";
    let values = params![
        machine.id,
        machine.path.to_string(),
        machine.path.project.as_str(),
        machine.zone(),
        machine.path.name.as_str(),
        text(&machine.tags)?,
        text(&machine.accounts)?,
        i64::from(machine.can_ip_forward),
        i64::from(machine.running),
        machine.applied.clone(),
    ];
    tx.execute(sql, values)?;
    Ok(())
}

/// Writes where a machine is from now on; its leases are of the new path.
pub fn rename(tx: &Transaction, machine: &Machine, path: &Path) -> Result<()> {
    let next = Machine { path: path.clone(), ..machine.clone() };
    let sql = "UPDATE machine SET path = $2, zone = $3, name = $4 WHERE id = $1";
    tx.execute(sql, params![machine.id, path.to_string(), next.zone(), path.name.as_str()])?;
    let sql = "UPDATE lease SET owner = $2 WHERE owner = $1";
    tx.execute(sql, params![machine.path.to_string(), path.to_string()])?;
    Ok(())
}

/// Writes an interface, new or changed.
pub fn save_nic(tx: &Transaction, machine: i64, nic: &Nic) -> Result<()> {
    let sql = "INSERT INTO nic (machine, place, network, subnetwork, address, document) VALUES ($1, $2, $3, $4, $5, $6) \
               ON CONFLICT (machine, place) DO UPDATE SET network = $3, subnetwork = $4, address = $5, document = $6";
    let values = params![
        machine,
        nic.place,
        nic.network.to_string(),
        nic.subnetwork.to_string(),
        i64::from(nic.address),
        text(&nic.document)?
    ];
    tx.execute(sql, values)?;
    Ok(())
}

/// Removes interfaces from a place on.
pub fn remove_nics(tx: &Transaction, machine: i64, from: i64) -> Result<()> {
    tx.execute("DELETE FROM nic WHERE machine = $1 AND place >= $2", params![machine, from])?;
    Ok(())
}

/// Removes a machine with its interfaces.
pub fn remove(tx: &Transaction, machine: i64) -> Result<()> {
    tx.execute("DELETE FROM machine WHERE id = $1", params![machine])?;
    Ok(())
}

/// Remembers which configuration a machine's nic has.
pub fn set_applied(machine: i64, digest: Option<&str>) -> Result<()> {
    let statement =
        db::stmt("UPDATE machine SET applied = $2 WHERE id = $1", params![machine, digest.map(str::to_owned)]);
    db::execute(vec![statement])?;
    Ok(())
}

/// The machines that have an address, each with the network that it has it on.
pub fn at_address(tx: &Transaction, address: u32) -> Result<Vec<(Machine, Path)>> {
    let sql = format!(
        "SELECT {MACHINE}, nic.network AS network FROM nic JOIN machine ON machine.id = nic.machine WHERE nic.address = $1 \
         ORDER BY machine.id"
    );
    let rows = tx.query(&sql, params![i64::from(address)])?;
    rows.into_iter()
        .map(|row| {
            let network = path(&row, "network")?;
            Ok((Machine::from_row(row)?, network))
        })
        .collect()
}
