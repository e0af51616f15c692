#!/bin/sh
# A PostgreSQL with a synchronous standby, both on Unix sockets below a
# directory that nobody else may enter, and what a fail-over manager does.
#
#   cluster.sh start            prints the directory: sockets are in a/ and b/
#   cluster.sh fail DIR A B     A, the primary, is killed (SIGKILL, all of it);
#                               B is promoted and works alone
#   cluster.sh rebuild DIR A B  A comes back as the synchronous standby of B
#   cluster.sh cut DIR B        the standby B stops, commits wait
#   cluster.sh mend DIR B       and starts again
#   cluster.sh stop DIR
# shellcheck source=tests/support/private_postgres.sh
. "$(dirname "$0")/private_postgres.sh"

ask() {
    as_owner "$bin/psql" -X -q -At -h "$dir/$1" -U fotad -d postgres -c "$2"
}

# Commits wait for a standby, or not.
synchronous() {
    ask "$1" "alter system set synchronous_standby_names = '$2'"
    ask "$1" 'select pg_reload_conf()' >/dev/null
}

make_standby() {
    # what was killed may still be writing its last
    until as_owner rm -rf "$dir/$1/data" 2>/dev/null; do sleep 0.1; done
    as_owner "$bin/pg_basebackup" -h "$dir/$2" -U fotad --no-sync \
        --write-recovery-conf --checkpoint=fast -D "$dir/$1/data"
    launch "$1"
    synchronous "$2" '*'
    until [ "$(ask "$2" "select count(*) from pg_stat_replication
        where sync_state = 'sync'")" = 1 ]; do
        sleep 0.05
    done
}

cd /
verb=${1-}
dir=${2-}
case $verb in
start)
    dir=$(as_owner mktemp -d /var/tmp/fotad-cluster-XXXXXX)
    as_owner mkdir "$dir/a" "$dir/b"
    initialise a
    launch a
    make_standby b a
    echo "$dir"
    ;;
fail)
    pid=$(as_owner head -n 1 "$dir/$3/data/postmaster.pid")
    # the postmaster first, so that it starts nothing again
    children=$(as_owner ps -o pid= --ppid "$pid")
    # shellcheck disable=SC2086 # a list
    as_owner kill -KILL "$pid" $children || true
    # nobody may have collected the dead yet, and PostgreSQL would take its
    # number for one that lives
    as_owner rm -f "$dir/$3/.s.PGSQL.5432" "$dir/$3/.s.PGSQL.5432.lock"
    as_owner "$bin/pg_ctl" promote --wait -D "$dir/$4/data" >/dev/null
    synchronous "$4" ''
    ;;
rebuild) make_standby "$3" "$4" ;;
cut) as_owner "$bin/pg_ctl" stop -m immediate -D "$dir/$3/data" >/dev/null ;;
mend) launch "$3" ;;
stop)
    remove_all b a
    ;;
*)
    echo "usage: cluster.sh start | fail|rebuild DIR A B | cut|mend DIR B |" \
        "stop DIR" >&2
    exit 2
    ;;
esac
