//! What a firewall rule has to say, and what it says where it is silent. <https://cloud.google.com/firewall/docs/firewalls>

use crate::range::{self, Range};
use crate::reference::{default, drop_empty_lists, texts};
use compute_api::failure;
use fogbank_sdk::{Error, Result};
use serde_json::{Map, Value, json};

/// Protocols that rules may name, with IANA's numbers; those with ports first.
const PROTOCOLS: [(&str, u8); 7] =
    [("tcp", 6), ("udp", 17), ("sctp", 132), ("icmp", 1), ("esp", 50), ("ah", 51), ("ipip", 94)];

/// Completes the document of a rule, new or changed.
///
/// Errors: 400 naming the field.
pub fn complete(body: &mut Map<String, Value>) -> Result<()> {
    drop_empty_lists(body);
    default(body, "direction", "INGRESS");
    default(body, "priority", 1000);
    default(body, "disabled", false);
    default(body, "logConfig", json!({"enable": false}));
    if let Some(Value::Object(log)) = body.get_mut("logConfig") {
        default(log, "enable", false);
    }
    if !body["priority"].as_i64().is_some_and(|priority| (0..=65535).contains(&priority)) {
        return Err(failure::invalid("resource.priority", &body["priority"], "It has to be from 0 to 65535."));
    }
    action(body)?;
    sides(body)?;
    for field in ["sourceRanges", "destinationRanges"] {
        ranges(body, field)?;
    }
    for field in ["sourceTags", "targetTags"] {
        tags(body, field)?;
    }
    Ok(())
}

fn action(body: &mut Map<String, Value>) -> Result<()> {
    let field = match (body.contains_key("allowed"), body.contains_key("denied")) {
        (true, false) => "allowed",
        (false, true) => "denied",
        (true, true) => return Err(Error::invalid("A firewall rule can have either 'allowed' or 'denied', not both.")),
        (false, false) => return Err(Error::invalid("A firewall rule has to have 'allowed' or 'denied'.")),
    };
    for (at, item) in body.get_mut(field).and_then(Value::as_array_mut).into_iter().flatten().enumerate() {
        let place = format!("resource.{field}[{at}]");
        let Value::Object(item) = item else { return Err(failure::required(&place)) };
        drop_empty_lists(item);
        let name = item.get("IPProtocol").and_then(Value::as_str).unwrap_or_default().to_ascii_lowercase();
        let Some(number) = protocol(&name) else {
            return Err(match name.is_empty() {
                true => failure::required(&format!("{place}.IPProtocol")),
                false => failure::invalid(&format!("{place}.IPProtocol"), name, "It is no protocol."),
            });
        };
        item.insert("IPProtocol".to_owned(), name.into());
        let has_ports = number.is_some_and(|number| PROTOCOLS[..3].iter().any(|(_, known)| *known == number));
        for (port_at, text) in texts(item, "ports").enumerate() {
            let field = format!("{place}.ports[{port_at}]");
            if !has_ports {
                return Err(failure::invalid(&field, text, "Only tcp, udp and sctp have ports."));
            }
            if ports(text).is_none() {
                return Err(failure::invalid(
                    &field,
                    text,
                    "It has to be a port from 0 to 65535, or two with a '-' between.",
                ));
            }
        }
    }
    Ok(())
}

/// The number of a protocol: `Some(None)` for all of them, nothing for what is none.
pub fn protocol(name: &str) -> Option<Option<u8>> {
    if name == "all" {
        return Some(None);
    }
    let known = PROTOCOLS.iter().find(|(known, _)| *known == name).map(|(_, number)| *number);
    let number = known.or_else(|| name.parse().ok().filter(|_| name.bytes().all(|byte| byte.is_ascii_digit())));
    number.map(Some)
}

/// The first and the last port of `22` or `8000-8080`.
pub fn ports(text: &str) -> Option<(u16, u16)> {
    let port = |text: &str| text.parse().ok().filter(|_| text.bytes().all(|byte| byte.is_ascii_digit()));
    let (first, last) = text.split_once('-').unwrap_or((text, text));
    let (first, last) = (port(first)?, port(last)?);
    (first <= last).then_some((first, last))
}

