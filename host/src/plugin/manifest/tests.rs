use super::*;
use crate::plugin::package::MemoryPackage;

const GOOD: &str = r#"
name = "things"
version = "0.1.0"
prefixes = ["/things/v1"]
hosts = ["things.example.com", "{thing}.things.example.com"]
[capabilities]
files = true
database = true
peers = ["iam.example.com"]
[limits]
memory = "64MiB"
[[route]]
id = "things.get"
method = "GET"
path = "/things/v1/t/{thing}"
permission = "things.get"
resource = "//things.example.com/things/{thing}"
wall = "10m"
[[route]]
id = "things.later"
method = "POST"
paths = ["/things/v1/t/{thing}:later", "/things/v1/later"]
unimplemented = true
[[schedule]]
name = "sweep"
every = "60s"
at-start = true
[env]
THINGS_HOST = "{host}"
"#;

fn read(text: &str) -> Result<Manifest, Vec<String>> {
    let result = Manifest::read(&MemoryPackage::of_manifest("things", text));
    result.map_err(|problems| problems.iter().map(ToString::to_string).collect())
}

#[test]
fn a_manifest_is_read() {
    let manifest = read(GOOD).expect("good");
    assert_eq!(manifest.component, "things.wasm");
    assert_eq!(manifest.limits.memory, 64 << 20);
    assert!(manifest.capabilities.peers.allows("iam.example.com"));
    assert!(!manifest.capabilities.peers.allows("evil-iam.example.com"));
    let route = &manifest.routes[0];
    assert_eq!(route.limits.wall, Duration::from_secs(600));
    assert_eq!(route.limits.memory, 64 << 20);
    assert_eq!(route.permission, Some(Permission::Named("things.get".into())));
    assert_eq!(manifest.schedules[0].every, Duration::from_secs(60));
}

#[test]
fn all_problems_are_reported_at_once() {
    let text = r#"
name = "things"
version = "one"
reuse = 200
colour = "blue"
[capabilities]
fils = true
operations = true
[limits]
cpu = "fast"
[[route]]
id = "a"
method = "FETCH"
path = "no-slash"
permission = "p"
[[route]]
id = "b"
metod = "GET"
"#;
    let problems = read(text).expect_err("bad").join("\n");
    for part in
        ["version", "reuse", "colour", "fils", "operations", "limits.cpu", "FETCH", "no-slash", "route b", "metod"]
    {
        assert!(problems.contains(part), "{part} is missing in:\n{problems}");
    }
    assert!(problems.contains(":11: route a"), "{problems}");
}

#[test]
fn f26_a_route_without_a_permission_is_refused_by_name() {
    let text = GOOD.replace("permission = \"things.get\"\n", "");
    let problems = read(&text).expect_err("no permission").join("\n");
    assert!(problems.contains("route things.get: names no permission"), "{problems}");
}

#[test]
fn f26_open_to_all_needs_a_reason() {
    let text = GOOD.replace("permission = \"things.get\"", "permission = \"none\"");
    assert!(read(&text).expect_err("no reason").join("\n").contains("reason"));
    let text = GOOD.replace("permission = \"things.get\"", "permission = \"none\"\nreason = \"public by design\"");
    assert!(matches!(read(&text).expect("open").routes[0].permission, Some(Permission::Open { .. })));
}

#[test]
fn a_resource_uses_only_what_every_path_has() {
    let text = GOOD.replace("things/{thing}\"\nwall", "things/{thong}\"\nwall");
    assert!(read(&text).expect_err("unknown").join("\n").contains("{thong}"));
}

#[test]
fn f04_a_component_outside_of_its_folder_is_refused() {
    for file in ["../evil.wasm", "/etc/passwd", "a\\\\b.wasm", ".hidden"] {
        let text = format!("component = \"{file}\"\n{GOOD}");
        assert!(read(&text).is_err(), "{file}");
    }
}

