//! A machine: a namespace on a bridge, with a nic that runs in it.

use std::fs::{self, File};
use std::io::Write;
use std::net::Ipv4Addr;
use std::os::fd::AsFd;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};
use std::{env, process, thread};

use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};
use serde_json::{Value, json};

/// Bridges of this run so far.
static BRIDGES: AtomicU32 = AtomicU32::new(0);

/// Whether namespaces can be made here.
pub fn possible() -> bool {
    let ip = Command::new("ip").args(["netns", "list"]).output().is_ok();
    let possible = ip && rustix::process::geteuid().is_root();
    if !possible {
        eprintln!("no root or no `ip`: nothing is tested");
    }
    possible
}

/// Runs a command that has to succeed, such as `ip link`.
fn ip(arguments: &str) {
    let output = Command::new("ip").args(arguments.split(' ')).output().unwrap();
    assert!(output.status.success(), "ip {arguments}: {}", String::from_utf8_lossy(&output.stderr));
}

/// A host's namespace, with a bridge of the range 198.18.N.0/24, as Docker makes for a network. It is not the namespace that the
/// tests run in, whose own firewall would have a say.
pub struct Bridge {
    /// The host's namespace.
    pub host: String,
    name: String,
    number: u32,
    /// Whether the host is removed with this bridge.
    only: bool,
}

impl Bridge {
    /// A bridge of a new host.
    pub fn new() -> Bridge {
        let number = BRIDGES.fetch_add(1, Ordering::Relaxed);
        let host = format!("nich{}-{number}", process::id());
        ip(&format!("netns add {host}"));
        ip(&format!("-n {host} link set lo up"));
        Bridge::on(host, number, true)
    }

    /// Another bridge of the same host.
    pub fn beside(&self) -> Bridge {
        Bridge::on(self.host.clone(), BRIDGES.fetch_add(1, Ordering::Relaxed), false)
    }

    fn on(host: String, number: u32, only: bool) -> Bridge {
        let bridge =
            Bridge { host, name: format!("nicb{}-{number}", process::id() % 10000), number: 100 + number, only };
        let Bridge { host, name, .. } = &bridge;
        ip(&format!("-n {host} link add {name} type bridge"));
        ip(&format!("-n {host} addr add {}/24 dev {name}", bridge.gateway()));
        ip(&format!("-n {host} link set {name} up"));
        bridge
    }

    pub fn gateway(&self) -> Ipv4Addr {
        self.address(1)
    }

    /// The address that the bridge's network gives to its machine `number`.
    pub fn address(&self, number: u32) -> Ipv4Addr {
        Ipv4Addr::new(198, 18, self.number as u8, number as u8)
    }
}

impl Drop for Bridge {
    fn drop(&mut self) {
        if self.only {
            let _ = Command::new("ip").args(["netns", "del", &self.host]).status();
        }
    }
}

/// A namespace with `nic run`.
pub struct Machine {
    pub name: String,
    folder: PathBuf,
    run: Child,
}

impl Machine {
    /// The machine that Docker knows as number `number` of `bridge`, before its configuration.
    pub fn new(bridge: &Bridge, number: u32) -> Machine {
        let name = format!("{}-{number}", bridge.name);
        ip(&format!("netns add {name}"));
        let link = format!("v{number}{}", &bridge.name[4..]);
        let host = &bridge.host;
        ip(&format!("-n {host} link add {link} type veth peer name eth0 netns {name}"));
        ip(&format!("-n {host} link set {link} master {} up", bridge.name));
        ip(&format!("-n {name} addr add {}/24 dev eth0", bridge.address(number)));
        ip(&format!("-n {name} link set eth0 up"));
        ip(&format!("-n {name} route add default via {}", bridge.gateway()));
        let folder = env::temp_dir().join(&name);
        fs::create_dir_all(folder.join("etc")).unwrap();
        let run = command(&name, &folder).arg("run").stdout(File::create(folder.join("log")).unwrap()).spawn().unwrap();
        let machine = Machine { name, folder, run };
        eventually("the nic serves", || machine.status()["running"] == true && machine.has_metadata_server());
        machine
    }

    fn has_metadata_server(&self) -> bool {
        inside(&self.name, || std::net::TcpStream::connect("169.254.169.254:80").is_ok())
    }