/// Sources and targets: what the direction has, and that tags do not mix with service accounts.
fn sides(body: &mut Map<String, Value>) -> Result<()> {
    let egress = body["direction"] == "EGRESS";
    let has = |field: &str| body.contains_key(field);
    if let Some(field) = ["sourceTags", "sourceServiceAccounts"].into_iter().find(|field| egress && has(field)) {
        let why = "A rule for egress has no sources of that kind.";
        return Err(failure::invalid(&format!("resource.{field}"), joined(body, field), why));
    }
    let accounts = ["sourceServiceAccounts", "targetServiceAccounts"].into_iter().find(|field| has(field));
    let tags = ["sourceTags", "targetTags"].into_iter().find(|field| has(field));
    if let (Some(accounts), Some(tags)) = (accounts, tags) {
        let why = format!("Tags and service accounts cannot be in one rule; it has {tags} too.");
        return Err(failure::invalid(&format!("resource.{accounts}"), joined(body, accounts), &why));
    }
    let unlimited = match egress {
        true => (!has("destinationRanges")).then_some("destinationRanges"),
        false => {
            (!["sourceRanges", "sourceTags", "sourceServiceAccounts"].into_iter().any(has)).then_some("sourceRanges")
        }
    };
    if let Some(field) = unlimited {
        body.insert(field.to_owned(), json!(["0.0.0.0/0"]));
    }
    Ok(())
}

fn joined(body: &Map<String, Value>, field: &str) -> String {
    texts(body, field).collect::<Vec<_>>().join(", ")
}

fn ranges(body: &Map<String, Value>, field: &str) -> Result<()> {
    for (at, text) in texts(body, field).enumerate() {
        if Range::parse_or_address(text).is_none() && !range::is_ipv6(text) {
            let why = "It has to be a range of addresses such as 10.0.0.0/8.";
            return Err(failure::invalid(&format!("resource.{field}[{at}]"), text, why));
        }
    }
    Ok(())
}

fn tags(body: &Map<String, Value>, field: &str) -> Result<()> {
    for (at, text) in texts(body, field).enumerate() {
        if !compute_api::schema::matches("[a-z](?:[-a-z0-9]{0,61}[a-z0-9])?", text) {
            let why = "It has to be a match of regex '[a-z]([-a-z0-9]{0,61}[a-z0-9])?'.";
            return Err(failure::invalid(&format!("resource.{field}[{at}]"), text, why));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn completed(body: Value) -> Result<Value> {
        let Value::Object(mut body) = body else { panic!("no object") };
        complete(&mut body).map(|()| Value::Object(body))
    }

    #[test]
    fn a_rule_has_the_documented_defaults() {
        let rule =
            completed(json!({"allowed": [{"IPProtocol": "TCP", "ports": ["22", "8000-8080"]}], "targetTags": []}))
                .unwrap();
        let expected = json!({"allowed": [{"IPProtocol": "tcp", "ports": ["22", "8000-8080"]}], "direction": "INGRESS", "priority": 1000,
            "disabled": false, "logConfig": {"enable": false}, "sourceRanges": ["0.0.0.0/0"]});
        assert_eq!(rule, expected);
        let rule = completed(json!({"denied": [{"IPProtocol": "all"}], "direction": "EGRESS"})).unwrap();
        assert_eq!(rule["destinationRanges"], json!(["0.0.0.0/0"]));
        let rule = completed(json!({"allowed": [{"IPProtocol": "all"}], "sourceTags": ["web"]})).unwrap();
        assert!(rule.get("sourceRanges").is_none());
    }

    #[test]
    fn f22_a_rule_that_does_not_go_is_refused() {
        let all = json!([{"IPProtocol": "all"}]);
        for rule in [
            json!({}),
            json!({"allowed": all, "denied": all}),
            json!({"allowed": [{}]}),
            json!({"allowed": [{"IPProtocol": "tpc"}]}),
            json!({"allowed": [{"IPProtocol": "icmp", "ports": ["1"]}]}),
            json!({"allowed": [{"IPProtocol": "all", "ports": ["1"]}]}),
            json!({"allowed": [{"IPProtocol": "tcp", "ports": ["65536"]}]}),
            json!({"allowed": [{"IPProtocol": "tcp", "ports": ["9-8"]}]}),
            json!({"allowed": all, "priority": 65536}),
            json!({"allowed": all, "sourceRanges": ["10.0.0.1/8"]}),
            json!({"allowed": all, "sourceRanges": ["web"]}),
            json!({"allowed": all, "sourceTags": ["Web"]}),
            json!({"allowed": all, "direction": "EGRESS", "sourceTags": ["web"]}),
            json!({"allowed": all, "targetTags": ["web"], "targetServiceAccounts": ["a@p.iam.gserviceaccount.com"]}),
            json!({"allowed": all, "sourceServiceAccounts": ["a@p.iam.gserviceaccount.com"], "targetTags": ["web"]}),
        ] {
            assert!(completed(rule.clone()).is_err(), "{rule}");
        }
    }

    #[test]
    fn protocols_are_names_or_numbers() {
        assert_eq!((protocol("tcp"), protocol("6"), protocol("255")), (Some(Some(6)), Some(Some(6)), Some(Some(255))));
        assert_eq!((protocol("all"), protocol("256"), protocol("+6"), protocol("")), (Some(None), None, None, None));
        assert_eq!(
            (ports("22"), ports("1-65535"), ports("-1"), ports("1-")),
            (Some((22, 22)), Some((1, 65535)), None, None)
        );
    }
}
