use super::super::groups::tests::sample;
use super::*;
use fogbank_sdk::{Caller, Facts};
use serde_json::{Value, json};

const BUCKET: &str = "//storage.googleapis.com/projects/_/buckets/b";
const OBJECT: &str = "//storage.googleapis.com/projects/_/buckets/b/objects/o";
const PROJECT: &str = "//cloudresourcemanager.googleapis.com/projects/shop";

/// Roles that are named after what they hold.
#[derive(Default)]
struct Fixed {
    denials: Rc<Vec<DenyRule>>,
    /// Minutes behind noon.
    minutes: i64,
}

impl Basis for Fixed {
    fn includes(&mut self, role: &str, permission: &str) -> Result<bool> {
        Ok(match role {
            "roles/storage.objectViewer" => ["storage.objects.get", "storage.objects.list"].contains(&permission),
            "roles/storage.admin" => permission.starts_with("storage."),
            "projects/shop/roles/deleter" => permission == "storage.objects.delete",
            _ => false,
        })
    }

    fn denials(&mut self, _levels: &[Level]) -> Result<Rc<Vec<DenyRule>>> {
        Ok(Rc::clone(&self.denials))
    }

    fn groups(&mut self) -> Result<Rc<Groups>> {
        Ok(Rc::new(sample()))
    }

    fn now(&self) -> Timestamp {
        Timestamp::parse("2026-11-21T12:00:00Z").unwrap().plus_seconds(self.minutes * 60)
    }
}

fn question(name: &str, bucket: Value, project: Value) -> Question {
    let text = |policy: Value| if policy.is_null() { String::new() } else { json!({ "bindings": policy }).to_string() };
    Question {
        caller: Caller { name: name.into(), restriction: String::new(), expires_ms: None },
        permissions: vec!["storage.objects.get".into(), "storage.objects.delete".into()],
        resource: OBJECT.into(),
        levels: vec![
            Level { resource: OBJECT.into(), policy: String::new() },
            Level { resource: BUCKET.into(), policy: text(bucket) },
            Level { resource: PROJECT.into(), policy: text(project) },
        ],
        grants: vec![],
        facts: Facts { method: "GET".into(), host: "h".into(), path: "/".into() },
    }
}

/// Whether reading and deleting are allowed, and whether both answers last.
fn asked(question: Question, basis: &mut Fixed) -> (bool, bool, bool) {
    let answers = answers(&[question], basis).unwrap().remove(0);
    (answers[0].allowed, answers[1].allowed, answers.iter().all(|answer| answer.lasting))
}

fn viewer(members: &[&str]) -> Value {
    json!([{"role": "roles/storage.objectViewer", "members": members}])
}

#[test]
fn bindings_of_all_levels_add_up() {
    let deleter = json!([{"role": "projects/shop/roles/deleter", "members": ["group:devs@example.com"]}]);
    let ask =
        |name: &str| asked(question(name, viewer(&["user:ann@example.com"]), deleter.clone()), &mut Fixed::default());
    assert_eq!(ask("user:ann@example.com"), (true, true, true));
    assert_eq!(ask("user:bob@example.com"), (false, true, true));
    assert_eq!(ask("user:cy@example.com"), (false, false, true));
    assert_eq!(ask("allUsers"), (false, false, true));
}

#[test]
fn nobody_has_what_no_policy_says() {
    assert_eq!(
        asked(question("user:ann@example.com", Value::Null, Value::Null), &mut Fixed::default()),
        (false, false, true)
    );
    let mut broken = question("user:ann@example.com", Value::Null, Value::Null);
    broken.levels[0].policy = "{".into();
    assert_eq!(asked(broken, &mut Fixed::default()), (false, false, true));
}

#[test]
fn access_lists_grant_beside_policies() {
    let mut question = question("user:ann@example.com", Value::Null, Value::Null);
    let grant = |member: &str, permission: &str| Grant { member: member.into(), permissions: vec![permission.into()] };
    question.grants =
        vec![grant("allUsers", "roles/storage.objectViewer"), grant("user:ann@example.com", "storage.objects.delete")];
    assert_eq!(asked(question.clone(), &mut Fixed::default()), (true, true, true));
    question.caller.name = "allUsers".into();
    assert_eq!(asked(question, &mut Fixed::default()), (true, false, true));
}

