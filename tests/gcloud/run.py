#!/usr/bin/env python3
"""Runs tables of commands: real gcloud and gsutil against the server at FOGBANK_BASE, and checks what they print and leave behind.

    tests/clients/serve python3 tests/gcloud/run.py [--only b01,o02] [--verbose] [FILE...]         `commands.txt` where no file is named

A case begins with `[id] status`, then `$ command` for bash, then what has to hold:

    out = TEXT      standard output, without space around it (\\n for a new line)
    out ~ REGEX     somewhere in standard output
    err ~ REGEX     somewhere in standard error
    same A B        two files, or two folders, are equal byte for byte

Cases of a file run from top to bottom in one folder, which is made as `prepare` says; `env NAME=VALUE`, before or between them, sets a
variable for those that follow. What commands may call besides is in `functions.sh`. Every other host is a closed port, so that a
request that goes elsewhere fails.
"""

import argparse
import hashlib
import os
import pathlib
import re
import signal
import string
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
APIS = "COMPUTE STORAGE IAM IAMCREDENTIALS CLOUDRESOURCEMANAGER SERVICEUSAGE APIKEYS".split()
LONG_NAME = "n" * 1024


def environment(base, home):
    env = {name: value for name, value in os.environ.items() if not name.startswith("CLOUDSDK_")}
    env.update(
        BASE=base,
        BASH_ENV=str(HERE / "functions.sh"),
        LONG_NAME=LONG_NAME,
        HOME=str(home),
        CLOUDSDK_CONFIG=str(home / ".gcloud"),
        CLOUDSDK_CORE_PROJECT="demo-project",
        CLOUDSDK_AUTH_DISABLE_CREDENTIALS="true",
        CLOUDSDK_CORE_DISABLE_PROMPTS="1",
        CLOUDSDK_CORE_DISABLE_USAGE_REPORTING="true",
        CLOUDSDK_COMPONENT_MANAGER_DISABLE_UPDATE_CHECK="true",
        CLOUDSDK_SURVEY_DISABLE_PROMPTS="true",
        CLOUDSDK_STORAGE_GS_XML_ENDPOINT_URL=base,
        # One of each: commands start faster, and their output has one order.
        CLOUDSDK_STORAGE_PROCESS_COUNT="1",
        NO_PROXY="127.0.0.1,localhost",
        no_proxy="127.0.0.1,localhost",
    )
    for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"):
        env[name] = "http://127.0.0.1:9"
    for api in APIS:
        # With the bare host gcloud leaves the path out of references that it sends.
        env["CLOUDSDK_API_ENDPOINT_OVERRIDES_" + api] = base + ("/compute/v1/" if api == "COMPUTE" else "/")
    return env


def content(size, seed):
    """`size` bytes that look random and are the same every time."""
    block = b"".join(hashlib.sha256(f"{seed}/{number}".encode()).digest() for number in range(32768))
    return (block * (size // len(block) + 1))[:size]


def prepare(folder):
    files = {
        "empty.bin": b"",
        "one.bin": b"\xff",
        "8m.bin": content(8 << 20, 1),
        "100m.bin": content(100 << 20, 2),
        "text.txt": b"hello\n",
        "other.txt": b"good bye\n",
        "with space.txt": b"a space\n",
        "ünï-世界.txt": b"unicode\n",
        "tree/a.txt": b"a",
        "tree/sub/b.txt": b"b",
        "tree/sub/deeper/c d.txt": b"c",
        "lifecycle.json": b'{"rule": [{"action": {"type": "Delete"}, "condition": {"age": 30}}]}',
        "cors.json": b'[{"origin": ["https://example.com"], "method": ["GET"], "maxAgeSeconds": 60}]',
        "policy.json": b'{"bindings": [{"role": "roles/storage.admin", "members": ["user:ann@example.com"]}]}',
    }
    for name, data in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)


def read_cases(path):
    cases, env = [], {}
    for number, line in enumerate(path.read_text().splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        variable = re.fullmatch(r"env (\w+)=(.*)", line)
        head = re.fullmatch(r"\[(\w+)\] (\d+)", line)
        if head:
            cases.append({"id": head[1], "status": int(head[2]), "command": "", "checks": [], "env": dict(env)})
        elif variable:
            env[variable[1]] = variable[2]
        elif line.startswith("$ "):
            cases[-1]["command"] += line[2:] + "\n"
        elif re.match(r"(out|err) [=~] |(out|err) =$|same \S", line):
            cases[-1]["checks"].append(line)
        else:
            sys.exit(f"{path}:{number}: cannot be read: {line}")
    return cases


def run(command, folder, env, limit=300):
    process = subprocess.Popen(["bash", "-c", command], cwd=folder, env=env, stdin=subprocess.DEVNULL,
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True)
    try:
        out, err = process.communicate(timeout=limit)
        return process.returncode, out.decode(errors="replace"), err.decode(errors="replace")
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        return "time-out", "", ""


def broken(check, folder, out, err):
    """What is wrong, or nothing."""
    if check.startswith("same "):
        left, right = check.split(" ")[1:]
        status, said, _ = run(f'diff -r "{left}" "{right}"', folder, os.environ)
        return "" if status == 0 else f"{check}: {said}"
    stream, operator, *rest = check.split(" ", 2)
    text = (out if stream == "out" else err).strip()
    wanted = (rest[0] if rest else "").replace("\\n", "\n") if operator == "=" else rest[0]
    fine = text == wanted if operator == "=" else re.search(wanted, text, re.MULTILINE)
    return "" if fine else f"{check}\n    got: {text[-1500:]}"


def problems(case, folder, env):
    env = env | {name: string.Template(value).safe_substitute(env) for name, value in case["env"].items()}
    status, out, err = run(case["command"], folder, env)
    found = [] if status == case["status"] else [f"status {status}, not {case['status']}\n    {err[-1500:]}"]
    return found + [why for check in case["checks"] if (why := broken(check, folder, out, err))]


def run_file(file, only, verbose):
    """For each case whether it went as it should."""
    with tempfile.TemporaryDirectory(prefix="fogbank-gcloud-") as name:
        folder = pathlib.Path(name)
        prepare(folder)
        env = environment(os.environ["FOGBANK_BASE"], folder)
        for case in read_cases(file):
            if only and case["id"] not in only:
                continue
            began = time.time()
            found = problems(case, folder, env)
            if found or verbose:
                print("FAIL" if found else "ok  ", case["id"], f"{time.time() - began:.1f}s", case["command"].strip(), flush=True)
            for why in found:
                print("   ", why, flush=True)
            yield not found


def main():
    args = argparse.ArgumentParser()
    args.add_argument("files", nargs="*", type=pathlib.Path, default=[HERE / "commands.txt"])
    args.add_argument("--only", default="")
    args.add_argument("--verbose", action="store_true")
    args = args.parse_args()
    only = set(filter(None, args.only.split(",")))
    results = [result for file in args.files for result in run_file(file, only, args.verbose)]
    failed = results.count(False)
    print(f"{len(results) - failed} passed, {failed} failed")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
