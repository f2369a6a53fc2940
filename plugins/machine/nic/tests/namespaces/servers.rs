//! The metadata server and the resolver, with a Fogbank that is a thread here.

use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::os::unix::fs::PermissionsExt;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use serde_json::json;

use crate::machine::{Bridge, Machine, configuration, inside, possible};

/// Answers requests: a name, what the request was, 5 MB, or nothing for a while.
fn fogbank(bridge: &Bridge) -> Arc<AtomicUsize> {
    let listener = inside(&bridge.host, || TcpListener::bind((bridge.gateway(), 18080)).unwrap());
    let waiting = Arc::new(AtomicUsize::new(0));
    let counter = waiting.clone();
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let counter = counter.clone();
            thread::Builder::new().stack_size(64 << 10).spawn(move || serve(stream, &counter)).unwrap();
        }
    });
    waiting
}

fn serve(stream: TcpStream, waiting: &AtomicUsize) {
    let mut reader = BufReader::new(stream);
    while let Some(head) = head(&mut reader) {
        let body = match () {
            () if head.contains("/names/w2.us-central1-a.c.p.internal ") => {
                r#"{"addresses": ["192.168.77.2"]}"#.to_owned()
            }
            () if head.contains("/names/2.77.168.192.in-addr.arpa ") => r#"{"names": ["w2.c.p.internal"]}"#.to_owned(),
            () if head.contains("/names/") => String::new(),
            () if head.starts_with("GET /large") => "x".repeat(5_000_000),
            () if head.starts_with("GET /wait") => {
                waiting.fetch_add(1, Ordering::SeqCst);
                let gone = reader.get_mut().read(&mut [0; 1]).is_ok_and(|length| length == 0);
                waiting.fetch_sub(1, Ordering::SeqCst);
                assert!(gone);
                return;
            }
            () => head,
        };
        let status = if body.is_empty() { "404 Not Found" } else { "200 OK" };
        let answer = format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\nX-Kept: 1\r\n\r\n{body}", body.len());
        if reader.get_mut().write_all(answer.as_bytes()).is_err() {
            return;
        }
    }
}

fn head(reader: &mut BufReader<TcpStream>) -> Option<String> {
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        if reader.read_line(&mut head).ok()? == 0 {
            return None;
        }
    }
    Some(head)
}

/// What the machine gets for a request to the metadata server.
fn get(machine: &Machine, request: &str) -> String {
    inside(&machine.name, || {
        let mut stream = TcpStream::connect("169.254.169.254:80").unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
        stream.write_all(request.as_bytes()).unwrap();
        let mut text = String::new();
        stream.read_to_string(&mut text).unwrap();
        text
    })
}

const REQUEST: &str = "GET /computeMetadata/v1/instance/id?alt=json HTTP/1.1\r\nHost: 169.254.169.254\r\nMetadata-Flavor: Google\r\n\
    Authorization: Bearer mine\r\nConnection: close, X-Hop\r\nX-Hop: 1\r\n\r\n";

#[test]
fn the_metadata_server_is_fogbank() {
    if !possible() {
        return;
    }
    let bridge = Bridge::new();
    let machine = Machine::new(&bridge, 2);
    assert!(get(&machine, REQUEST).starts_with("HTTP/1.1 503 "), "no configuration yet");
    machine.apply(&configuration(&bridge, "10.20.0.2", json!({"services": ["googleapis.com"]})));
    assert!(get(&machine, REQUEST).starts_with("HTTP/1.1 503 "), "no Fogbank yet");
    let address = SocketAddr::from((bridge.gateway(), 18080));
    let waiting = fogbank(&bridge);
    let answer = get(&machine, REQUEST);
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
    assert!(answer.contains("x-kept: 1\r\n"), "{answer}");
    assert!(answer.contains("GET /computeMetadata/v1/instance/id?alt=json HTTP/1.1\r\n"), "{answer}");
    assert!(answer.contains("authorization: Bearer secret\r\n") && !answer.contains("mine"), "{answer}");
    assert!(answer.contains("host: metadata.google.internal\r\n") && !answer.contains("x-hop"), "{answer}");
    let service = REQUEST.replace("Host: 169.254.169.254", "Host: storage.googleapis.com");
    let answer = get(&machine, &service);
    assert!(
        answer.contains("host: storage.googleapis.com\r\n") && answer.contains("authorization: Bearer mine"),
        "{answer}"
    );
    let large = get(&machine, "GET /large HTTP/1.1\r\nHost: metadata\r\nConnection: close\r\n\r\n");
    assert!(large.len() > 5_000_000);
    assert!(get(&machine, "nonsense\r\n\r\n").starts_with("HTTP/1.1 400 "));
    assert!(get(&machine, REQUEST).starts_with("HTTP/1.1 200 "), "a bad connection harms no other");
    let direct = inside(&machine.name, || TcpStream::connect_timeout(&address, Duration::from_secs(1)));
    assert_eq!(direct.unwrap_err().kind(), ErrorKind::NetworkUnreachable, "Fogbank is closed to the machine itself");
    waits_for_a_thousand(&machine, &waiting);
}

fn waits_for_a_thousand(machine: &Machine, waiting: &AtomicUsize) {
    let connections: Vec<_> = inside(&machine.name, || {
        let connect = |_| {
            let mut stream = TcpStream::connect("169.254.169.254:80").unwrap();
            stream.write_all(b"GET /wait HTTP/1.1\r\nHost: metadata\r\n\r\n").unwrap();
            stream
        };
        (0..1000).map(connect).collect()
    });
    crate::machine::eventually("all wait", || waiting.load(Ordering::SeqCst) == 1000);
    assert!(get(machine, REQUEST).starts_with("HTTP/1.1 200 "));
    drop(connections);
    crate::machine::eventually("Fogbank hears that they have gone", || waiting.load(Ordering::SeqCst) == 0);
}

