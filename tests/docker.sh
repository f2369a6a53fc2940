# A container engine for the tests: the one that runs, or a dockerd of the tests' own where we are root, gone when they end; and an
# image with a shell, made from busybox. For tests/run.
# shellcheck shell=bash

dockerd_pid=
docker_image=fogbank-test/shell:1

need_docker() {
    has docker || debian docker.io || true
    has docker || { skip "\`docker\` is not on this machine"; return 1; }
    docker info >/dev/null 2>&1 || start_dockerd || { skip "no Docker daemon answers, and none could be started"; return 1; }
    if ! docker image inspect "$docker_image" >/dev/null 2>&1; then
        make_docker_image || { skip "no image for containers (package busybox-static)"; return 1; }
    fi
    export FOGBANK_TEST_DOCKER=$docker_image
}

# Starts a daemon, as root.
start_dockerd() {
    if [ "$(id -u)" -ne 0 ]; then return 1; fi
    has dockerd || debian docker.io || return 1
    say "starting dockerd"
    dockerd >"$top/target/dockerd.log" 2>&1 &
    dockerd_pid=$!
    local _
    for _ in $(seq 100); do
        if docker info >/dev/null 2>&1; then return 0; fi
        if ! kill -0 "$dockerd_pid" 2>/dev/null; then break; fi
        sleep 0.3
    done
    tail -n 5 "$top/target/dockerd.log" >&2
    stop_docker
    return 1
}

# Ends the daemon, if it is the tests' own.
stop_docker() {
    if [ -z "$dockerd_pid" ]; then return; fi
    kill "$dockerd_pid" 2>/dev/null || true
    wait "$dockerd_pid" 2>/dev/null || true
    dockerd_pid=
}

# A root with busybox and its commands.
make_docker_image() {
    local root busybox
    busybox=$(static_busybox) || { debian busybox-static && busybox=$(static_busybox); } || return 1
    root=$(mktemp -d)
    mkdir -p "$root"/{bin,etc,tmp,proc,sys,dev}
    cp "$busybox" "$root/bin/busybox"
    (cd "$root/bin" && for each in $(./busybox --list); do [ "$each" = busybox ] || ln -sf busybox "$each"; done)
    tar -C "$root" -c . | docker import --change 'CMD ["/bin/sh"]' - "$docker_image" >/dev/null
    rm -rf "$root"
}

static_busybox() {
    local busybox
    busybox=$(command -v busybox) || return 1
    if ldd "$busybox" >/dev/null 2>&1; then return 1; fi
    printf '%s' "$busybox"
}
