//! Lists inside resources whose entries have methods of their own: rules and associations of policies, route policies and named sets of
//! routers. An entry is found by its key, which requests name in their query and bodies in a field.

use crate::call::Call;
use crate::change::{self, done};
use crate::operation::Then;
use crate::store::{self, Resource};
use crate::{failure, links, list as lists};
use fogbank_sdk::{Error, Reply, Request, RequestHead, Response, Result, etag};
use serde_json::{Map, Value, json};

/// What a method's entries are.
#[derive(Debug, PartialEq, Eq)]
struct Entries {
    /// The field of the resource that holds them. One that begins with `_` is not shown with the resource.
    field: &'static str,
    /// The field of an entry that tells it from the others.
    key: &'static str,
    /// The parameter of the query that names one.
    param: &'static str,
    /// Whether an answer is the entry itself or has it in `resource`.
    wrapped: bool,
}

impl Entries {
    fn of(call: &Call) -> Result<Self> {
        let action = call.method.action;
        let (field, key, param, wrapped) = match action {
            _ if action.ends_with("PacketMirroringRule") => ("packetMirroringRules", "priority", "priority", false),
            _ if action.ends_with("Rule") => ("rules", "priority", "priority", false),
            _ if action.ends_with("Association") => ("associations", "name", "name", false),
            _ if action.ends_with("RoutePolicy") || action == "listRoutePolicies" => {
                ("_routePolicies", "name", "policy", true)
            }
            _ if action.ends_with("NamedSet") || action == "listNamedSets" => ("_namedSets", "name", "namedSet", true),
            _ => return Err(Error::internal(format!("{} is about no entries", call.method.id))),
        };
        Ok(Self { field, key, param, wrapped })
    }

    /// The entry that the query names; a rule without a name is the first one.
    fn asked(&self, request: &RequestHead) -> Result<Value> {
        match (request.query(self.param).filter(|text| !text.is_empty()), self.key) {
            (Some(text), "priority") => match text.parse::<i32>() {
                Ok(number) => Ok(json!(number)),
                Err(_) => Err(failure::invalid(self.param, text, "It has to be a number.")),
            },
            (Some(text), _) => Ok(json!(text)),
            (None, "priority") => Ok(json!(0)),
            (None, _) => Err(failure::required(self.param)),
        }
    }

    fn list<'a>(&self, resource: &'a Resource) -> &'a [Value] {
        resource.body.get(self.field).and_then(Value::as_array).map_or(&[], Vec::as_slice)
    }

    fn position(&self, resource: &Resource, key: &Value) -> Option<usize> {
        self.list(resource).iter().position(|entry| entry.get(self.key) == Some(key))
    }

    fn missing(&self, resource: &Resource, key: &Value) -> Error {
        let key = key.as_str().map_or_else(|| key.to_string(), str::to_owned);
        let list = self.field.trim_start_matches('_');
        failure::invalid(self.param, key, &format!("It is none of the {list} of '{}'.", resource.path))
    }

    fn put(&self, resource: &mut Resource, mut entries: Vec<Value>) {
        entries.sort_by_key(|entry| (entry[self.key].as_i64(), entry[self.key].as_str().map(str::to_owned)));
        match entries.is_empty() {
            true => drop(resource.body.remove(self.field)),
            false => resource.set(self.field, entries),
        }
    }
}

/// `POST .../addRule`, `.../addAssociation` and their like.
///
/// Errors: 400 for an entry without a key, or with one that another has; 404 for a link to what is not there.
pub fn add(mut request: Request) -> Result<Reply> {
    let call = Call::of(&request)?;
    let (path, entries) = (call.target(&request)?, Entries::of(&call)?);
    let body = call.body(&mut request)?;
    let range = Range::of(&request)?;
    let replace = request.query("replaceExistingAssociation") == Some("true");
    change::require_elsewhere(&body)?;
    change::change(&call, &path, |_, resource| {
        let mut entry = body.clone();
        if entries.key == "priority" && !entry.contains_key("priority") {
            entry.insert("priority".into(), json!(range.free(entries.list(resource))?));
        }
        let key = entry.get(entries.key).filter(|key| **key != json!("")).cloned();
        let key = key.ok_or_else(|| failure::required(&format!("resource.{}", entries.key)))?;
        let mut all = entries.list(resource).to_vec();
        if replace {
            all.retain(|other| other.get("attachmentTarget") != entry.get("attachmentTarget"));
        }
        if all.iter().any(|other| other.get(entries.key) == Some(&key)) {
            let key = key.as_str().map_or_else(|| key.to_string(), str::to_owned);
            let why = format!("There is an entry of '{}' with that {} already.", entries.field, entries.key);
            return Err(failure::invalid(&format!("resource.{}", entries.key), key, &why));
        }
        all.push(Value::Object(entry));
        entries.put(resource, all);
        Ok(Then::Done)
    })
}

