"""Runs the agent as process 1 of real containers, with a metadata server of its own (metadata_server.py).

    containers.py AGENT [IMAGE...]

AGENT is the program, an IMAGE is one of `debian:12-ssh-test` (Debian with openssh-server and sudo), `debian:12-plain-test`
(Debian without an SSH server) and `busybox:fogbank-test` (nothing but busybox), all by default; one that is not there is an
error (images.py makes them). Needs Docker, ssh, scp and ssh-keygen.
"""

import ipaddress
import json
import os
import re
import socket
import subprocess
import sys
import tempfile
import termios
import time
from pathlib import Path

HERE = Path(__file__).parent
STARTUP = """#!/bin/sh
echo "hello from $0"
echo "to stderr" >&2
echo ran >> /startup-ran
( sleep 0.1 & ) ; ( ( sleep 0.2 & ) & )
exit 4
"""
SHUTDOWN = "echo going down\nsleep 1\necho down > /shutdown-ran\n"


def run(*command, check=True, **options):
    done = subprocess.run(command, capture_output=True, text=True, **options)
    if check and done.returncode:
        raise AssertionError(f"{command}: {done.stdout}{done.stderr}")
    return done


def until(what, probe, seconds=20.0):
    """Asks again and again until the answer is true."""
    end = time.time() + seconds
    while True:
        answer = probe()
        if answer:
            return answer
        if time.time() > end:
            raise AssertionError(f"not within {seconds} s: {what}")
        time.sleep(0.1)


class Machine:
    """A container whose process 1 is the agent, and its metadata."""

    def __init__(self, agent, image, directory):
        self.tree, self.state = directory / "tree.json", directory / "state.json"
        self.set({}, {})
        self.server = port = None
        for port in range(18650, 18700):
            self.server = subprocess.Popen(
                [sys.executable, HERE / "metadata_server.py", str(port), self.tree, self.state], stderr=subprocess.DEVNULL
            )
            time.sleep(0.3)
            if self.server.poll() is None:
                break
        subnet = run("docker", "network", "inspect", "bridge", "-f", "{{(index .IPAM.Config 0).Subnet}}").stdout.strip()
        gateway = next(ipaddress.ip_network(subnet).hosts())
        host = f"GCE_METADATA_HOST={gateway}:{port}"
        self.id = run(
            "docker", "create", "--hostname", "w1", "--env", host, "--stop-timeout", "100", image, "/.fogbank/agent"
        ).stdout.strip()
        staged = directory / ".fogbank"
        staged.mkdir()
        (staged / "agent").write_bytes(agent.read_bytes())
        (staged / "agent").chmod(0o755)
        run("docker", "cp", str(staged), f"{self.id}:/")

    def set(self, instance, project):
        tree = {
            "instance": {
                "attributes": instance,
                "hostname": "w1.us-central1-a.c.p.internal",
                "networkInterfaces": [{"ip": "10.20.0.2"}],
            },
            "project": {"attributes": project, "projectId": "p"},
        }
        new = self.tree.with_suffix(".new")
        new.write_text(json.dumps(tree))
        new.rename(self.tree)

    def start(self):
        run("docker", "start", self.id)
        form = "{{.NetworkSettings.IPAddress}}"
        self.address = run("docker", "inspect", "-f", form, self.id).stdout.strip()

    def log(self):
        done = run("docker", "logs", self.id)
        return done.stdout + done.stderr

    def says(self, text, seconds=20.0):
        until(f"the console says {text!r}", lambda: text in self.log(), seconds)

    def read(self, path):
        return run("docker", "exec", self.id, "cat", path, check=False).stdout

    def stop(self):
        run("docker", "stop", "-t", "100", self.id)
        return int(run("docker", "inspect", "-f", "{{.State.ExitCode}}", self.id).stdout)

    def options(self, key):
        options = ["StrictHostKeyChecking=no", "UserKnownHostsFile=/dev/null", "IdentitiesOnly=yes", "BatchMode=yes"]
        options += ["ConnectTimeout=5", "LogLevel=ERROR"]
        return ["-i", str(key), *(f"-o{option}" for option in options)]

    def command(self, key, command, *more, user="ann"):
        return ["ssh", *self.options(key), *more, f"{user}@{self.address}", *([command] if command else [])]

    def ssh(self, key, command, *more, user="ann", **options):
        return run(*self.command(key, command, *more, user=user), check=False, timeout=60, **options)

    def scp(self, key, *paths):
        run("scp", *self.options(key), *(path.format(f"ann@{self.address}") for path in paths), timeout=60)

    def remove(self):
        run("docker", "rm", "-f", self.id, check=False)
        self.server.terminate()


