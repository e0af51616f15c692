#!/bin/bash
# pg_auto_failover as docs/operations.md sets it up: a monitor and two nodes.
# The primary is killed with its keeper; fotad goes on with the other by
# itself. Prints TAP. Needs pg_autoctl (make check-faults installs it).
# shellcheck disable=SC2015 # fail() ends it
set -eu
cd "$(dirname "$0")/../.."
export LC_ALL=C
unset PGHOST PGPORT PGUSER PGDATABASE PGOPTIONS PGSERVICE PGDATA
bin=$PWD/${FOTAD_BIN:-build/release}

skip() {
    echo "1..1"
    echo "ok 1 # SKIP $*"
    exit 0
}
command -v pg_autoctl >/dev/null || skip "pg_autoctl is not installed"

# shellcheck disable=SC2012 # version numbers, no odd file names
PATH=$(ls -d /usr/lib/postgresql/*/bin | sort -V | tail -n 1):$PATH
dir=$(mktemp -d /tmp/fotad-manager-XXXXXX)
chmod 755 "$dir"
port=$((20000 + $$ % 10000))
pids=()
as_owner() {
    if [ "$(id -u)" = 0 ]; then
        setpriv --reuid=postgres --regid=postgres --init-groups -- \
            env HOME="$dir" XDG_RUNTIME_DIR="$dir" "$@"
    else
        "$@"
    fi
}
if [ "$(id -u)" = 0 ]; then chown postgres "$dir"; fi

end() {
    status=$?
    kill -TERM "${pids[@]}" 2>/dev/null || true
    for node in a b monitor; do
        as_owner pg_ctl stop -m immediate -D "$dir/$node" >/dev/null 2>&1 || true
    done
    pkill -9 -f "pg_autoctl.*$dir" || true
    [ $status = 0 ] || tail -n 15 "$dir"/*.log >&2
    until rm -rf "$dir" 2>/dev/null; do sleep 0.2; done
    exit $status
}
trap end EXIT

keeper() {
    as_owner pg_autoctl create "$@" --hostname localhost --auth trust --no-ssl \
        --run >"$dir/$log.log" 2>&1 </dev/null &
    pids+=($!)
}
node() {
    log=$1
    keeper postgres --pgdata "$dir/$1" --pgport "$2" --dbname fotad \
        --username fotad \
        --monitor "postgres://autoctl_node@localhost:$port/pg_auto_failover"
}
# until_so SECONDS COMMAND...
until_so() {
    local tries=$(($1 * 5))
    shift
    until "$@" >/dev/null 2>&1; do
        tries=$((tries - 1))
        [ $tries -gt 0 ] || return 1
        sleep 0.2
    done
}
state_is() {
    as_owner psql -X -At -h localhost -p "$port" -U autoctl_node \
        -d pg_auto_failover -c "select reportedstate from pgautofailover.node
            where nodeport = $1" | grep -qx "$2"
}
ready() { curl -sf "http://127.0.0.1:$((port + 6))/readyz"; }
fotactl() { "$bin/fotactl" --config "$dir/fotad.conf" "$@"; }

count=0
ok() {
    count=$((count + 1))
    echo "ok $count - $1"
}
fail() {
    count=$((count + 1))
    echo "not ok $count - $1"
    exit 1
}

echo "1..4"
log=monitor
keeper monitor --pgdata "$dir/monitor" --pgport "$port"
until_so 60 pg_isready -q -h localhost -p "$port" || fail "the monitor runs"
sleep 1
node a $((port + 1))
until_so 60 state_is $((port + 1)) single || fail "the first node is there"
node b $((port + 2))
until_so 90 state_is $((port + 1)) primary &&
    until_so 30 state_is $((port + 2)) secondary &&
    ok "a primary and a synchronous standby" ||
    fail "a primary and a synchronous standby"

"$bin/fotasim" pki "$dir/pki" --homes 1 >/dev/null
cat >"$dir/fotad.conf" <<END
[database]
conninfo = host=localhost,localhost
  port=$((port + 1)),$((port + 2)) dbname=fotad user=fotad
  target_session_attrs=read-write connect_timeout=2
[user_gateway]
listen = 127.0.0.1:$((port + 3))
[csp_gateway]
listen = 127.0.0.1:$((port + 4))
[people]
listen = 127.0.0.1:$((port + 5))
[operations]
listen = 127.0.0.1:$((port + 6))
stop_grace = 0s
[identity]
xml_signing_key = $dir/pki/keys/dsp-xml-sign.key
xml_signing_certificate = $dir/pki/certificates/dsp-xml-sign.pem
key_agreement_key = $dir/pki/keys/acb-ka.key
[csp north]
regions = North, 4G North
base_url = http://127.0.0.1:1
token = t
inbound_token = i
[csp south]
regions = Central, South, 4G Central, 4G South
base_url = http://127.0.0.1:1
token = u
inbound_token = j
END
fotactl migrate >/dev/null
"$bin/fotad" --config "$dir/fotad.conf" >"$dir/fotad.log" 2>&1 &
fotad=$!
pids+=("$fotad")
until_so 30 ready && fotactl account add before --role auditor >/dev/null &&
    ok "fotad works on the primary" || fail "fotad works on the primary"

# The keeper first, or it would start PostgreSQL again.
begin=$(date +%s%N)
pkill -9 -f "pg_autoctl.*--pgdata $dir/a " || true
pkill -9 -f "pg_autoctl: .*$dir/a" || true
kill -9 "$(head -n 1 "$dir/a/postmaster.pid")"
until_so 120 state_is $((port + 2)) wait_primary || fail "the standby is promoted"
ok "the standby is promoted after $((($(date +%s%N) - begin) / 1000000)) ms"
until_so 30 ready && fotactl account add after --role auditor >/dev/null &&
    [ "$(fotactl account list | grep -c auditor)" = 2 ] &&
    kill -0 "$fotad" && ok "fotad goes on with it, and nothing is lost" ||
    fail "fotad goes on with it, and nothing is lost"
