//! Filters as people and gcloud write them, against one instance.

mod aip160;
mod legacy;

use super::*;

fn instance() -> Value {
    let link = |path: &str| format!("https://www.googleapis.com/compute/v1/projects/demo/{path}");
    json!({
        "kind": "compute#instance",
        "id": "9223372036854775807",
        "name": "web-1",
        "description": "The \"first\" one, with a long tale",
        "status": "RUNNING",
        "cpuPlatform": "Intel Skylake",
        "creationTimestamp": "2026-11-21T00:00:00.000-08:00",
        "zone": link("zones/us-central1-a"),
        "machineType": link("zones/us-central1-a/machineTypes/e2-medium"),
        "selfLink": link("zones/us-central1-a/instances/web-1"),
        "deletionProtection": true,
        "scheduling": {"automaticRestart": false, "onHostMaintenance": "MIGRATE"},
        "tags": {"items": ["web", "public"], "fingerprint": "abc="},
        "labels": {"env": "Prod", "a.b": "c", "empty": "", "team_x-y": "1"},
        "networkInterfaces": [
            {"network": link("global/networks/shop"), "networkIP": "10.20.0.3", "accessConfigs": [{"natIP": "198.51.100.7"}]},
            {"network": link("global/networks/back"), "networkIP": "10.30.0.3"},
        ],
        "disks": [{"diskSizeGb": "10", "index": 0, "boot": true}],
        "guestAccelerators": [],
        "resourceStatus": {},
        "ratio": 1.5,
        "nothing": null,
    })
}

fn check(cases: &[(&str, bool)]) {
    for (text, expected) in cases {
        let filter = Filter::parse(text).unwrap_or_else(|error| panic!("{text}: {}", error.to_json()));
        assert_eq!(filter.matches(&instance()), *expected, "{text}");
    }
}

fn check_refused<'a>(texts: impl IntoIterator<Item = &'a str>) {
    for text in texts {
        let error = Filter::parse(text).expect_err(text);
        assert_eq!((error.http_status(), error.reason()), (400, "invalid"), "{text}");
    }
}

#[test]
fn f35_what_is_no_filter_is_400() {
    let aip160 = [
        "(",
        ")",
        "()",
        "name",
        "name=",
        "name = ",
        "=",
        "= x",
        "name==x",
        "name=~x",
        "name~x",
        "name=(a b)",
        "name=f(x)",
        "\"",
        "name=\"x",
        "name='",
        "name=x)",
        "(name=x",
        "NOT",
        "-",
        ":x",
        "AND",
        "name=x AND",
        "OR name=x",
        "name=x OR",
        "name=x AND OR name=y",
        "name=x and name=y",
        "web",
        "\"web\"",
        "NOT NOT name=x",
        "--name=x",
        "name.=x",
        ".name=x",
        "name..a=x",
        "items[*].tags=x",
        "networkInterfaces[0].networkIP=x",
        "1=1",
        "AND=1",
        "name=\"a\"b",
        "name=\"a\"\"b\"",
        "tags = web'",
        "name=x (",
        "name <> x",
        "name!x",
        "name=x AND status eq RUNNING",
        "a.\"\"=1",
        "-eq x",
    ];
    let legacy = [
        "name eq",
        "name eq ",
        "name ne ''x",
        "name eq *web*",
        "name eq (",
        "name eq 'x",
        "name eq 'x' y",
        "status eq RUNNING AND name eq x",
        "(name eq x",
        "(name eq x))",
        "name eq x)",
        "(name eq x) AND (name eq y)",
        "(name eq x) OR (name eq y)",
        "(name eq x) name eq y",
        "((name eq x)",
        "(name eq x)()",
        "(name eq x)(name = y)",
        "name eq a)|(b",
        "(name eq \"x\" y)",
        ".a eq x",
        "a..b eq x",
        "NOT name eq x",
        "(name eq )",
    ];
    check_refused(aip160.into_iter().chain(legacy));
    let error = Filter::parse("items[*].tags='x'").unwrap_err();
    assert_eq!(
        error.message(),
        "Invalid value for field 'filter': 'items[*].tags='x''. Invalid list filter expression."
    );
}