def keys(directory, *kinds):
    for kind in kinds:
        algorithm = "ed25519" if kind == "stranger" else kind
        run("ssh-keygen", "-q", "-t", algorithm, "-N", "", "-C", "ann@home", "-f", str(directory / kind))
    return {kind: (directory / f"{kind}.pub").read_text().strip() for kind in kinds}


def check_start(machine, public):
    both = {"startup-script": STARTUP, "shutdown-script": SHUTDOWN, "ssh-keys": f"ann:{public}"}
    machine.set(both, {"enable-guest-attributes": "TRUE"})
    machine.start()
    machine.says("startup-script exit status 4")
    machine.says("Finished running startup scripts.")
    log = machine.log()
    assert re.search(r"google_metadata_script_runner\[\d+\]: startup-script: hello from /tmp/metadata-scripts", log), log
    assert "startup-script: to stderr" in log
    assert machine.read("/startup-ran") == "ran\n"
    assert machine.read("/etc/hostname") == "w1\n"
    assert "10.20.0.2 w1.us-central1-a.c.p.internal w1  # Added by Google" in machine.read("/etc/hosts")


def check_account(machine, public):
    until("the account's keys", lambda: public in machine.read("/home/ann/.ssh/authorized_keys"))
    form = "stat -c '%a %u %g' /home/ann /home/ann/.ssh /home/ann/.ssh/authorized_keys"
    modes = run("docker", "exec", machine.id, "sh", "-c", form).stdout.split("\n")
    assert modes[:3] == ["755 1000 1000", "700 1000 1000", "600 1000 1000"], modes
    assert re.search(r"^google-sudoers:x:\d+:ann$", machine.read("/etc/group"), re.M), machine.read("/etc/group")


def check_zombies(machine):
    def zombies():
        listing = "for f in /proc/[0-9]*/stat; do cat $f; done 2>/dev/null"
        stats = run("docker", "exec", machine.id, "sh", "-c", listing, check=False).stdout
        return [line for line in stats.splitlines() if line.rsplit(")", 1)[1].split()[0] == "Z"]

    run("docker", "exec", machine.id, "sh", "-c", "for i in 1 2 3 4 5; do ( sleep 0.1 & ) ; done")
    until("no zombies", lambda: not zombies(), 5)


def check_ssh(machine, directory, publics):
    for kind in publics:
        until(f"login with {kind}", lambda kind=kind: machine.ssh(directory / kind, "id -un").stdout == "ann\n")
    key = directory / "rsa"
    done = machine.ssh(key, "echo out; echo err >&2; cat; exit 7", input="in")
    assert (done.returncode, done.stdout, done.stderr) == (7, "out\nin", "err\n"), done
    done = machine.ssh(key, "id -u; id -g; pwd; echo $HOME $USER; umask", "-oSendEnv=LANG")
    assert done.stdout == "1000\n1000\n/home/ann\n/home/ann ann\n0022\n", done
    assert machine.ssh(directory / "stranger", "true").returncode == 255
    assert machine.ssh(key, "true", user="nobody").returncode == 255
    check_terminal(machine, key)
    done = machine.ssh(key, "kill -TERM $$")
    assert done.returncode in (143, 255), done
    until("host keys", lambda: machine.state.exists() and "hostkeys/ssh-ed25519" in machine.state.read_text())