#[test]
fn a_condition_grants_while_it_holds_and_its_answer_does_not_last() {
    let binding = json!([{"role": "roles/storage.objectViewer", "members": ["user:ann@example.com"],
        "condition": {"expression": "request.time < timestamp('2026-11-21T12:10:00Z') && resource.name.endsWith('/o')"}}]);
    let ask = |minutes| {
        asked(
            question("user:ann@example.com", binding.clone(), Value::Null),
            &mut Fixed { minutes, ..Fixed::default() },
        )
    };
    assert_eq!(ask(9), (true, false, false));
    assert_eq!(ask(10), (false, false, false));
    let broken =
        json!([{"role": "roles/storage.admin", "members": ["allUsers"], "condition": {"expression": "resource.size"}}]);
    assert_eq!(
        asked(question("user:ann@example.com", broken, Value::Null), &mut Fixed::default()),
        (false, false, false)
    );
    // What is granted without a condition does not depend on one.
    let both = asked(question("user:ann@example.com", binding, viewer(&["allUsers"])), &mut Fixed::default());
    assert_eq!(both, (true, false, true));
}

#[test]
fn a_deny_rule_outweighs_every_grant() {
    let rule: DenyRule = serde_json::from_value(json!({
        "deniedPrincipals": ["principalSet://goog/public:all"],
        "exceptionPrincipals": ["principal://goog/subject/bob@example.com"],
        "deniedPermissions": ["storage.googleapis.com/objects.delete"],
    }))
    .unwrap();
    let mut basis = Fixed { denials: Rc::new(vec![rule]), ..Fixed::default() };
    let admin = json!([{"role": "roles/storage.admin", "members": ["allUsers"]}]);
    assert_eq!(asked(question("user:ann@example.com", Value::Null, admin.clone()), &mut basis), (true, false, true));
    assert_eq!(asked(question("user:bob@example.com", Value::Null, admin.clone()), &mut basis), (true, true, true));
    let mut listed = question("user:ann@example.com", Value::Null, admin);
    listed.grants = vec![Grant { member: "allUsers".into(), permissions: vec!["storage.objects.delete".into()] }];
    assert_eq!(asked(listed, &mut basis), (true, false, true));
}

fn restricted(restriction: Restriction) -> (bool, bool, bool) {
    let admin = json!([{"role": "roles/storage.admin", "members": ["user:ann@example.com"]}]);
    let mut question = question("user:ann@example.com", Value::Null, admin);
    question.caller.restriction = restriction.text();
    asked(question, &mut Fixed::default())
}

#[test]
fn scopes_take_away_what_they_do_not_name() {
    let scope = "https://www.googleapis.com/auth/devstorage.read_only".to_owned();
    assert_eq!(restricted(Restriction { scope, ..Restriction::default() }), (true, false, true));
}

#[test]
fn a_boundary_takes_away_what_no_rule_lets_through() {
    let rule = |resource: &str, role: &str, condition: Value| {
        let boundary = json!({"accessBoundaryRules": [
            {"availableResource": resource, "availablePermissions": [format!("inRole:{role}")], "availabilityCondition": condition},
        ]});
        restricted(Restriction { boundary: Some(serde_json::from_value(boundary).unwrap()), ..Restriction::default() })
    };
    assert_eq!(rule(BUCKET, "roles/storage.objectViewer", Value::Null), (true, false, false));
    assert_eq!(rule(BUCKET, "roles/storage.admin", Value::Null), (true, true, false));
    assert_eq!(rule(&format!("{BUCKET}2"), "roles/storage.admin", Value::Null), (false, false, false));
    let prefix = |prefix: &str| json!({"expression": format!("resource.name.startsWith('projects/_/buckets/b/objects/{prefix}')")});
    assert_eq!(rule(BUCKET, "roles/storage.admin", prefix("o")), (true, true, false));
    assert_eq!(rule(BUCKET, "roles/storage.admin", prefix("other")), (false, false, false));
    assert_eq!(restricted(Restriction::default()), (true, true, true));
}

#[test]
fn f27_a_restriction_that_does_not_read_leaves_nothing() {
    let mut question = question("user:ann@example.com", viewer(&["allUsers"]), Value::Null);
    question.caller.restriction = "{".into();
    assert_eq!(asked(question, &mut Fixed::default()), (false, false, true));
}
