//! Policies with rules: what they have from the start. Their other methods are those of [`compute_api::entries`].

use compute_api::call::Call;
use compute_api::change::{self, done};
use fogbank_sdk::{Reply, Request, Result};
use serde_json::{Map, Value, json};

/// The lowest priority, which the rule for everything else has.
const LAST: i32 = i32::MAX;

/// `POST .../securityPolicies`: a policy without a rule for everything else gets one that allows it.
/// <https://cloud.google.com/compute/docs/reference/rest/v1/securityPolicies/insert>
///
/// Errors: 400, 409.
pub fn insert_security_policy(request: Request) -> Result<Reply> {
    insert(request, |body| match body.get("type").and_then(Value::as_str) {
        Some("CLOUD_ARMOR_NETWORK") => Vec::new(),
        _ => vec![json!({
            "action": "allow",
            "description": "default rule",
            "kind": "compute#securityPolicyRule",
            "match": {"config": {"srcIpRanges": ["*"]}, "versionedExpr": "SRC_IPS_V1"},
            "preview": false,
            "priority": LAST,
        })],
    })
}

/// `POST .../firewallPolicies` of a network: rules that leave everything to what comes after the policy are always there.
/// <https://cloud.google.com/firewall/docs/network-firewall-policies#predefined-rules>
///
/// Errors: 400, 409.
pub fn insert_firewall_policy(request: Request) -> Result<Reply> {
    insert(request, |_| {
        let all = [
            ("EGRESS", "dest", "::/0"),
            ("INGRESS", "src", "::/0"),
            ("EGRESS", "dest", "0.0.0.0/0"),
            ("INGRESS", "src", "0.0.0.0/0"),
        ];
        let rule = |(at, (direction, side, range)): (usize, (&str, &str, &str))| {
            let mut matcher = json!({"layer4Configs": [{"ipProtocol": "all"}]});
            matcher[format!("{side}IpRanges")] = json!([range]);
            json!({
                "action": "goto_next",
                "description": format!("default {} rule {}", direction.to_lowercase(), if range.contains(':') { "ipv6" } else { "ipv4" }),
                "direction": direction,
                "enableLogging": false,
                "kind": "compute#firewallPolicyRule",
                "match": matcher,
                "priority": LAST - 3 + i32::try_from(at).unwrap_or_default(),
            })
        };
        all.into_iter().enumerate().map(rule).collect()
    })
}

fn insert(mut request: Request, defaults: impl Fn(&Map<String, Value>) -> Vec<Value>) -> Result<Reply> {
    let call = Call::of(&request)?;
    let mut body = call.body(&mut request)?;
    let mut rules = body.remove("rules").and_then(|rules| rules.as_array().cloned()).unwrap_or_default();
    for rule in defaults(&body) {
        if !rules.iter().any(|there| there["priority"] == rule["priority"]) {
            rules.push(rule);
        }
    }
    rules.sort_by_key(|rule| rule["priority"].as_i64());
    if !rules.is_empty() {
        body.insert("rules".to_owned(), Value::Array(rules));
    }
    change::insert(&call, body, done)
}