    /// What the nic wrote to its standard output.
    pub fn log(&self) -> String {
        fs::read_to_string(self.folder.join("log")).unwrap()
    }

    /// A file that the machine has in `/etc`.
    pub fn etc(&self, name: &str) -> String {
        fs::read_to_string(self.folder.join("etc").join(name)).unwrap()
    }

    /// Runs `nic apply` with any input.
    pub fn apply_text(&self, input: &str) -> Output {
        let mut command = command(&self.name, &self.folder);
        let command = command.arg("apply").stdin(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
        child.wait_with_output().unwrap()
    }

    /// Applies a configuration, which has to succeed.
    pub fn apply(&self, configuration: &Value) {
        let output = self.apply_text(&configuration.to_string());
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }

    pub fn status(&self) -> Value {
        let output = command(&self.name, &self.folder).arg("status").output().unwrap();
        serde_json::from_slice(&output.stdout).unwrap_or_default()
    }

    /// Everything that the kernel has, as `ip` and `nft` print it.
    pub fn kernel(&self) -> String {
        let commands = ["ip addr show dev eth0", "ip route show table all", "ip rule", "nft -s list ruleset"];
        let print = |command: &str| {
            let words = command.split(' ');
            let output = Command::new("ip").args(["netns", "exec", &self.name]).args(words).output().unwrap();
            String::from_utf8(output.stdout).unwrap()
        };
        commands.map(print).concat()
    }

    /// Ends `nic run` with SIGTERM; gives its exit code.
    pub fn terminate(&mut self) -> Option<i32> {
        let pid = rustix::process::Pid::from_child(&self.run);
        rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
        self.run.wait().unwrap().code()
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        let _ = self.run.kill();
        let _ = self.run.wait();
        let _ = Command::new("ip").args(["netns", "del", &self.name]).status();
        let _ = fs::remove_dir_all(&self.folder);
    }
}

fn command(namespace: &str, folder: &Path) -> Command {
    let mut command = Command::new("ip");
    command.args(["netns", "exec", namespace, env!("CARGO_BIN_EXE_nic")]);
    command.env("NIC_STATE", folder.join("state")).env("NIC_ETC", folder.join("etc"));
    command
}

/// Does something in a thread that is in a machine's namespace, without the nic's rights there.
pub fn inside<T: Send>(namespace: &str, work: impl FnOnce() -> T + Send) -> T {
    let namespace = File::open(format!("/run/netns/{namespace}")).unwrap();
    let enter = || {
        move_into_link_name_space(namespace.as_fd(), Some(LinkNameSpaceType::Network)).unwrap();
        work()
    };
    thread::scope(|scope| scope.spawn(enter).join().unwrap())
}

/// Waits until `condition` holds.
pub fn eventually(what: &str, condition: impl Fn() -> bool) {
    let start = Instant::now();
    while !condition() {
        assert!(start.elapsed() < Duration::from_secs(10), "not within ten seconds: {what}");
        thread::sleep(Duration::from_millis(20));
    }
}

/// A configuration of one interface in a VPC with two subnets; everything else by `more`.
pub fn configuration(bridge: &Bridge, address: &str, more: Value) -> Value {
    let mut configuration = json!({
        "endpoint": {"url": format!("http://{}:18080", bridge.gateway()), "token": "secret"},
        "hostname": "w1.us-central1-a.c.p.internal",
        "search": ["us-central1-a.c.p.internal", "c.p.internal", "google.internal"],
        "interfaces": [{
            "gateway": bridge.gateway(), "address": address,
            "ranges": [{"range": "10.20.0.0/24"}, {"range": "192.168.77.0/24"}],
        }],
        "egress": "none",
        "rules": [],
    });
    let more = more.as_object().unwrap().clone();
    configuration.as_object_mut().unwrap().extend(more);
    configuration
}

/// An ingress or egress rule.
pub fn rule(direction: &str, priority: u32, action: &str, range: &str, tcp: &[u16]) -> Value {
    let ports: Vec<_> = tcp.iter().map(|port| [port, port]).collect();
    let protocols = if tcp.is_empty() { json!([]) } else { json!([{"number": 6, "ports": ports}]) };
    json!({"direction": direction, "priority": priority, "action": action, "ranges": [range], "protocols": protocols})
}
