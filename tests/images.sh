# Images for machines, made here from what Debian's packages give, since there may be no registry: a Debian with sshd, curl, python3 and
# nftables, and a root with busybox alone. For tests/run.
# shellcheck shell=bash

# Tags of the tests' own: nobody's debian:12 is replaced.
image_debian=fogbank-test/debian:12
image_busybox=fogbank-test/busybox:1

has_image() { docker image inspect "$1" >/dev/null 2>&1; }

# Makes what is missing; a running Docker is there.
need_images() {
    has_image "$image_busybox" || make_busybox || { skip "no image can be made from busybox (package busybox-static)"; return 1; }
    has_image "$image_debian" || make_debian || { skip "no image of Debian can be made (package debootstrap, as root)"; return 1; }
}

# import TAG FOLDER: an image of the files below a folder.
import() {
    tar -C "$2" --numeric-owner -c . | docker import - "$1" >/dev/null
}

make_busybox() {
    local folder busybox ok=0
    [ -x /bin/busybox ] || has busybox || debian busybox-static || return 1
    busybox=$(command -v busybox)
    folder=$(mktemp -d)
    mkdir -p "$folder"/{bin,etc,tmp,root,proc,sys,dev,run,var}
    cp "$busybox" "$folder/bin/busybox"
    chroot "$folder" /bin/busybox --install -s /bin || ok=1
    printf 'root:x:0:0:root:/root:/bin/sh\n' >"$folder/etc/passwd"
    printf 'root:x:0:\n' >"$folder/etc/group"
    [ "$ok" -eq 0 ] && import "$image_busybox" "$folder" || ok=1
    rm -rf "$folder"
    return "$ok"
}

# The mirror that this machine itself installs from.
debian_mirror() { apt-get indextargets --format '$(SITE)' 'Created-By: Packages' 2>/dev/null | grep -v -- security | head -n 1; }

make_debian() {
    local folder ok=0 with=openssh-server,ca-certificates,curl,python3-minimal,nftables,iproute2,iputils-ping,netcat-openbsd,procps
    has debootstrap || debian debootstrap || return 1
    [ "$(id -u)" -eq 0 ] || return 1
    say "making the image $image_debian"
    folder=$(mktemp -d)
    debootstrap --variant=minbase --include="$with" bookworm "$folder" "$(debian_mirror)" >"$folder.log" 2>&1 || ok=1
    if [ "$ok" -eq 0 ]; then
        rm -rf "$folder"/var/cache/apt/archives/*.deb "$folder"/var/lib/apt/lists/*
        rm -f "$folder"/etc/ssh/ssh_host_*
        import "$image_debian" "$folder" || ok=1
    else
        tail -n 20 "$folder.log" >&2
    fi
    rm -rf "$folder" "$folder.log"
    return "$ok"
}
