#!/bin/sh
# Runs a PostgreSQL of a test's own in the foreground; it ends with the process
# that began it. What is not there yet is made: the data in DIRECTORY/data, the
# WAL in DIRECTORY/wal. Both and the directory belong to who runs it.
#
#   server.sh DIRECTORY OPTION...   options as of postgres
set -eu
export LC_ALL=C
unset PGHOST PGPORT PGUSER PGDATABASE PGOPTIONS PGSERVICE PGDATA

# shellcheck disable=SC2012 # version numbers, no odd file names
bin=$(ls -d /usr/lib/postgresql/*/bin | sort -V | tail -n 1)
dir=$1
shift

# PostgreSQL refuses to run as root.
owner=
if [ "$(id -u)" = 0 ]; then
    owner="--reuid=postgres --regid=postgres --init-groups"
fi

cd /
if [ ! -e "$dir/data/PG_VERSION" ]; then
    # shellcheck disable=SC2086 # a list
    setpriv $owner -- "$bin/initdb" --pgdata="$dir/data" \
        --waldir="$dir/wal" --wal-segsize=1 --username=fotad --auth=trust \
        --encoding=UTF8 --locale=C --no-sync >/dev/null
    echo "host all all samenet trust" >>"$dir/data/pg_hba.conf"
fi
# shellcheck disable=SC2086
exec setpriv --pdeathsig QUIT $owner -- "$bin/postgres" -D "$dir/data" \
    -c "unix_socket_directories=$dir" -c listen_addresses= -c fsync=off \
    -c timezone=UTC -c jit=off -c max_connections=200 "$@"
