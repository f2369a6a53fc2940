//! What reaches what.

use std::io::{ErrorKind, Read};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::thread;
use std::time::Duration;

use serde_json::json;

use crate::machine::{Bridge, Machine, configuration, eventually, inside, possible, rule};

/// Accepts connections in a machine and tells each where it came from.
fn serve(machine: &Machine, address: &str) {
    let listener = inside(&machine.name, || TcpListener::bind(address).unwrap());
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let peer = format!("{} to {}", stream.peer_addr().unwrap().ip(), stream.local_addr().unwrap().ip());
            std::io::Write::write_all(&mut &stream, peer.as_bytes()).ok();
        }
    });
}

/// What the server at `address` says to a client in `namespace`.
fn talk(namespace: &str, address: &str) -> Result<String, ErrorKind> {
    let address: SocketAddr = address.parse().unwrap();
    inside(namespace, || connect(address)).map_err(|error| error.kind())
}

fn connect(address: SocketAddr) -> std::io::Result<String> {
    let mut text = String::new();
    TcpStream::connect_timeout(&address, Duration::from_millis(400))?.read_to_string(&mut text)?;
    Ok(text)
}

fn two(bridge: &Bridge) -> (Machine, Machine) {
    (Machine::new(bridge, 2), Machine::new(bridge, 3))
}

#[test]
fn machines_of_two_subnets_reach_each_other_by_the_rules() {
    if !possible() {
        return;
    }
    let bridge = Bridge::new();
    let (one, two) = two(&bridge);
    serve(&two, "0.0.0.0:80");
    serve(&two, "0.0.0.0:81");
    one.apply(&configuration(&bridge, "10.20.0.2", json!({})));
    two.apply(&configuration(&bridge, "192.168.77.2", json!({})));
    assert_eq!(talk(&one.name, "192.168.77.2:80"), Err(ErrorKind::TimedOut), "ingress is denied by default");

    let allow = rule("ingress", 1000, "allow", "10.20.0.0/24", &[80]);
    two.apply(&configuration(&bridge, "192.168.77.2", json!({"rules": [allow]})));
    assert_eq!(talk(&one.name, "192.168.77.2:80").as_deref(), Ok("10.20.0.2 to 192.168.77.2"));
    assert_eq!(talk(&one.name, "192.168.77.2:81"), Err(ErrorKind::TimedOut));
    assert!(talk(&one.name, &format!("{}:80", bridge.address(3))).is_err(), "Docker's addresses are closed");

    let deny = rule("ingress", 1000, "deny", "10.20.0.2", &[]);
    two.apply(&configuration(&bridge, "192.168.77.2", json!({"rules": [allow, deny]})));
    assert_eq!(talk(&one.name, "192.168.77.2:80"), Err(ErrorKind::TimedOut), "deny goes before allow");
    let first = rule("ingress", 999, "allow", "10.20.0.2", &[]);
    two.apply(&configuration(&bridge, "192.168.77.2", json!({"rules": [allow, deny, first]})));
    assert!(talk(&one.name, "192.168.77.2:81").is_ok(), "the lowest priority decides");

    let egress =
        [rule("egress", 900, "deny", "192.168.77.0/24", &[81]), rule("egress", 1000, "allow", "0.0.0.0/0", &[])];
    one.apply(&configuration(&bridge, "10.20.0.2", json!({"rules": egress})));
    assert!(talk(&one.name, "192.168.77.2:81").is_err(), "egress is denied");
    assert!(talk(&one.name, "192.168.77.2:80").is_ok());
}

#[test]
fn equal_ranges_on_two_bridges_do_not_meet() {
    if !possible() {
        return;
    }
    let shop = Bridge::new();
    let other = shop.beside();
    let (one, two) = (Machine::new(&shop, 2), Machine::new(&other, 2));
    serve(&two, "0.0.0.0:80");
    let all = rule("ingress", 1000, "allow", "0.0.0.0/0", &[]);
    one.apply(&configuration(&shop, "10.20.0.2", json!({"rules": [all], "egress": "nat"})));
    two.apply(&configuration(&other, "10.20.0.3", json!({"rules": [all], "egress": "nat"})));
    assert!(talk(&one.name, "10.20.0.3:80").is_err());
    assert!(talk(&one.name, &format!("{}:80", other.address(2))).is_err());
}