#[test]
fn f29_host_patterns_match_whole_names() {
    let pattern = HostPattern::parse("{bucket}.storage.example.com").expect("pattern");
    assert_eq!(pattern.matches("a.storage.example.com"), Some("a"));
    assert_eq!(pattern.matches("a.b.storage.example.com"), Some("a.b"));
    for host in
        ["evil-storage.example.com", "a.storage.example.com.evil", ".storage.example.com", "storage.example.com"]
    {
        assert_eq!(pattern.matches(host), None, "{host}");
    }
}

#[test]
fn path_patterns_are_read_and_printed() {
    for text in ["/", "/a/{b}", "/a/{b}:verb", "/{b}/{o+}", "/v1/{r+}:getIamPolicy", "/a/"] {
        assert_eq!(PathPattern::parse(text).expect(text).to_string(), text);
    }
    for text in ["", "a", "/{a+}/b", "/{a}/{a}", "/{a}x", "/{}", "/a%20b", "/{a"] {
        assert!(PathPattern::parse(text).is_err(), "{text}");
    }
}

#[test]
fn migrations_have_numbers_and_both_backends() {
    let mut package = MemoryPackage::of_manifest("things", GOOD);
    let mut add = |path: &str| package.files.insert(path.to_owned(), "SELECT 1".as_bytes().into());
    add("migrations/sqlite/0001_things.sql");
    add("migrations/postgres/0001_things.sql");
    assert_eq!(Manifest::read(&package).expect("both").migrations.sqlite[0].name, "things");
    package.files.insert("migrations/sqlite/2_more.sql".into(), "SELECT 1".as_bytes().into());
    package.files.insert("migrations/sqlite/0003_more.sql".into(), "SELECT 1".as_bytes().into());
    let problems = Manifest::read(&package).expect_err("bad names");
    assert_eq!(problems.len(), 2, "{problems:?}");
}

/// [`GOOD`] with `include` of these, and the files.
fn with_files(include: &str, files: &[(&str, &str)]) -> Result<Manifest, Vec<String>> {
    let mut package = MemoryPackage::of_manifest("things", &format!("include = {include}\n{GOOD}"));
    for (path, text) in files {
        package.files.insert((*path).to_owned(), text.as_bytes().to_vec().into());
    }
    Manifest::read(&package).map_err(|problems| problems.iter().map(ToString::to_string).collect())
}

#[test]
fn included_files_bring_routes_and_roles() {
    let routes =
        "[[route]]\nid = \"things.list\"\nmethod = \"GET\"\npath = \"/things/v1/t\"\npermission = \"things.list\"\n";
    let roles = "[[role]]\nname = \"roles/things.viewer\"\npermissions = [\"things.get\"]\n";
    let files = [("routes.toml", routes), ("more/roles.toml", roles)];
    let manifest = with_files("[\"routes.toml\", \"more/roles.toml\"]", &files).expect("good");
    let ids: Vec<&str> = manifest.routes.iter().map(|route| &*route.id).collect();
    assert_eq!(ids, ["things.get", "things.later", "things.list"]);
    assert_eq!(manifest.routes[2].limits.memory, 64 << 20, "the service's own limits hold there too");
    assert_eq!(manifest.access.roles[0].name, "roles/things.viewer");
    assert!(manifest.access.permissions.contains("things.list"));
    assert_eq!(manifest.includes, ["routes.toml", "more/roles.toml"]);
}

#[test]
fn problems_of_an_included_file_name_it() {
    let routes = "colour = 1\n\n[[route]]\nid = \"a\"\nmethod = \"GET\"\npath = \"/things/v1/a\"\n\
                  [[role]]\nname = \"viewer\"\npermissions = [\"things.get\"]\n";
    let files = [("routes.toml", routes), ("broken.toml", "a = 1\nb =\n")];
    let problems = with_files("[\"routes.toml\", \"broken.toml\", \"none.toml\"]", &files).expect_err("bad");
    for part in [
        "things/routes.toml (embedded): there is no key `colour`",
        "things/routes.toml (embedded):3: route a: names no permission",
        "things/routes.toml (embedded): role viewer",
        "things/broken.toml (embedded):2: is not TOML",
        "things/none.toml (embedded): there is no such file",
    ] {
        assert!(problems.iter().any(|problem| problem.starts_with(part)), "{part} is missing in {problems:#?}");
    }
    assert_eq!(problems.len(), 5, "{problems:#?}");
}

