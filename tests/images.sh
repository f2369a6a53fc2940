# The image that machines boot from in tests, made here from what Debian's packages give, since there may be no registry: a Debian with
# sshd, curl, python3 and nftables. For tests/run.
# shellcheck shell=bash

# A tag of the tests' own: nobody's debian:12 is replaced.
machine_image=fogbank-test/debian:12

# Makes it where it is missing; a running Docker is there. Exports FOGBANK_TEST_MACHINE, and writes the settings that have `debian-12` mean
# it to target/machines.toml.
need_machine_image() {
    docker image inspect "$machine_image" >/dev/null 2>&1 || make_debian ||
        { skip "no image of Debian can be made for machines (package debootstrap, as root)"; return 1; }
    printf '[docker.images]\ndebian-12 = "%s"\n' "$machine_image" >"$top/target/machines.toml"
    export FOGBANK_TEST_MACHINE=$machine_image
}

# The mirror that this machine itself installs from.
debian_mirror() { apt-get indextargets --format '$(SITE)' 'Created-By: Packages' 2>/dev/null | grep -v -- security | head -n 1; }

make_debian() {
    local folder ok=0 with=openssh-server,ca-certificates,curl,python3,nftables,iproute2,iputils-ping,netcat-openbsd,procps
    has debootstrap || debian debootstrap || return 1
    [ "$(id -u)" -eq 0 ] || return 1
    say "making the image $machine_image"
    folder=$(mktemp -d)
    debootstrap --variant=minbase --include="$with" bookworm "$folder" "$(debian_mirror)" >"$folder.log" 2>&1 || ok=1
    if [ "$ok" -eq 0 ]; then
        rm -rf "$folder"/var/cache/apt/archives/*.deb "$folder"/var/lib/apt/lists/*
        rm -f "$folder"/etc/ssh/ssh_host_*
        tar -C "$folder" --numeric-owner -c . | docker import - "$machine_image" >/dev/null || ok=1
    else
        tail -n 20 "$folder.log" >&2
    fi
    rm -rf "$folder" "$folder.log"
    return "$ok"
}
