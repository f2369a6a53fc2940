# What the tests need from the machine: found, or installed where that is possible, or skipped with the reason. For tests/run.
# shellcheck shell=bash

skipped=

say() { printf '%s\n' "$*" >&2; }

skip() {
    say "SKIPPED: $1"
    skipped="$skipped\n  $1"
    return 1
}

has() { command -v "$1" >/dev/null 2>&1; }

# debian PACKAGE...: installs packages where this is Debian and we are root.
debian() {
    if ! has apt-get || [ "$(id -u)" -ne 0 ]; then return 1; fi
    say "installing with apt-get: $*"
    if [ -z "${apt_updated:-}" ]; then apt-get update -qq >&2 && apt_updated=1; fi
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" >&2
}

need_program() { has "$1" || skip "\`$1\` is not on this machine: $2"; }

need_rust() {
    if ! has cargo; then
        say "cargo is not on this machine: install Rust with rustup, then run this again"
        exit 1
    fi
    # The toolchain file names the version and targets; rustup may be told not to install by itself.
    local target
    for target in wasm32-wasip2 "$(uname -m | sed s/arm64/aarch64/)-unknown-linux-musl"; do
        if has rustup && ! rustup target list --installed 2>/dev/null | grep -qx "$target"; then
            say "installing the Rust target $target"
            rustup target add "$target"
        fi
    done
    has cc || debian build-essential || say "a C compiler is needed and not there (package build-essential)"
}

# Sets $python to an interpreter that has the client's packages.
need_python() {
    has python3 && python3 -m venv --help >/dev/null 2>&1 || debian python3 python3-venv || true
    has python3 || { skip "\`python3\` is not on this machine"; return 1; }
    local venv=target/venv wanted=tests/clients/python/requirements.txt
    python=$top/$venv/bin/python
    if [ ! -x "$python" ]; then
        say "making $venv"
        python3 -m venv "$venv" || { debian python3-venv && python3 -m venv --clear "$venv"; } ||
            { skip "python3 cannot make a virtual environment (package python3-venv)"; return 1; }
    fi
    if ! cmp -s "$wanted" "$venv/installed.txt"; then
        say "installing the Python client into $venv"
        "$python" -m pip install -q --disable-pip-version-check -r "$wanted" >&2 ||
            { skip "pip cannot install the Python client"; return 1; }
        cp "$wanted" "$venv/installed.txt"
    fi
}

# Sets $node to a folder with the Node tests and the client's packages.
need_node() {
    { has node && has npm; } || debian nodejs npm || true
    { has node && has npm; } || { skip "\`node\` or \`npm\` is not on this machine"; return 1; }
    node=$top/target/node
    mkdir -p "$node"
    cp tests/clients/node/* "$node/"
    if ! cmp -s "$node/package-lock.json" "$node/installed.json"; then
        say "installing the Node client into target/node"
        (cd "$node" && npm ci --no-audit --no-fund --loglevel=error >&2) || { skip "npm cannot install the Node client"; return 1; }
        cp "$node/package-lock.json" "$node/installed.json"
    fi
}
