# shellcheck shell=bash disable=SC2154
# A DSP on this machine, as the demo and the bench start it: a database of a
# private PostgreSQL, fotad, and around it emulated CSPs with their hubs and
# devices, and Users. Who sources it defines die() and sets
#
#   bin        the folder of the programs
#   out        a folder for the configuration, the logs and what is emulated
#   pki        the folder of `fotasim pki`
#   config_more   lines that follow those of the configuration
#   xml_key    [identity] xml_signing_key, if it is another than that of pki
#   user_port csp_port people_port operations_port   where fotad listens
#   north_port south_port receive_port               CSPs and Users
export TZ=UTC LC_ALL=C

say() { printf '%s\n' "$*"; }

now() { date +%s%N; }
# seconds_since BEGIN [DIGITS]
seconds_since() {
    awk -v ns=$(($(now) - $1)) "BEGIN {printf \"%.${2-3}f\", ns / 1e9}"
}

# The suppliers of fotasim's estate by number.
supplier() { echo "90-B3-D5-1F-30-0$1-00-00"; }

# ---- ports ----

is_taken() {
    local port
    port=$(printf '%04X' "$1")
    awk -v port=":$port" '$4 == "0A" && substr($2, length($2) - 4) == port {
        found = 1 } END { exit !found }' /proc/net/tcp /proc/net/tcp6
}

# choose_port PORT: that, or another one if somebody has it
choose_port() {
    local port=$1
    while is_taken "$port"; do port=$((port + 100)); done
    [ "$port" = "$1" ] || say "Port $1 is taken; using $port." >&2
    echo "$port"
}

# ---- the database ----

# start_database KIND: the private PostgreSQL (tools/pg)
start_database() {
    pg_kind=$1
    pgdir=$(tools/pg start "$1" | sed -n 's/^host=\([^ ]*\).*/\1/p')
    [ -n "$pgdir" ] || die 'the private PostgreSQL does not start'
}

# use_database NAME: sql, ask, fotactl and fotad go there
use_database() {
    database=$1
    print_config "host=$pgdir user=fotad dbname=$1" >"$out/fotad.conf"
}

# make_database: an empty one in place of what there was
make_database() {
    tools/pg psql "$pg_kind" -d postgres -c 'set client_min_messages = warning' \
        -c "drop database if exists $database with (force)" \
        -c "create database $database"
}

sql() { tools/pg psql "$pg_kind" -d "$database" "$@"; }
# ask QUERY: a row a line, columns parted by spaces
ask() { sql -At -F ' ' -c "$1"; }

# ---- fotad ----

north_regions='North, 4G North'
south_regions='Central, South, 4G Central, 4G South'

# print_config CONNINFO
print_config() {
    cat <<END
[database]
conninfo = $1
[user_gateway]
listen = 127.0.0.1:$user_port
[csp_gateway]
listen = 127.0.0.1:$csp_port
[people]
listen = 127.0.0.1:$people_port
[operations]
listen = 127.0.0.1:$operations_port
[identity]
xml_signing_key = ${xml_key-$pki/keys/dsp-xml-sign.key}
xml_signing_certificate = $pki/certificates/dsp-xml-sign.pem
key_agreement_key = $pki/keys/acb-ka.key
[csp north]
regions = $north_regions
base_url = http://127.0.0.1:$north_port
token = to-north
inbound_token = from-north
${csp_more-}
[csp south-and-central]
regions = $south_regions
base_url = http://127.0.0.1:$south_port
token = to-south
inbound_token = from-south
${csp_more-}
${config_more-}
END
}

fotactl() { "$bin/fotactl" --config "$out/fotad.conf" "$@"; }

# await_ready HOST PID LOG
await_ready() {
    local tries=0
    until curl -sf "http://$1:$operations_port/readyz" >/dev/null; do
        tries=$((tries + 1))
        if [ $tries -gt 300 ] || ! kill -0 "$2" 2>/dev/null; then
            die "fotad does not get ready: $(tail -n 20 "$3")"
        fi
        sleep 0.1
    done
}

fotad_pid=
start_fotad() {
    "$bin/fotad" --config "$out/fotad.conf" >"$out/fotad.log" 2>&1 &
    fotad_pid=$!
    await_ready 127.0.0.1 "$fotad_pid" "$out/fotad.log"
}

# Its exit status; 0 when it does not run.
stop_fotad() {
    local pid=$fotad_pid
    [ -n "$pid" ] || return 0
    fotad_pid=
    kill -TERM "$pid" 2>/dev/null || true
    wait "$pid"
}

# ---- what is emulated ----

emulators=()
# emulate NAME VERB OPTION...: a fotasim that logs to NAME.log
emulate() {
    "$bin/fotasim" "${@:2}" >"$out/$1.log" 2>&1 &
    emulators+=($!)
}

await_port() {
    local tries=0
    until is_taken "$1"; do
        tries=$((tries + 1))
        [ $tries -lt 100 ] || die "no emulator listens at port $1: \
$(tail -n 3 "$out"/csp-*.log "$out/users.log")"
        sleep 0.05
    done
}

# start_csp north|south FOTAD [OPTION...]: FOTAD is the host that it talks to;
# what goes wrong with it is in csp.faults
start_csp() {
    local at=${1}_port
    rm -rf "$out/csp-$1"
    emulate "csp-$1" csp --listen "127.0.0.1:${!at}" --name "$1" \
        --fotad "http://$2:$csp_port" --token "from-$1" \
        --expect-token "to-$1" --state "$out/csp-$1" \
        --faults "$out/csp.faults" "${@:3}"
    await_port "${!at}"
}

# start_users [OPTION...]
start_users() {
    emulate users user --listen "127.0.0.1:$receive_port" "$@"
    await_port "$receive_port"
}

stop_emulators() {
    [ ${#emulators[@]} != 0 ] || return 0
    kill -TERM "${emulators[@]}" 2>/dev/null || true
    wait "${emulators[@]}" 2>/dev/null || true
    emulators=()
}

# ---- requests ----

# sign_request SUPPLIER VARIANT COUNTER FILE [OPTION...]: a signed Service
# Request; the counter makes it new
sign_request() {
    "$bin/fotasim" request --variant "$2" --counter "$3" \
        --key "$pki/keys/supplier-$1-xml-sign.key" \
        --certificate "$pki/certificates/supplier-$1-xml-sign.pem" \
        "${@:5}" --output "$4"
}