/// Asks the resolver; gives the code and what follows the question.
fn ask(machine: &Machine, name: &str, kind: u8) -> (u8, Vec<u8>) {
    let mut question = b"\x12\x34\x01\0\0\x01\0\0\0\0\0\0".to_vec();
    for label in name.split('.') {
        question.push(label.len() as u8);
        question.extend(label.as_bytes());
    }
    question.extend([0, 0, kind, 0, 1]);
    let udp = inside(&machine.name, || {
        let socket = UdpSocket::bind("0.0.0.0:0").unwrap();
        socket.set_read_timeout(Some(Duration::from_secs(9))).unwrap();
        socket.send_to(&question, "169.254.169.254:53").unwrap();
        let mut buffer = vec![0; 600];
        let (length, from) = socket.recv_from(&mut buffer).unwrap();
        assert_eq!(from, "169.254.169.254:53".parse().unwrap());
        buffer.truncate(length);
        buffer
    });
    let tcp = inside(&machine.name, || {
        let mut stream = TcpStream::connect("169.254.169.254:53").unwrap();
        let length = (question.len() as u16).to_be_bytes();
        stream.write_all(&[&length[..], &question].concat()).unwrap();
        let mut length = [0; 2];
        stream.read_exact(&mut length).unwrap();
        let mut answer = vec![0; usize::from(u16::from_be_bytes(length))];
        stream.read_exact(&mut answer).unwrap();
        answer
    });
    assert_eq!(udp, tcp, "{name}");
    (udp[3] & 0xf, udp[question.len()..].to_vec())
}

#[test]
fn names_are_resolved() {
    if !possible() {
        return;
    }
    const ADDRESS: u8 = 1;
    const POINTER: u8 = 12;
    const IPV6_ADDRESS: u8 = 28;
    let bridge = Bridge::new();
    let machine = Machine::new(&bridge, 2);
    let address = (bridge.gateway(), 53);
    let resolver = inside(&bridge.host, || (UdpSocket::bind(address).unwrap(), TcpListener::bind(address).unwrap()));
    machine.apply(&configuration(&bridge, "10.20.0.2", json!({"resolvers": [bridge.gateway()]})));
    assert_eq!(ask(&machine, "w2.us-central1-a.c.p.internal", ADDRESS).0, 2, "Fogbank is away");
    fogbank(&bridge);
    let is = |found: (u8, Vec<u8>), address: [u8; 4]| found.0 == 0 && found.1.ends_with(&address);
    assert!(is(ask(&machine, "w2.us-central1-a.c.p.internal", ADDRESS), [192, 168, 77, 2]));
    assert!(is(ask(&machine, "metadata.google.internal", ADDRESS), [169, 254, 169, 254]));
    assert!(is(ask(&machine, "W1.us-central1-a.c.p.internal", ADDRESS), [10, 20, 0, 2]));
    assert_eq!(ask(&machine, "w2.us-central1-a.c.p.internal", IPV6_ADDRESS), (0, Vec::new()));
    assert_eq!(ask(&machine, "w9.c.p.internal", ADDRESS).0, 3);
    assert_eq!(ask(&machine, "w2", ADDRESS).0, 3);
    let (code, pointer) = ask(&machine, "2.77.168.192.in-addr.arpa", POINTER);
    assert!(code == 0 && pointer.ends_with(b"\x02w2\x01c\x01p\x08internal\0"));
    let resolv_conf = machine.etc("resolv.conf");
    assert_eq!(
        resolv_conf,
        "search us-central1-a.c.p.internal c.p.internal google.internal\nnameserver 169.254.169.254\n"
    );
    assert!(machine.etc("hosts").contains("10.20.0.2 w1.us-central1-a.c.p.internal w1"));
    forwards(&machine, resolver);
}

/// The rest is forwarded, though the machine itself does not get there.
fn forwards(machine: &Machine, (udp, tcp): (UdpSocket, TcpListener)) {
    let answer = |question: &[u8]| {
        let mut answer = question.to_vec();
        answer[2] |= 0x80;
        answer.extend(Ipv4Addr::new(192, 0, 2, 7).octets());
        answer
    };
    thread::spawn(move || {
        let mut buffer = [0; 600];
        while let Ok((length, client)) = udp.recv_from(&mut buffer) {
            udp.send_to(&answer(&buffer[..length]), client).ok();
        }
    });
    thread::spawn(move || {
        for mut stream in tcp.incoming().flatten() {
            let mut length = [0; 2];
            stream.read_exact(&mut length).unwrap();
            let mut question = vec![0; usize::from(u16::from_be_bytes(length))];
            stream.read_exact(&mut question).unwrap();
            let answer = answer(&question);
            stream.write_all(&[&(answer.len() as u16).to_be_bytes()[..], &answer].concat()).unwrap();
        }
    });
    let (code, rest) = ask(machine, "example.com", 1);
    assert_eq!((code, rest), (0, vec![192, 0, 2, 7]));
}

#[test]
fn the_machine_may_have_servers_on_the_same_ports() {
    if !possible() {
        return;
    }
    let bridge = Bridge::new();
    let mut machine = Machine::new(&bridge, 2);
    inside(&machine.name, || {
        TcpListener::bind("0.0.0.0:80").unwrap();
        UdpSocket::bind("0.0.0.0:53").unwrap();
    });
    assert_eq!(machine.terminate(), Some(0), "SIGTERM ends it");
    assert_eq!(machine.status()["running"], false);
    let folder = std::env::temp_dir().join(&machine.name).join("state");
    assert_eq!(std::fs::metadata(folder).unwrap().permissions().mode() & 0o777, 0o700);
}
