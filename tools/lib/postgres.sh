# shellcheck shell=sh
# The programs of the latest PostgreSQL of this machine, for whoever runs
# servers of its own: tools/pg and tests. Sets `pg_bin`, empty when there is none.
# What it begins never touches another cluster of the machine.
export LC_ALL=C
unset PGHOST PGPORT PGUSER PGDATABASE PGOPTIONS PGSERVICE PGDATA

# shellcheck disable=SC2012 # version numbers, no odd file names
pg_bin=$(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -V | tail -n 1)

# Runs a command as the owner of the clusters: PostgreSQL refuses to run as
# root; root's clusters belong to user postgres.
as_owner() {
    if [ "$(id -u)" = 0 ]; then
        setpriv --reuid=postgres --regid=postgres --init-groups -- "$@"
    else
        "$@"
    fi
}

# postgres_make DATA [OPTION...]: initdb; nobody but who can enter the
# directory can connect, for it listens on a Unix socket there
postgres_make() {
    pg_data=$1
    shift
    as_owner "$pg_bin/initdb" --pgdata="$pg_data" --username=fotad --auth=trust \
        --encoding=UTF8 --locale=C --no-sync "$@" >/dev/null
}

# postgres_start DATA LOG [OPTION...]: runs it, and waits until it answers;
# false after showing the end of its log. Options as of postgres.
postgres_start() {
    pg_data=$1
    pg_log=$2
    shift 2
    # The server must not hold the caller's files open.
    as_owner "$pg_bin/pg_ctl" start --wait --timeout=60 -D "$pg_data" \
        -l "$pg_log" -o "$*" >/dev/null 2>&1 9>&- </dev/null || {
        as_owner tail -n 20 "$pg_log" >&2
        return 1
    }
}

# postgres_stop DATA MODE: ends it; mode as of pg_ctl
postgres_stop() {
    as_owner "$pg_bin/pg_ctl" stop --wait -m "$2" -D "$1" >/dev/null
}