#[test]
fn f35_hostile_filters_are_refused_or_bounded() {
    let nested = |depth: usize, inner: &str| "(".repeat(depth) + inner + &")".repeat(depth);
    check(&[(&nested(DEPTH, "name=web-1"), true), (&nested(DEPTH, "name eq web-1"), true)]);
    let negated = "-(".repeat(4000) + "a=b" + &")".repeat(90);
    let path = "a.".repeat(40) + "a=b";
    let long = format!("name={}", "x".repeat(LONGEST));
    let refused = [
        nested(102, "name=x"),
        nested(102, "name eq x"),
        nested(4000, "a=b"),
        nested(4000, "a eq b"),
        negated,
        path,
        long,
    ];
    check_refused(refused.iter().map(String::as_str));
    let stars = Filter::parse(&format!("description:{}b", "*a".repeat(4000))).unwrap();
    assert!(!stars.matches(&json!({"description": "a".repeat(200_000)})));
}

#[test]
fn a_filter_says_which_name_and_place_it_is_about() {
    let hints = |text: &str| {
        let filter = Filter::parse(text).unwrap();
        let scope = filter.scope().map(|scope| format!("{scope:?}"));
        (filter.exact_name().map(str::to_owned), scope)
    };
    let (name, zone) = (|name: &str| Some(name.to_owned()), Some("Zone(\"z-a\")".to_owned()));
    assert_eq!(hints("name = web-1"), (name("web-1"), None));
    assert_eq!(
        hints("status=X AND (name=\"a\" zone=https://x/compute/v1/projects/p/zones/z-a)"),
        (name("a"), zone.clone())
    );
    assert_eq!(hints("name eq ^web-1$"), (name("web-1"), None));
    assert_eq!(hints(r"(name eq web\-1)(zone eq z-a)"), (name("web-1"), zone));
    assert_eq!(hints("region = r1"), (None, Some("Region(\"r1\")".to_owned())));
    for text in [
        "",
        "name:web",
        "name=web*",
        "name!=a",
        "NOT name=a",
        "name=a OR name=b",
        "name ne a",
        "name eq a|b",
        "a.name=b",
        "zone:z",
        "zone=0",
    ] {
        assert_eq!(hints(text), (None, None), "{text}");
    }
    let filter = Filter::parse("NOT (labels.\"a.b\":* OR name=x)").unwrap();
    assert_eq!(filter.fields(), [&["labels".to_owned(), "a.b".to_owned()][..], &["name".to_owned()][..]]);
}

/// A generator of xorshift: the same texts in every run.
fn next(state: &mut u64) -> usize {
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    (*state >> 33) as usize
}

#[test]
fn f35_random_texts_are_read_or_refused() {
    const PIECES: [&str; 48] = [
        "name",
        "labels",
        ".",
        "env",
        "zone",
        "tags.items",
        "status",
        " ",
        " ",
        " eq ",
        " ne ",
        "=",
        "!=",
        ":",
        "<",
        ">=",
        "(",
        ")",
        "(",
        ")",
        " AND ",
        " OR ",
        "NOT ",
        "-",
        "\"",
        "'",
        "\\",
        "*",
        "web-1",
        "RUNNING",
        "10",
        "2026-11-21",
        "true",
        "[",
        "]",
        "{2}",
        "+",
        "?",
        "|",
        "^",
        "$",
        "ü",
        "\u{0}",
        "\n",
        "😀",
        "https://x/projects/p/zones/z",
        "\\b",
        ".*",
    ];
    let (mut state, mut read) = (0x2545_F491_4F6C_DD1D_u64, 0);
    for _ in 0..60_000 {
        let pieces = next(&mut state) % 14;
        let text: String = (0..pieces).map(|_| PIECES[next(&mut state) % PIECES.len()]).collect();
        let Ok(filter) = Filter::parse(&text) else { continue };
        read += 1;
        filter.matches(&instance());
        let pinned = filter.exact_name().is_none_or(|name| name == "web-1");
        assert!(pinned || !filter.matches(&instance()), "{text}");
    }
    assert!(read > 1000, "{read}");
}