def check_terminal(machine, key):
    ours, theirs = os.openpty()
    termios.tcsetwinsize(theirs, (33, 77))
    command = machine.command(key, "tty; stty size; echo $TERM; exit 3", "-t")
    done = subprocess.run(command, stdin=theirs, capture_output=True, timeout=30, env={**os.environ, "TERM": "vt220"})
    os.close(ours)
    os.close(theirs)
    assert done.returncode == 3, done
    assert re.fullmatch(rb"/dev/pts/\d+\r\n33 77\r\nvt220\r\n", done.stdout), done


def check_shell(machine, directory):
    done = machine.ssh(directory / "ed25519", "", "-tt", input="echo $((6*7)) $0\nexit 5\n")
    assert done.returncode == 5 and "42 -" in done.stdout, done


def check_sudo(machine, directory):
    assert machine.ssh(directory / "rsa", "sudo id -u").stdout == "0\n"


def check_volume(machine, directory):
    """Much in both directions at once, and as a file."""
    data = bytes(range(256)) * 40_000
    for limit in ["default", "1M"]:
        command = machine.command(directory / "rsa", "cat", f"-oRekeyLimit={limit}")
        done = subprocess.run(command, input=data, capture_output=True, timeout=60)
        assert done.stdout == data, (limit, done.returncode, len(done.stdout), done.stderr)
    source = directory / "data"
    source.write_bytes(data)
    source.chmod(0o750)
    begun = time.time()
    machine.scp(directory / "rsa", str(source), "{}:copied")
    (directory / "tree" / "inner").mkdir(parents=True)
    (directory / "tree" / "inner" / "file").write_text("text")
    machine.scp(directory / "rsa", "-r", "-p", str(directory / "tree"), "{}:tree")
    machine.scp(directory / "rsa", "{}:copied", str(directory / "back"))
    machine.scp(directory / "rsa", "-r", "{}:tree", str(directory / "tree-back"))
    print(f"  copied in {time.time() - begun:.1f} s")
    assert (directory / "back").read_bytes() == data
    assert (directory / "tree-back" / "inner" / "file").read_text() == "text"
    assert machine.ssh(directory / "rsa", "stat -c %a copied; cat tree/inner/file").stdout == "750\ntext"


def check_forwarding(machine, directory):
    def ask(port):
        with socket.create_connection(("127.0.0.1", port), 5) as connection:
            connection.settimeout(5)
            return connection.recv(100)

    free = socket.create_server(("127.0.0.1", 0))
    port = free.getsockname()[1]
    free.close()
    options = [f"-L{port}:127.0.0.1:22", f"-L{port + 1}:127.0.0.1:9", "-oExitOnForwardFailure=yes", "-N"]
    client = subprocess.Popen(machine.command(directory / "rsa", "", *options))
    try:
        until("the forwarded port", lambda: attempt(lambda: ask(port).startswith(b"SSH-2.0-")))
        assert [ask(port)[:8] for _ in range(80)] == [b"SSH-2.0-"] * 80
        assert [ask(port + 1) for _ in range(80)] == [b""] * 80
    finally:
        client.terminate()
        client.wait()


def attempt(probe):
    try:
        return probe()
    except OSError:
        return False


def check_many(machine, directory):
    commands = [subprocess.Popen(machine.command(directory / "rsa", f"sleep 1; echo {n}"), stdout=subprocess.PIPE) for n in range(8)]
    assert [command.communicate(timeout=30)[0] for command in commands] == [f"{n}\n".encode() for n in range(8)]


def check_removal(machine, directory):
    machine.set({"shutdown-script": SHUTDOWN}, {})
    until("the key is gone", lambda: machine.ssh(directory / "rsa", "true").returncode == 255)
    assert "ann" not in re.search(r"^google-sudoers:.*$", machine.read("/etc/group"), re.M)[0]
    assert machine.read("/home/ann/.ssh/authorized_keys") == ""


def check_parts_start_again(machine):
    # Process 1 is the agent as well, and the listing shell has the word in its arguments: only the whole line tells.
    kill = 'for f in /proc/[0-9]*; do [ "$(tr "\\0" _ < $f/cmdline)" = /proc/self/exe_guest_ ] && kill -9 ${f#/proc/}; done; true'
    run("docker", "exec", machine.id, "sh", "-c", kill)
    machine.says("guest was ended by signal 9, starts again in 1 s")


