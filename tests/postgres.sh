# A PostgreSQL server of the tests' own: in a temporary folder, on a free port of 127.0.0.1, gone when the tests end. For tests/run.
# shellcheck shell=bash

postgres_folder=

# The folder with initdb and pg_ctl: on PATH, or where Debian puts them.
postgres_programs() {
    local folder
    for folder in $(has initdb && dirname "$(readlink -f "$(command -v initdb)")") $(ls -rd /usr/lib/postgresql/*/bin 2>/dev/null); do
        if [ -x "$folder/initdb" ] && [ -x "$folder/pg_ctl" ]; then
            printf '%s' "$folder"
            return 0
        fi
    done
    return 1
}

need_postgres() {
    postgres_programs >/dev/null && has psql || debian postgresql postgresql-client || true
    postgres_programs >/dev/null || { skip "PostgreSQL's \`initdb\` is not on this machine"; return 1; }
    has psql || skip "\`psql\` is not on this machine"
}

# The server refuses to run as root.
as_somebody() {
    if [ "$(id -u)" -ne 0 ]; then "$@"; else setpriv --reuid=65534 --regid=65534 --clear-groups "$@"; fi
}

free_port() {
    python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])' 2>/dev/null ||
        echo $((20000 + RANDOM % 20000))
}

# Starts it and sets $postgres_url.
start_postgres() {
    local programs port
    programs=$(postgres_programs)
    port=$(free_port)
    postgres_folder=$(mktemp -d)
    if [ "$(id -u)" -eq 0 ]; then chown 65534:65534 "$postgres_folder"; fi
    (
        cd "$postgres_folder"
        as_somebody "$programs/initdb" -D "$postgres_folder/data" -U postgres -A trust -E UTF8 --locale=C --no-sync >"$postgres_folder/initdb.log" 2>&1 ||
            { cat "$postgres_folder/initdb.log" >&2; exit 1; }
        # Nothing of this outlives the tests: no fsync. Many test servers with a pool each: many connections.
        as_somebody "$programs/pg_ctl" -D "$postgres_folder/data" -w -l "$postgres_folder/data/server.log" start >/dev/null \
            -o "-p $port -c listen_addresses=127.0.0.1 -c unix_socket_directories='' -c fsync=off -c max_connections=400 -c shared_buffers=128MB"
    )
    postgres_url=postgres://postgres@127.0.0.1:$port/postgres
}

stop_postgres() {
    if [ -z "$postgres_folder" ]; then return; fi
    (cd "$postgres_folder" && as_somebody "$(postgres_programs)/pg_ctl" -D "$postgres_folder/data" -m immediate stop >/dev/null 2>&1) || true
    rm -rf "$postgres_folder"
    postgres_folder=
}
