//! Bodies as clients send them, and as they should not.

use serde_json::{Value, json};

use super::*;

fn checked(schema: &str, mut body: Value) -> Result<Value, String> {
    let result = check(named(schema).unwrap(), &mut body);
    result.map(|()| body).map_err(|error| error.message().to_owned())
}

#[test]
fn tables_are_sorted_for_the_search() {
    assert!(SCHEMAS.is_sorted_by_key(|schema| schema.name));
    for schema in &SCHEMAS {
        assert!(schema.fields.is_sorted_by_key(|field| field.name), "{}", schema.name);
        assert!(
            named(schema.name) == Some(schema) && schema.fields.iter().all(|field| schema.field(field.name).is_some())
        );
    }
    assert!(named("Unicorn").is_none());
}

#[test]
fn what_a_client_may_send_stays() {
    let firewall = json!({
        "name": "web", "direction": "INGRESS", "priority": 900, "network": "global/networks/shop", "disabled": false,
        "allowed": [{ "IPProtocol": "tcp", "ports": ["80", "8000-8100"] }], "sourceRanges": [],
    });
    assert_eq!(checked("Firewall", firewall.clone()), Ok(firewall));
    let disk = json!({ "name": "d", "labels": { "env": "test" } });
    assert_eq!(checked("Disk", disk.clone()), Ok(disk));
}

#[test]
fn an_unknown_field_is_refused_by_its_place() {
    let expected =
        |at: &str| Err(format!("Invalid JSON payload received. Unknown name \"colour\" at '{at}': Cannot find field."));
    assert_eq!(checked("Firewall", json!({ "colour": "red" })), expected("resource"));
    assert_eq!(checked("Firewall", json!({ "colour": null })), expected("resource"));
    let nested = json!({ "allowed": [{ "IPProtocol": "tcp" }, { "colour": 1 }] });
    assert_eq!(checked("Firewall", nested), expected("resource.allowed[1]"));
    let error = check(named("Firewall").unwrap(), &mut json!({ "colour": 1 })).unwrap_err();
    assert_eq!((error.http_status(), error.reason()), (400, "badRequest"));
}

#[test]
fn numbers_are_taken_in_every_way_that_json_clients_write_them() {
    for size in [json!(10), json!("10"), json!(10.0)] {
        assert_eq!(checked("Disk", json!({ "sizeGb": size })), Ok(json!({ "sizeGb": "10" })));
    }
    let large = json!({ "sizeGb": i64::MAX });
    assert_eq!(checked("Disk", large), Ok(json!({ "sizeGb": "9223372036854775807" })));
    for priority in [json!(1000), json!("1000")] {
        assert_eq!(checked("Firewall", json!({ "priority": priority })), Ok(json!({ "priority": 1000 })));
    }
    let utilization = json!({ "cpuUtilization": { "utilizationTarget": "0.5" } });
    assert_eq!(checked("AutoscalingPolicy", utilization).unwrap()["cpuUtilization"]["utilizationTarget"], json!(0.5));
}

#[test]
fn a_wrong_type_is_refused_by_its_place() {
    let refused = |schema, body, message: &str| assert_eq!(checked(schema, body), Err(message.to_owned()));
    refused("Firewall", json!({ "priority": "high" }), "Invalid value at 'resource.priority' (TYPE_INT32), \"high\"");
    refused(
        "Firewall",
        json!({ "priority": 1_u64 << 40 }),
        "Invalid value at 'resource.priority' (TYPE_INT32), 1099511627776",
    );
    refused("Firewall", json!({ "name": 7 }), "Invalid value at 'resource.name' (TYPE_STRING), 7");
    refused("Firewall", json!({ "disabled": 1 }), "Invalid value at 'resource.disabled' (TYPE_BOOL), 1");
    refused("Firewall", json!({ "allowed": {} }), "Invalid value at 'resource.allowed' (a list), an object");
    refused(
        "Firewall",
        json!({ "sourceRanges": [null] }),
        "Invalid value at 'resource.sourceRanges[0]' (TYPE_STRING), null",
    );
    refused("Firewall", json!([]), "Invalid value at 'resource' (Firewall), a list");
    refused("Disk", json!({ "sizeGb": 1.5 }), "Invalid value at 'resource.sizeGb' (TYPE_INT64), 1.5");
    refused("Disk", json!({ "labels": ["a"] }), "Invalid value at 'resource.labels' (a map), a list");
    refused("Disk", json!({ "labels": { "a": 1 } }), "Invalid value at 'resource.labels.a' (TYPE_STRING), 1");
    assert_eq!(checked("Firewall", json!({ "disabled": "True" })), Ok(json!({ "disabled": true })));
}

#[test]
fn a_value_outside_an_enumeration_is_refused() {
    let error = checked("Firewall", json!({ "direction": "SIDEWAYS" })).unwrap_err();
    assert_eq!(
        error,
        "Invalid value for field 'resource.direction': 'SIDEWAYS'. Must be one of ['EGRESS', 'INGRESS']."
    );
}

#[test]
fn a_name_has_to_match_its_pattern() {
    let error = checked("Firewall", json!({ "name": "Web" })).unwrap_err();
    let expected = "Invalid value for field 'resource.name': 'Web'. Must be a match of regex '(?:[a-z](?:[-a-z0-9]{0,61}[a-z0-9])?)'";
    assert_eq!(error, expected);
}

#[test]
fn what_only_the_api_sets_is_ignored() {
    let whole = json!({
        "kind": "compute#firewall", "id": 12, "selfLink": "https://x", "creationTimestamp": 5, "name": "web", "priority": 1000,
    });
    assert_eq!(checked("Firewall", whole), Ok(json!({ "name": "web", "priority": 1000 })));
    let disk = json!({ "disks": [{ "index": 0, "kind": "k", "boot": true }] });
    assert_eq!(checked("Instance", disk), Ok(json!({ "disks": [{ "boot": true }] })));
}

#[test]
fn null_is_absence_and_in_a_patch_removal() {
    let body = json!({ "description": null, "disks": [{ "source": null }], "labels": { "a": null, "b": "c" } });
    let absent = json!({ "disks": [{}], "labels": { "b": "c" } });
    assert_eq!(checked("Instance", body.clone()), Ok(absent));
    let mut patch = body.clone();
    check_patch(named("Instance").unwrap(), &mut patch).unwrap();
    assert_eq!(patch, body);
    let mut output_only = json!({ "selfLink": null });
    check_patch(named("Instance").unwrap(), &mut output_only).unwrap();
    assert_eq!(output_only, json!({}));
}

#[test]
fn what_insert_needs_is_asked_for() {
    let error = check_required(named("Firewall").unwrap(), &json!({ "network": "n" })).unwrap_err();
    assert_eq!((error.reason(), error.message()), ("required", "Required field 'resource.name' not specified"));
    assert!(check_required(named("Firewall").unwrap(), &json!({ "name": "n" })).is_ok());
}

#[test]
fn no_schema_contains_itself() {
    fn schemas_of(kind: Kind) -> Option<&'static Schema> {
        match kind {
            Kind::List(item) | Kind::Map(item) => schemas_of(*item),
            kind => kind.object(),
        }
    }
    fn depth(schema: &'static Schema, above: usize) -> usize {
        assert!(above < 32, "{}", schema.name);
        let inside = schema.fields.iter().filter_map(|field| schemas_of(field.kind));
        1 + inside.map(|schema| depth(schema, above + 1)).max().unwrap_or_default()
    }
    assert!(SCHEMAS.iter().all(|schema| depth(schema, 0) < 16));
}
