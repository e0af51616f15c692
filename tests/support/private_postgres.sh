# shellcheck shell=sh
# For scripts that make PostgreSQLs of their own below the directory $dir, which
# nobody else may enter: each in $dir/NAME, data in data/, on a Unix socket.
set -eu
dir=
export LC_ALL=C
unset PGHOST PGPORT PGUSER PGDATABASE PGOPTIONS PGSERVICE PGDATA

# shellcheck disable=SC2012 # version numbers, no odd file names
bin=$(ls -d /usr/lib/postgresql/*/bin | sort -V | tail -n 1)

# PostgreSQL refuses to run as root.
as_owner() {
    if [ "$(id -u)" = 0 ]; then
        setpriv --reuid=postgres --regid=postgres --init-groups -- "$@"
    else
        "$@"
    fi
}

initialise() {
    as_owner "$bin/initdb" --pgdata="$dir/$1/data" --username=fotad \
        --auth=trust --encoding=UTF8 --locale=C --no-sync >/dev/null
}

launch() {
    as_owner "$bin/pg_ctl" start --wait -D "$dir/$1/data" -l "$dir/$1/log" \
        -o "-c unix_socket_directories=$dir/$1 -c listen_addresses= \
            -c fsync=off -c timezone=UTC -c jit=off -c max_connections=200" \
        >/dev/null 2>&1 </dev/null || {
        as_owner tail -n 5 "$dir/$1/log" >&2
        return 1
    }
}

# Those named, whatever they are doing, and the directory.
remove_all() {
    for which; do
        as_owner "$bin/pg_ctl" stop -m immediate -D "$dir/$which/data" \
            >/dev/null 2>&1 || true
    done
    as_owner rm -rf "$dir"
}