/// `GET .../getRule?priority=P` and its like.
///
/// Errors: 400 where there is no such entry.
pub fn get(request: Request) -> Result<Reply> {
    let call = Call::of(&request)?;
    let (path, entries) = (call.target(&request)?, Entries::of(&call)?);
    let (resource, key) = (store::get(&path)?, entries.asked(&request)?);
    let at = entries.position(&resource, &key).ok_or_else(|| entries.missing(&resource, &key))?;
    let mut shown = entries.list(&resource)[at].clone();
    if !call.method.kind.is_empty() {
        shown["kind"] = json!(call.method.kind);
    }
    if entries.wrapped {
        shown["fingerprint"] = json!(etag::fingerprint(&entries.list(&resource)[at])?);
        shown = json!({ "resource": shown });
    }
    links::expand(&mut shown, &call.base);
    Ok(Response::json(&shown).into())
}

/// `GET .../listRoutePolicies` and its like.
///
/// Errors: 400 for a filter, a size or a token that is none.
pub fn list(request: Request) -> Result<Reply> {
    let call = Call::of(&request)?;
    let (path, entries) = (call.target(&request)?, Entries::of(&call)?);
    let resource = store::get(&path)?;
    let items = entries.list(&resource).to_vec();
    lists::of_items(&request, &call, items).map(Reply::from)
}

/// `POST .../patchRule?priority=P` and its like: the body is merged into the entry (RFC 7396).
///
/// Errors: 400 where there is no such entry; 400 for a key that another has; 412 for a fingerprint of another state.
pub fn patch(mut request: Request) -> Result<Reply> {
    let call = Call::of(&request)?;
    let (path, entries) = (call.target(&request)?, Entries::of(&call)?);
    let patch = call.patch(&mut request)?;
    let key = match (entries.wrapped, patch.get(entries.key)) {
        (true, Some(key)) => key.clone(),
        _ => entries.asked(&request)?,
    };
    change::require_elsewhere(&patch)?;
    change::change(&call, &path, |_, resource| {
        let at = entries.position(resource, &key).ok_or_else(|| entries.missing(resource, &key))?;
        let mut all = entries.list(resource).to_vec();
        let mut patch = patch.clone();
        check_fingerprint(&all[at], &mut patch)?;
        fogbank_sdk::patch::merge(&mut all[at], &Value::Object(patch));
        let key = all[at].get(entries.key).cloned();
        if all.iter().filter(|entry| entry.get(entries.key) == key.as_ref()).count() > 1 {
            let why = "Another entry has it.";
            return Err(failure::invalid(&format!("resource.{}", entries.key), json!(key), why));
        }
        entries.put(resource, all);
        Ok(Then::Done)
    })
}

/// `POST .../updateRoutePolicy` and its like: the body stands in the place of the entry, or is a new one.
///
/// Errors: 400 without a name; 412 for a fingerprint of another state.
pub fn update(mut request: Request) -> Result<Reply> {
    let call = Call::of(&request)?;
    let (path, entries) = (call.target(&request)?, Entries::of(&call)?);
    let body = call.body(&mut request)?;
    let key = body.get(entries.key).cloned().ok_or_else(|| failure::required(&format!("resource.{}", entries.key)))?;
    change::change(&call, &path, |_, resource| {
        let mut entry = body.clone();
        let mut all = entries.list(resource).to_vec();
        match entries.position(resource, &key) {
            Some(at) => {
                check_fingerprint(&all[at], &mut entry)?;
                all[at] = Value::Object(entry);
            }
            None => {
                entry.remove("fingerprint");
                all.push(Value::Object(entry));
            }
        }
        entries.put(resource, all);
        Ok(Then::Done)
    })
}

