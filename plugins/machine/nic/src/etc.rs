//! `/etc/resolv.conf` and `/etc/hosts`, which the machine's container shares with the nic's: Docker mounts the same files in both, so
//! they are written in place.

use std::fmt::Write as _;
use std::net::Ipv4Addr;
use std::path::PathBuf;
use std::{env, fs, io};

use machine_config::{Configuration, METADATA_ADDRESS};

use crate::attachment::Attachment;
use crate::store::Store;

/// Ends the lines of ours in `/etc/hosts`.
const SIGN: &str = "# Added by Fogbank";

/// Writes both files.
pub fn write(store: &Store, configuration: &Configuration, attachments: &[Attachment<'_>]) -> io::Result<()> {
    let resolv_conf = path("resolv.conf");
    let before = fs::read_to_string(&resolv_conf).unwrap_or_default();
    if !is_ours(&before) {
        store.keep_resolv_conf(&before)?;
    }
    replace(resolv_conf, &before, &resolver(&before, &configuration.search))?;
    let hosts = path("hosts");
    let before = fs::read_to_string(&hosts).unwrap_or_default();
    let underlay: Vec<_> = attachments.iter().map(|attachment| attachment.underlay).collect();
    replace(hosts, &before, &names(&before, configuration, &underlay))
}

/// Resolvers that Docker gave: its own, or those behind it which newer versions name in a comment.
pub fn resolvers(resolv_conf: &str) -> Vec<Ipv4Addr> {
    let comment = resolv_conf.lines().find_map(|line| line.strip_prefix("# ExtServers: ["));
    let behind = comment.map(|list| list.trim_end_matches(']').split_whitespace().map(str::parse).collect());
    match behind {
        // `host(127.0.0.53)` is asked from the host's namespace, which only Docker's own can.
        Some(Ok(behind)) => behind,
        _ => {
            let lines = resolv_conf.lines().filter_map(|line| line.trim().strip_prefix("nameserver"));
            lines
                .filter_map(|address| address.trim().parse().ok())
                .filter(|address| *address != METADATA_ADDRESS)
                .collect()
        }
    }
}

/// `/etc/NAME`, or the file of that name in the folder `NIC_ETC`.
fn path(name: &str) -> PathBuf {
    env::var_os("NIC_ETC").map_or_else(|| PathBuf::from("/etc"), PathBuf::from).join(name)
}

fn replace(path: PathBuf, before: &str, after: &str) -> io::Result<()> {
    if before == after { Ok(()) } else { fs::write(path, after) }
}

fn is_ours(resolv_conf: &str) -> bool {
    resolv_conf.contains(&format!("nameserver {METADATA_ADDRESS}"))
}

/// The machine's `/etc/resolv.conf`; without search domains of ours those of `before` stay.
fn resolver(before: &str, search: &[String]) -> String {
    let kept = before.lines().find(|line| line.starts_with("search "));
    let search = if search.is_empty() { kept.map(str::to_owned) } else { Some(format!("search {}", search.join(" "))) };
    let search = search.map(|line| line + "\n").unwrap_or_default();
    format!("{search}nameserver {METADATA_ADDRESS}\n")
}

/// The machine's `/etc/hosts`: its names mean its address in the VPC, and no longer Docker's.
fn names(before: &str, configuration: &Configuration, underlay: &[Ipv4Addr]) -> String {
    let address = |line: &str| line.split_whitespace().next().and_then(|address| address.parse().ok());
    let foreign =
        |line: &&str| !line.ends_with(SIGN) && !address(line).is_some_and(|address| underlay.contains(&address));
    let mut text = before.lines().filter(foreign).fold(String::new(), |text, line| text + line + "\n");
    let full = &configuration.hostname;
    let short = full.split('.').next().unwrap_or(full);
    let both = if short == full { full.clone() } else { format!("{full} {short}") };
    if let Some(address) = configuration.interfaces.first().and_then(|interface| interface.address) {
        let _ = writeln!(text, "{address} {both} {SIGN}");
    }
    let _ = writeln!(text, "{METADATA_ADDRESS} metadata.google.internal {SIGN}");
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_resolvers_that_docker_gave() {
        let docker = Ipv4Addr::new(127, 0, 0, 11);
        assert_eq!(resolvers("nameserver 127.0.0.11\noptions ndots:0\n"), [docker]);
        assert_eq!(
            resolvers("nameserver 127.0.0.11\n# ExtServers: [1.1.1.1 8.8.8.8]\n"),
            [[1, 1, 1, 1].into(), [8; 4].into()] as [Ipv4Addr; 2]
        );
        assert_eq!(resolvers("nameserver 127.0.0.11\n# ExtServers: [host(127.0.0.53)]\n"), [docker]);
        assert!(resolvers("nameserver 169.254.169.254\nnameserver fe80::1\n").is_empty());
    }

    #[test]
    fn keeps_docker_s_search_domains_without_others() {
        assert_eq!(resolver("search a.b\nnameserver 1.1.1.1\n", &[]), "search a.b\nnameserver 169.254.169.254\n");
        assert_eq!(resolver("", &["c.p.internal".into()]), "search c.p.internal\nnameserver 169.254.169.254\n");
    }

    #[test]
    fn the_machine_s_name_is_its_address_in_the_vpc() {
        let json = r#"{"endpoint": {"url": "http://h", "token": "t"}, "hostname": "w1.z.c.p.internal", "egress": "none",
            "interfaces": [{"gateway": "172.18.0.1", "address": "10.20.0.2", "ranges": []}]}"#;
        let configuration = serde_json::from_str(json).unwrap();
        let underlay = [Ipv4Addr::new(172, 18, 0, 2)];
        let text = names("127.0.0.1 localhost\n172.18.0.2 w1\n", &configuration, &underlay);
        assert_eq!(
            text,
            "127.0.0.1 localhost\n10.20.0.2 w1.z.c.p.internal w1 # Added by Fogbank\n\
             169.254.169.254 metadata.google.internal # Added by Fogbank\n"
        );
        assert_eq!(names(&text, &configuration, &underlay), text);
    }
}