#[test]
fn f04_a_file_outside_of_the_folder_is_not_included() {
    for path in
        ["../routes.toml", "/etc/routes.toml", "a/../../routes.toml", "a//routes.toml", ".routes.toml", "a\\\\b.toml"]
    {
        let problems = with_files(&format!("[\"{path}\"]"), &[]).expect_err(path).join("\n");
        assert!(problems.contains("is no file in the folder"), "{path}: {problems}");
    }
    for list in ["[\"routes.txt\"]", "[\"plugin.toml\"]", "[\"a.toml\", \"a.toml\"]"] {
        let problems = with_files(list, &[("routes.txt", ""), ("a.toml", "")]).expect_err(list);
        assert_eq!(problems.len(), 1, "{problems:?}");
    }
}

#[test]
fn a_glance_tells_a_name_and_files() {
    let text =
        "name = \"things\"\nversion = 1\ninclude = [\"routes.toml\"]\n[[asset]]\nname = \"a\"\nfile = \"assets/a\"\n";
    let glance = Glance::at(&MemoryPackage::of_manifest("x", text));
    assert_eq!(glance, Glance { name: Some("things".into()), files: vec!["routes.toml".into(), "assets/a".into()] });
    assert_eq!(Glance::at(&MemoryPackage::of_manifest("x", "name =")), Glance::default());
}

#[test]
fn f04_an_asset_outside_of_the_folder_is_refused() {
    let asset = |name: &str, file: &str| format!("{GOOD}[[asset]]\nname = \"{name}\"\nfile = \"{file}\"\n");
    assert_eq!(read(&asset("nic", "assets/nic")).expect("good").assets[0].file, "assets/nic");
    for (name, file) in [("nic", "../nic"), ("nic", "/bin/sh"), ("", "nic")] {
        assert_eq!(read(&asset(name, file)).expect_err(file).len(), 1, "{file}");
    }
    assert!(read(&(asset("nic", "a") + &asset("nic", "b").replace(GOOD, ""))).is_err());
}

#[test]
fn containers_are_of_the_services_own_domain_unless_it_names_another() {
    assert_eq!(&*read(GOOD).expect("good").docker.domain, "things");
    let asks = GOOD.replacen("[capabilities]\n", "[capabilities]\ndocker = true\n", 1);
    let table = "[docker]\ndomain = \"shared\"\nhost = \"Machines.Test\"\nrights = [\"join\"]\n";
    let docker = read(&format!("{asks}{table}")).expect("good").docker;
    assert_eq!((&*docker.domain, docker.host.as_deref(), docker.rights.len()), ("shared", Some("machines.test"), 1));
    let problems = read(&format!("{GOOD}{table}")).expect_err("it does not ask").join("\n");
    assert!(problems.contains("capabilities.docker"), "{problems}");
    for wrong in ["domain = \"a.b\"", "rights = [\"privileged\"]", "colour = 1"] {
        assert_eq!(read(&format!("{asks}[docker]\n{wrong}\n")).expect_err(wrong).len(), 1, "{wrong}");
    }
}

#[test]
fn a_domain_of_operations_needs_operations() {
    let domain = |name: &str| format!("{GOOD}[operations]\ndomain = \"{name}\"\n");
    let with = |name: &str| domain(name).replace("database = true", "database = true\noperations = true");
    assert_eq!(read(&with("compute")).expect("good").operations_domain.as_deref(), Some("compute"));
    assert_eq!(read(&domain("compute")).expect_err("no operations").len(), 1);
    assert_eq!(read(&with("../compute")).expect_err("no name").len(), 1);
    assert_eq!(read(GOOD).expect("good").operations_domain, None);
}