/// `POST .../removeRule?priority=P` and its like.
///
/// Errors: 400 where there is no such entry; 400 for a rule that comes with the policy.
pub fn remove(request: Request) -> Result<Reply> {
    let call = Call::of(&request)?;
    let (path, entries) = (call.target(&request)?, Entries::of(&call)?);
    let key = entries.asked(&request)?;
    change::change(&call, &path, |_, resource| {
        let at = entries.position(resource, &key).ok_or_else(|| entries.missing(resource, &key))?;
        if key.as_i64().is_some_and(|priority| priority >= first_default(resource)) {
            return Err(Error::invalid("A default rule cannot be removed."));
        }
        let mut all = entries.list(resource).to_vec();
        all.remove(at);
        entries.put(resource, all);
        Ok(Then::Done)
    })
}

/// `POST .../cloneRules?sourceFirewallPolicy=POLICY`: the rules of another policy stand in the place of this one's.
///
/// Errors: 400 without a source, 404.
pub fn clone_rules(request: Request) -> Result<Reply> {
    let call = Call::of(&request)?;
    let path = call.target(&request)?;
    let text = request.query("sourceFirewallPolicy").unwrap_or_default();
    let source =
        crate::path::Path::parse_reference(text, &call.project).filter(|source| source.collection == path.collection);
    let source = source.ok_or_else(|| failure::invalid("sourceFirewallPolicy", text, "The URL is malformed."))?;
    change::change(&call, &path, |tx, resource| {
        match store::load(tx, &source)?.body.remove("rules") {
            Some(rules) => resource.set("rules", rules),
            None => drop(resource.body.remove("rules")),
        }
        done(tx, resource)
    })
}

fn check_fingerprint(present: &Value, sent: &mut Map<String, Value>) -> Result<()> {
    match sent.remove("fingerprint").as_ref().and_then(Value::as_str).filter(|sent| !sent.is_empty()) {
        Some(sent) if sent != etag::fingerprint(present)? => Err(failure::stale("resource")),
        _ => Ok(()),
    }
}

/// The lowest priority, as a number, of the rules that a policy has from the start and for good.
fn first_default(policy: &Resource) -> i64 {
    let last = i64::from(i32::MAX);
    if policy.path.collection == "firewallPolicies" { last - 3 } else { last }
}

/// Where the priority of a rule may be that names none.
struct Range {
    first: i32,
    last: i32,
}

impl Range {
    fn of(request: &RequestHead) -> Result<Self> {
        let number = |name: &str, default: i32| match request.query(name).filter(|text| !text.is_empty()) {
            None => Ok(default),
            Some(text) => text.parse().map_err(|_| failure::invalid(name, text, "It has to be a number.")),
        };
        Ok(Self { first: number("minPriority", 0)?, last: number("maxPriority", i32::MAX - 4)? })
    }

    fn free(&self, rules: &[Value]) -> Result<i32> {
        let taken: Vec<i64> = rules.iter().filter_map(|rule| rule["priority"].as_i64()).collect();
        let free = (self.first..=self.last).find(|priority| !taken.contains(&i64::from(*priority)));
        free.ok_or_else(|| Error::invalid("No priority in the range is free."))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::path::Path;

    fn policy(collection: &str, rules: Value) -> Resource {
        let path = Path::parse(&format!("projects/p/global/{collection}/x")).unwrap();
        let body = json!({ "rules": rules }).as_object().cloned().unwrap();
        Resource::at(path, 1, fogbank_sdk::Timestamp::from_millis(0), body)
    }

    const RULES: Entries = Entries { field: "rules", key: "priority", param: "priority", wrapped: false };

    #[test]
    fn entries_stand_in_the_order_of_their_keys() {
        let mut policy = policy("securityPolicies", json!([]));
        RULES.put(&mut policy, vec![json!({"priority": 20}), json!({"priority": 3}), json!({"priority": 100})]);
        let order: Vec<i64> = RULES.list(&policy).iter().filter_map(|rule| rule["priority"].as_i64()).collect();
        assert_eq!(order, [3, 20, 100]);
        assert_eq!(RULES.position(&policy, &json!(20)), Some(1));
        RULES.put(&mut policy, Vec::new());
        assert!(!policy.body.contains_key("rules"));
    }

    #[test]
    fn a_rule_without_a_priority_gets_a_free_one() {
        let rules = [json!({"priority": 5}), json!({"priority": 6})];
        assert_eq!(Range { first: 5, last: 10 }.free(&rules).unwrap(), 7);
        assert!(Range { first: 5, last: 6 }.free(&rules).is_err());
    }

    #[test]
    fn rules_that_come_with_a_policy_are_known() {
        assert_eq!(first_default(&policy("securityPolicies", json!([]))), 2_147_483_647);
        assert_eq!(first_default(&policy("firewallPolicies", json!([]))), 2_147_483_644);
    }
}
