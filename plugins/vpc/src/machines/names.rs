//! Names of machines inside their VPC. <https://cloud.google.com/compute/docs/internal-dns>

use super::api;
use super::row::{self, Machine, Nic};
use crate::range;
use fogbank_sdk::db::{self, Transaction};
use fogbank_sdk::{Error, Reply, Request, Response, Result};
use serde_json::json;

/// What a name asks for.
#[derive(Debug, PartialEq, Eq)]
enum Question {
    /// A machine of a project, in a zone or in any.
    Machine { name: String, zone: Option<String>, project: Option<String> },
    /// The name of an address.
    Address(u32),
}

/// `GET .../names/{name}?machine={id}`: what a name means to a machine. It sees machines of the networks that it is on.
///
/// Errors: 404 for a name that means nothing.
pub fn get(request: Request) -> Result<Reply> {
    let text = request.param("name");
    let unknown = || Error::not_found(format!("There is no name '{text}'."));
    let id = request.query("machine").and_then(|id| id.parse().ok()).ok_or_else(|| Error::required("machine"))?;
    let question = parse(text).ok_or_else(unknown)?;
    let answer = db::read(|tx| {
        let asks = api::known(tx, id)?;
        let nics = row::nics_of(tx, id)?;
        match &question {
            Question::Address(bits) => names(tx, &nics, *bits).map(|names| json!({"names": names})),
            Question::Machine { name, zone, project } => {
                let project = project.as_deref().unwrap_or(&asks.path.project);
                let found = row::named(tx, project, name, zone.as_deref())?;
                addresses(tx, &nics, &found).map(|addresses| json!({"addresses": addresses}))
            }
        }
    })?;
    let empty =
        answer.as_object().is_none_or(|fields| fields.values().all(|list| list.as_array().is_none_or(Vec::is_empty)));
    if empty { Err(unknown()) } else { Ok(Response::json(&answer).into()) }
}

/// The addresses of machines on networks that somebody is on.
fn addresses(tx: &Transaction, seen: &[Nic], machines: &[Machine]) -> Result<Vec<String>> {
    let mut found = Vec::new();
    for machine in machines {
        let nics = row::nics_of(tx, machine.id)?;
        let near = nics.iter().find(|nic| seen.iter().any(|seen| seen.network == nic.network));
        found.extend(near.map(|nic| range::address(nic.address)));
    }
    Ok(found)
}

fn names(tx: &Transaction, seen: &[Nic], bits: u32) -> Result<Vec<String>> {
    let mut found = Vec::new();
    for (machine, network) in row::at_address(tx, bits)? {
        if seen.iter().any(|seen| seen.network == network) {
            found.push(full_name(&machine));
        }
    }
    Ok(found)
}

/// `w1.us-central1-a.c.demo.internal`
pub fn full_name(machine: &Machine) -> String {
    format!("{}.{}.c.{}.internal", machine.path.name, machine.zone(), domain(&machine.path.project))
}

/// The project as it stands in names: `example.com:p` is `p.example.com`.
pub fn domain(project: &str) -> String {
    project.split_once(':').map_or_else(|| project.to_owned(), |(domain, id)| format!("{id}.{domain}"))
}

fn project(domain: &str) -> String {
    domain.split_once('.').map_or_else(|| domain.to_owned(), |(id, domain)| format!("{domain}:{id}"))
}

fn parse(text: &str) -> Option<Question> {
    let text = text.trim_end_matches('.').to_ascii_lowercase();
    if let Some(reversed) = text.strip_suffix(".in-addr.arpa") {
        let octets: Vec<&str> = reversed.rsplit('.').collect();
        return range::parse_address(&octets.join(".")).map(Question::Address);
    }
    let machine = |name: &str, zone: Option<&str>, project: Option<String>| Question::Machine {
        name: name.to_owned(),
        zone: zone.map(str::to_owned),
        project,
    };
    let Some(name) = text.strip_suffix(".internal") else {
        return (!text.is_empty() && !text.contains('.')).then(|| machine(&text, None, None));
    };
    let (machine_part, domain) = name.split_once(".c.")?;
    match machine_part.split_once('.') {
        None => Some(machine(machine_part, None, Some(project(domain)))),
        Some((name, zone)) if !zone.contains('.') => Some(machine(name, Some(zone), Some(project(domain)))),
        Some(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn machine(name: &str, zone: Option<&str>, project: Option<&str>) -> Option<Question> {
        let owned = |text: &str| text.to_owned();
        Some(Question::Machine { name: owned(name), zone: zone.map(owned), project: project.map(owned) })
    }

    #[test]
    fn every_form_of_a_name_is_read() {
        assert_eq!(parse("w2"), machine("w2", None, None));
        assert_eq!(parse("W2.us-central1-a.c.demo.internal."), machine("w2", Some("us-central1-a"), Some("demo")));
        assert_eq!(parse("w2.c.demo.internal"), machine("w2", None, Some("demo")));
        assert_eq!(parse("w2.z.c.p.example.com.internal"), machine("w2", Some("z"), Some("example.com:p")));
        assert_eq!(parse("3.0.20.10.in-addr.arpa"), Some(Question::Address(u32::from_be_bytes([10, 20, 0, 3]))));
        for text in ["", "w2.internal", "w2.example.com", "a.b.z.c.demo.internal", "x.in-addr.arpa"] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