def check_stop(machine):
    begun = time.time()
    assert machine.stop() == 0
    assert time.time() - begun < 9, "the machine did not end when all its processes had"
    log = machine.log()
    assert "shutdown-script: going down" in log and "shutdown-script exit status 0" in log, log
    assert "the machine is off" in log
    machine.set({"startup-script-url": "gs://scripts/start/up.sh"}, {})
    machine.start()
    machine.says("startup-script-url: from a bucket")
    machine.says("startup-script-url exit status 0")
    assert machine.read("/shutdown-ran") == "down\n"
    assert machine.read("/startup-ran") == "ran\n"
    assert machine.stop() == 0


def check_copy(agent):
    """`agent copy` and `agent size` between two volumes."""
    volumes = [f"agent-test-{os.getpid()}-{end}" for end in ("from", "to")]
    mounts = [f"-v{agent}:/.fogbank/agent:ro", f"-v{volumes[0]}:/from", f"-v{volumes[1]}:/to", "busybox:fogbank-test"]
    fill = (
        "cd /from && mkdir -p a/b && echo text > a/b/f && ln a/b/f hard && ln -s a soft && mkfifo pipe && chown 7:8 a/b/f && "
        "chmod 6755 a/b/f && dd if=/dev/urandom of=big bs=1M count=40 2>/dev/null && truncate -s 1G sparse && "
        "touch -d 2001-02-03 a && echo old > /to/old"
    )
    look = "cd /{} && find . | sort | xargs stat -c '%n %F %a %u %g %h %s %Y' | grep -v '^. ' && md5sum big a/b/f && du -sm ."
    try:
        run("docker", "run", "--rm", *mounts, "sh", "-c", fill)
        for _ in range(2):
            copied = run("docker", "run", "--rm", *mounts, "/.fogbank/agent", "copy", "/from", "/to").stdout.splitlines()
            assert json.loads(copied[-1]) == {"done": True, "bytes": (40 << 20) + 5, "files": 8}, copied
            both = [run("docker", "run", "--rm", *mounts, "sh", "-c", look.format(end)).stdout for end in ("from", "to")]
            assert both[0] == both[1], both
        size = run("docker", "run", "--rm", *mounts, "/.fogbank/agent", "size", "/to").stdout
        assert json.loads(size) == {"done": True, "bytes": (40 << 20) + 5, "files": 8}, size
        failed = run("docker", "run", "--rm", *mounts, "/.fogbank/agent", "copy", "/nowhere", "/to", check=False)
        assert failed.returncode == 1 and not json.loads(failed.stdout)["done"], failed
    finally:
        run("docker", "volume", "rm", *volumes, check=False)


def test(agent, image):
    with tempfile.TemporaryDirectory() as directory:
        directory = Path(directory)
        publics = keys(directory, "rsa", "ed25519", "ecdsa", "stranger")
        del publics["stranger"]
        machine = Machine(agent, image, directory)
        try:
            check_start(machine, publics["rsa"])
            check_account(machine, publics["rsa"])
            check_zombies(machine)
            machine.set(
                {"ssh-keys": "\n".join(f"ann:{public}" for public in publics.values()), "shutdown-script": SHUTDOWN},
                {"enable-guest-attributes": "TRUE"},
            )
            check_ssh(machine, directory, publics)
            check_shell(machine, directory)
            check_volume(machine, directory)
            check_forwarding(machine, directory)
            check_many(machine, directory)
            if image == "debian:12-ssh-test":
                check_sudo(machine, directory)
            check_parts_start_again(machine)
            check_removal(machine, directory)
            check_stop(machine)
        except BaseException:
            print(machine.log())
            raise
        finally:
            machine.remove()


if __name__ == "__main__":
    check_copy(Path(sys.argv[1]).resolve())
    print("copy: ok")
    for name in sys.argv[2:] or ["busybox:fogbank-test", "debian:12-plain-test", "debian:12-ssh-test"]:
        started = time.time()
        test(Path(sys.argv[1]).resolve(), name)
        print(f"{name}: ok ({time.time() - started:.1f} s)")