#[test]
fn an_answer_comes_to_a_connection_that_the_rules_would_not_let_in() {
    if !possible() {
        return;
    }
    let bridge = Bridge::new();
    let (one, two) = two(&bridge);
    serve(&two, "0.0.0.0:80");
    one.apply(&configuration(&bridge, "10.20.0.2", json!({})));
    let rules = [rule("ingress", 1, "allow", "10.20.0.2", &[]), rule("egress", 1, "deny", "0.0.0.0/0", &[])];
    two.apply(&configuration(&bridge, "192.168.77.2", json!({"rules": rules})));
    assert!(talk(&one.name, "192.168.77.2:80").is_ok());
    serve(&one, "0.0.0.0:80");
    assert!(talk(&two.name, "10.20.0.2:80").is_err());
}

#[test]
fn the_host_comes_from_outside() {
    if !possible() {
        return;
    }
    let bridge = Bridge::new();
    let machine = Machine::new(&bridge, 2);
    machine.apply(&configuration(&bridge, "10.20.0.2", json!({})));
    serve(&machine, "10.20.0.2:22");
    let underlay = SocketAddr::from((bridge.address(2), 22));
    for (range, open) in [
        ("0.0.0.0/0", true),
        ("35.235.240.0/20", true),
        ("127.0.0.1/32", true),
        ("198.18.0.0/15", false),
        ("10.0.0.0/8", false),
    ] {
        let allow = rule("ingress", 1000, "allow", range, &[22]);
        machine.apply(&configuration(&bridge, "10.20.0.2", json!({"rules": [allow]})));
        let said = inside(&bridge.host, || connect(underlay)).ok();
        let expected = open.then(|| format!("{} to 10.20.0.2", bridge.gateway()));
        assert_eq!(said, expected, "{range}");
    }
}

#[test]
fn a_machine_has_no_other_addresses() {
    if !possible() {
        return;
    }
    let bridge = Bridge::new();
    let (one, two) = two(&bridge);
    let all = rule("ingress", 1, "allow", "0.0.0.0/0", &[]);
    one.apply(&configuration(&bridge, "10.20.0.2", json!({})));
    two.apply(&configuration(&bridge, "192.168.77.2", json!({"rules": [all]})));
    let socket = inside(&two.name, || UdpSocket::bind("0.0.0.0:9999").unwrap());
    socket.set_read_timeout(Some(Duration::from_millis(300))).unwrap();
    let send = |source: Ipv4Addr| {
        let sent = inside(&one.name, || {
            UdpSocket::bind((source, 0)).and_then(|socket| socket.send_to(b"x", "192.168.77.2:9999"))
        });
        sent.is_ok() && socket.recv(&mut [0; 9]).is_ok()
    };
    assert!(send([10, 20, 0, 2].into()));
    assert!(!send(bridge.address(2)), "Docker's address is not the machine's");
    inside(&one.name, || {
        std::process::Command::new("ip").args(["addr", "add", "10.20.0.99/32", "dev", "lo"]).status().unwrap()
    });
    assert!(!send([10, 20, 0, 99].into()), "spoofed");
    let rules = json!({"can_ip_forward": true});
    one.apply(&configuration(&bridge, "10.20.0.2", rules));
    assert!(send([10, 20, 0, 99].into()), "a router may");
}

