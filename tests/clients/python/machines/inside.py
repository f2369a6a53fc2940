"""A look into the containers that machines are, past the API."""

import subprocess
import time


def until(look, what, seconds=60):
    """What `look` answers with as soon as it is something."""
    end = time.monotonic() + seconds
    while True:
        found = look()
        if found:
            return found
        assert time.monotonic() < end, what
        time.sleep(0.2)


def containers(machine_id):
    """The ids of the containers of a machine, whether they run or not."""
    return docker("ps", "--all", "--quiet", "--filter", f"name=-{machine_id}$").split()


def says(machine_id, command):
    """What a shell command prints inside a machine."""
    [container] = docker("ps", "--quiet", "--filter", f"name=vm-{machine_id}$").split()
    return docker("exec", container, "sh", "-c", command).strip()


def docker(*arguments):
    return subprocess.run(["docker", *arguments], check=True, capture_output=True, text=True, timeout=60).stdout
