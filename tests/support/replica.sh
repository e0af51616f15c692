#!/bin/sh
# A PostgreSQL of one's own with a streaming replica, both on Unix sockets
# below a directory that nobody else may enter.
#
#   replica.sh start   prints the directory: sockets are in primary/, replica/
#   replica.sh stop DIRECTORY
set -eu
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

launch() {
    as_owner "$bin/pg_ctl" start --wait -D "$dir/$1/data" -l "$dir/$1/log" \
        -o "-c unix_socket_directories=$dir/$1 -c listen_addresses= \
            -c fsync=off -c timezone=UTC -c jit=off" >/dev/null 2>&1 </dev/null
}

cd /
case ${1-} in
start)
    dir=$(as_owner mktemp -d /var/tmp/fotad-replica-XXXXXX)
    as_owner mkdir "$dir/primary" "$dir/replica"
    as_owner "$bin/initdb" --pgdata="$dir/primary/data" --username=fotad \
        --auth=trust --encoding=UTF8 --locale=C --no-sync >/dev/null
    launch primary
    as_owner "$bin/pg_basebackup" -h "$dir/primary" -U fotad --no-sync \
        --write-recovery-conf --checkpoint=fast -D "$dir/replica/data"
    launch replica
    echo "$dir"
    ;;
stop)
    dir=$2
    for which in replica primary; do
        as_owner "$bin/pg_ctl" stop -m immediate -D "$dir/$which/data" \
            >/dev/null 2>&1 || true
    done
    as_owner rm -rf "$dir"
    ;;
*)
    echo "usage: replica.sh start | stop DIRECTORY" >&2
    exit 2
    ;;
esac
