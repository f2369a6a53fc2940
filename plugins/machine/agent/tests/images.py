"""Makes the images of the agent's tests from Debian's packages: busybox-static and debootstrap have to be installed.

    images.py DIRECTORY

DIRECTORY keeps the roots as tar files, so that a second run only imports them.
"""

import subprocess
import sys
import tempfile
from pathlib import Path

PACKAGES = "openssh-server,sudo,procps,iproute2,curl,python3-minimal,nftables,ca-certificates"
# What makes Debian's root an image without an SSH server.
SERVER = ["usr/sbin/sshd", "usr/bin/ssh-keygen", "usr/lib/openssh/sftp-server", "usr/lib/sftp-server", "etc/ssh"]


def run(*command):
    subprocess.run([str(word) for word in command], check=True)


def pack(root, target, leave_out=()):
    excludes = [f"--exclude=./{path}" for path in leave_out]
    run("tar", "-C", root, "--numeric-owner", *excludes, "-cf", target, ".")


def make_busybox(target):
    with tempfile.TemporaryDirectory() as root:
        for directory in ["bin", "dev", "etc", "proc", "root", "sys", "tmp"]:
            (Path(root) / directory).mkdir()
        (Path(root) / "tmp").chmod(0o1777)
        Path(root).chmod(0o755)
        run("cp", "/bin/busybox", f"{root}/bin/busybox")
        names = subprocess.run(["/bin/busybox", "--list"], check=True, capture_output=True, text=True).stdout.split()
        for name in set(names) - {"busybox"}:
            (Path(root) / "bin" / name).symlink_to("busybox")
        pack(root, target)


def make_debian(with_server, without_server):
    with tempfile.TemporaryDirectory() as root:
        run("debootstrap", "--variant=minbase", f"--include={PACKAGES}", "bookworm", root)
        caches = ["var/cache/apt/archives/*.deb", "var/lib/apt/lists/*"]
        pack(root, with_server, caches)
        pack(root, without_server, caches + SERVER)


if __name__ == "__main__":
    directory = Path(sys.argv[1])
    directory.mkdir(parents=True, exist_ok=True)
    busybox, server, plain = (directory / f"{name}.tar" for name in ["busybox", "debian12-ssh", "debian12-plain"])
    if not busybox.exists():
        make_busybox(busybox)
    if not (server.exists() and plain.exists()):
        make_debian(server, plain)
    for archive, tag in [(busybox, "busybox:fogbank-test"), (server, "debian:12-ssh-test"), (plain, "debian:12-plain-test")]:
        run("docker", "import", "--change", 'CMD ["/bin/sh"]', archive, tag)