#[test]
fn egress_is_as_configured() {
    if !possible() {
        return;
    }
    let bridge = Bridge::new();
    let outside = bridge.beside();
    let machine = Machine::new(&bridge, 2);
    let listen = |address: Ipv4Addr| inside(&bridge.host, || TcpListener::bind((address, 0)).unwrap());
    let server = listen(outside.gateway());
    let address = server.local_addr().unwrap();
    let near = listen(bridge.gateway());
    let near = near.local_addr().unwrap();
    machine.apply(&configuration(&bridge, "10.20.0.2", json!({})));
    let refused = inside(&machine.name, || TcpStream::connect_timeout(&address, Duration::from_secs(1))).unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::NetworkUnreachable);
    machine.apply(&configuration(&bridge, "10.20.0.2", json!({"egress": "nat"})));
    inside(&machine.name, || TcpStream::connect_timeout(&address, Duration::from_secs(1))).unwrap();
    let (_, peer) = server.accept().unwrap();
    assert_eq!(peer.ip(), bridge.address(2), "what leaves the VPC has Docker's address");
    assert!(inside(&machine.name, || TcpStream::connect_timeout(&near, Duration::from_millis(300))).is_err());
}

#[test]
fn alias_ranges_are_the_machine_s() {
    if !possible() {
        return;
    }
    let bridge = Bridge::new();
    let (one, two) = two(&bridge);
    let with_alias = |address, aliases: &[&str]| {
        let rules = [rule("ingress", 1, "allow", "0.0.0.0/0", &[])];
        let mut value = configuration(&bridge, address, json!({"rules": rules}));
        value["interfaces"][0]["ranges"].as_array_mut().unwrap().push(json!({"range": "10.30.0.0/16"}));
        value["interfaces"][0]["aliases"] = json!(aliases);
        value
    };
    one.apply(&with_alias("10.20.0.2", &[]));
    two.apply(&with_alias("192.168.77.2", &["10.30.0.16/28"]));
    serve(&two, "0.0.0.0:80");
    assert_eq!(talk(&one.name, "10.30.0.29:80").as_deref(), Ok("10.20.0.2 to 10.30.0.29"));
    two.apply(&with_alias("192.168.77.2", &[]));
    assert!(talk(&one.name, "10.30.0.29:80").is_err());
}

#[test]
fn an_address_that_moves_is_found_at_once() {
    if !possible() {
        return;
    }
    let bridge = Bridge::new();
    let (one, two) = two(&bridge);
    let rules = json!({"rules": [rule("ingress", 1, "allow", "0.0.0.0/0", &[])]});
    one.apply(&configuration(&bridge, "10.20.0.2", rules.clone()));
    two.apply(&configuration(&bridge, "192.168.77.2", rules.clone()));
    serve(&two, "0.0.0.0:80");
    assert!(talk(&one.name, "192.168.77.2:80").is_ok());
    drop(two);
    let three = Machine::new(&bridge, 4);
    // The kernel takes no correction within a second of an entry's last one.
    thread::sleep(Duration::from_secs(1));
    serve(&three, "0.0.0.0:80");
    three.apply(&configuration(&bridge, "192.168.77.2", rules));
    eventually("the new place is known", || talk(&one.name, "192.168.77.2:80").is_ok());
}

#[test]
fn routes_by_way_of_a_machine_that_forwards() {
    if !possible() {
        return;
    }
    let bridge = Bridge::new();
    let (one, router) = two(&bridge);
    let target = Machine::new(&bridge, 4);
    let all = rule("ingress", 1, "allow", "0.0.0.0/0", &[]);
    let with_route = |address, next_hop: Option<&str>, more| {
        let mut value = configuration(&bridge, address, more);
        let range = json!({"range": "10.99.0.0/16", "next_hop": next_hop});
        value["interfaces"][0]["ranges"].as_array_mut().unwrap().push(range);
        value
    };
    one.apply(&with_route("10.20.0.2", Some("10.20.0.3"), json!({"rules": [all]})));
    target.apply(&with_route("10.99.0.5", None, json!({"rules": [all]})));
    serve(&target, "0.0.0.0:80");
    inside(&router.name, || std::fs::write("/proc/sys/net/ipv4/ip_forward", "1").unwrap());
    router.apply(&with_route("10.20.0.3", None, json!({"rules": [all]})));
    assert!(talk(&one.name, "10.99.0.5:80").is_err(), "a machine forwards nothing by itself");
    router.apply(&with_route("10.20.0.3", None, json!({"rules": [all], "can_ip_forward": true})));
    assert_eq!(talk(&one.name, "10.99.0.5:80").as_deref(), Ok("10.20.0.2 to 10.99.0.5"));
}

