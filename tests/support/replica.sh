#!/bin/sh
# A PostgreSQL of one's own with a streaming replica, both on Unix sockets
# below a directory that nobody else may enter.
#
#   replica.sh start   prints the directory: sockets are in primary/, replica/
#   replica.sh stop DIRECTORY
# shellcheck source=tests/support/private_postgres.sh
. "$(dirname "$0")/private_postgres.sh"

cd /
case ${1-} in
start)
    dir=$(as_owner mktemp -d /var/tmp/fotad-replica-XXXXXX)
    as_owner mkdir "$dir/primary" "$dir/replica"
    initialise primary
    launch primary
    as_owner "$bin/pg_basebackup" -h "$dir/primary" -U fotad --no-sync \
        --write-recovery-conf --checkpoint=fast -D "$dir/replica/data"
    launch replica
    echo "$dir"
    ;;
stop)
    dir=$2
    remove_all replica primary
    ;;
*)
    echo "usage: replica.sh start | stop DIRECTORY" >&2
    exit 2
    ;;
esac
