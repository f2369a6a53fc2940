use super::*;
use crate::plugin::manifest::Manifest;
use crate::plugin::package::MemoryPackage;

fn manifest(name: &str, head: &str, routes: &[&str]) -> Arc<Manifest> {
    let mut text = format!("name = \"{name}\"\nversion = \"0.1.0\"\n{head}\n");
    for (index, route) in routes.iter().enumerate() {
        let mut words = route.split(' ');
        let (method, path) = (words.next().expect("method"), words.next().expect("path"));
        let more = words.collect::<Vec<_>>().join("\n");
        text.push_str(&format!(
            "[[route]]\nid = \"{name}.{index}\"\nmethod = \"{method}\"\npath = \"{path}\"\npermission = \"p\"\n{more}\n"
        ));
    }
    Arc::new(Manifest::read(&MemoryPackage::of_manifest(name, &text)).expect("manifest"))
}

fn things() -> Router<&'static str> {
    let things = manifest(
        "things",
        "prefixes = [\"/things/v1\"]\nhosts = [\"things.example.com\", \"{thing}.things.example.com\"]",
        &[
            "GET /things/v1/t",
            "GET /things/v1/t/{thing}",
            "POST /things/v1/t/{thing}",
            "POST /things/v1/t/{thing}:undelete",
            "GET /things/v1/t/special",
            "DELETE /things/v1/t/{thing}/sub/{sub}",
            "GET /{thing}/{object+} fallback=true",
            "GET /{object+} host=\"{thing}.things.example.com\"",
        ],
    );
    let others = manifest(
        "others",
        "prefixes = [\"/others\"]\nhosts = [\"others.example.com\"]",
        &["GET /others/{name}", "ANY /proxy/{rest+}", "GET /v1/projects/{p}"],
    );
    Router::build([("T", things), ("O", others)]).expect("no conflict")
}

/// What a request finds, as a short text.
fn at(method: &str, host: Option<&str>, path: &str) -> String {
    let router = things();
    let method = method.parse().expect("method");
    match router.lookup(&method, host, path) {
        Lookup::Match(found) => {
            let values: Vec<_> = found.params.iter().map(|(name, value)| format!(" {name}={value}")).collect();
            format!("{}{}", found.route.id, values.concat())
        }
        Lookup::NotFound { service } => format!("404 {}", service.map_or("-", |name| name)),
        Lookup::MethodNotAllowed { service, allow } => format!("405 {service} {allow:?}"),
        Lookup::BadPath(_) => "400".to_owned(),
    }
}

#[test]
fn the_most_exact_route_wins() {
    assert_eq!(at("GET", None, "/things/v1/t/special"), "things.4");
    assert_eq!(at("GET", None, "/things/v1/t/other"), "things.1 thing=other");
    assert_eq!(at("POST", None, "/things/v1/t/a:undelete"), "things.3 thing=a");
    assert_eq!(at("POST", None, "/things/v1/t/a:b"), "things.2 thing=a:b");
    assert_eq!(at("POST", None, "/things/v1/t/special"), "things.2 thing=special");
}

#[test]
fn f04_values_are_decoded_once_and_never_normalised() {
    assert_eq!(at("GET", None, "/things/v1/t/a%2Fb%252F"), "things.1 thing=a/b%2F");
    assert_eq!(at("GET", None, "/things/v1/t/.."), "things.1 thing=..");
    assert_eq!(at("GET", None, "/bucket//lead/../x"), "things.6 thing=bucket object=/lead/../x");
    assert_eq!(at("GET", None, "/things/v1/t/a//"), "404 things");
    assert_eq!(at("GET", None, "/%74hings/v1/t/x"), "things.1 thing=x");
}

#[test]
fn f35_bad_percent_encoding_is_a_bad_path() {
    for path in ["/things/v1/t/%", "/things/v1/t/%2", "/things/v1/t/%zz", "/things/v1/t/%ff%fe", "things"] {
        assert_eq!(at("GET", None, path), "400", "{path}");
    }
}

#[test]
fn f34_below_a_claimed_prefix_unknown_is_404_and_a_wrong_method_405() {
    assert_eq!(at("GET", None, "/things/v1/unknown"), "404 things");
    assert_eq!(at("PUT", None, "/things/v1/t/x"), "405 things [GET, HEAD, POST]");
    assert_eq!(at("GET", None, "/things/v1"), "404 things");
    assert_eq!(at("PATCH", None, "/elsewhere/x"), "405 things [GET, HEAD]");
    assert_eq!(at("GET", None, "/x"), "404 -");
}

#[test]
fn a_prefix_is_whole_segments() {
    assert_eq!(at("GET", None, "/things/v10/x"), "things.6 thing=things object=v10/x");
}

#[test]
fn f29_the_host_decides_first_and_is_compared_whole() {
    let hosted = "things.7 thing=a.b object=things/v1/t";
    assert_eq!(at("GET", Some("a.b.things.example.com:8080"), "/things/v1/t"), hosted);
    assert_eq!(at("GET", Some("A.THINGS.example.com."), "/x"), "things.7 thing=a object=x");
    assert_eq!(at("GET", Some("evil-things.example.com"), "/things/v1/t"), "things.0");
    assert_eq!(at("GET", Some("things.example.com"), "/others/x"), "things.6 thing=others object=x");
    assert_eq!(at("GET", Some("others.example.com"), "/things/v1/t"), "404 -");
}

#[test]
fn head_is_served_by_get_and_any_by_any() {
    assert_eq!(at("HEAD", None, "/things/v1/t"), "things.0");
    assert_eq!(at("PATCH", None, "/proxy/a/b"), "others.1 rest=a/b");
    assert_eq!(at("GET", None, "/proxy/"), "404 -");
}

#[test]
fn a_version_written_twice_is_folded() {
    let router = things();
    let Lookup::Match(found) = router.lookup(&http::Method::GET, None, "/v1/v1/projects/x") else { panic!("no match") };
    assert_eq!((&*found.route.id, found.path, *found.payload), ("others.2", "/v1/projects/x", "O"));
}

#[test]
fn two_services_with_one_route_are_refused_with_both_names() {
    let first = manifest("first", "", &["GET /v1/{name}", "GET /x/{o+} fallback=true"]);
    let second = manifest("second", "", &["GET /v1/{other}", "POST /v1/{name}", "GET /y/{o+} fallback=true"]);
    let conflicts = Router::build([((), first), ((), second)]).expect_err("conflict");
    let text: Vec<String> = conflicts.iter().map(ToString::to_string).collect();
    assert_eq!(text[0], "GET /v1/{other} is claimed by first (first.0) and by second (second.0)");
    assert!(text[1].contains("fallback"), "{text:?}");
    assert_eq!(text.len(), 2);
}