#[test]
fn applying_twice_gives_the_same_and_a_bad_configuration_changes_nothing() {
    if !possible() {
        return;
    }
    let bridge = Bridge::new();
    let machine = Machine::new(&bridge, 2);
    let good =
        configuration(&bridge, "10.20.0.2", json!({"rules": [rule("ingress", 1, "allow", "10.0.0.0/8", &[1, 2])]}));
    machine.apply(&good);
    let (kernel, status) = (machine.kernel(), machine.status());
    machine.apply(&good);
    assert_eq!(machine.kernel(), kernel);
    assert_eq!(status["digest"], machine_config::digest(good.to_string().as_bytes()));
    assert_eq!(status["devices"][0]["addresses"], json!(["10.20.0.2/32"]));
    let stray =
        configuration(&bridge, "10.20.0.9", json!({"rules": [rule("ingress", 70000, "allow", "10.0.0.0/8", &[])]}));
    let mut far = good.clone();
    far["interfaces"][0]["gateway"] = json!("203.0.113.1");
    for (bad, says) in [
        ("{".to_owned(), "EOF"),
        (stray.to_string(), "rule 0: priority 70000"),
        (far.to_string(), "no device is on the bridge of 203.0.113.1"),
    ] {
        let output = machine.apply_text(&bad);
        assert_eq!(output.status.code(), Some(1));
        let error = String::from_utf8(output.stderr).unwrap();
        assert!(error.contains(says), "{error}");
    }
    assert_eq!((machine.kernel(), machine.status()), (kernel, status));
    machine.apply(&configuration(&bridge, "10.20.0.7", json!({})));
    assert_eq!(machine.status()["devices"][0]["addresses"], json!(["10.20.0.7/32"]));
}

#[test]
fn many_apply_at_once() {
    if !possible() {
        return;
    }
    let bridge = Bridge::new();
    let machine = Machine::new(&bridge, 2);
    let ranges: Vec<_> = (0..3000).map(|index| format!("10.{}.{}.0/28", index / 256, index % 256)).collect();
    let mut large = rule("ingress", 1, "allow", "10.0.0.0/8", &[80]);
    large["ranges"] = json!(ranges);
    let configurations: Vec<_> = (2..14)
        .map(|number| configuration(&bridge, &format!("10.20.0.{number}"), json!({"rules": [large]})).to_string())
        .collect();
    thread::scope(|scope| {
        for configuration in &configurations {
            let machine = &machine;
            scope.spawn(move || assert!(machine.apply_text(configuration).status.success()));
        }
    });
    let digest = machine.status()["digest"].clone();
    let last = configurations.iter().find(|one| digest == machine_config::digest(one.as_bytes())).unwrap();
    let last: serde_json::Value = serde_json::from_str(last).unwrap();
    let address = last["interfaces"][0]["address"].as_str().unwrap();
    assert_eq!(machine.status()["devices"][0]["addresses"], json!([format!("{address}/32")]));
}

#[test]
fn a_rule_that_logs_says_what_it_decided() {
    if !possible() {
        return;
    }
    let bridge = Bridge::new();
    let (one, two) = two(&bridge);
    let mut allow = rule("ingress", 1, "allow", "0.0.0.0/0", &[80]);
    allow["log"] = json!(true);
    one.apply(&configuration(&bridge, "10.20.0.2", json!({})));
    two.apply(&configuration(&bridge, "192.168.77.2", json!({"rules": [allow]})));
    serve(&two, "0.0.0.0:80");
    assert!(talk(&one.name, "192.168.77.2:80").is_ok());
    eventually("the line is there", || two.log().contains(r#""destination_port":80"#));
    assert!(two.log().contains(r#""source":"10.20.0.2""#), "{}", two.log());
}
