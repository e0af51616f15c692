# shellcheck shell=bash
# What is measured: a database with an estate, fotad, and around it emulated
# CSPs, hubs, devices and Users.

out=build/bench
bin=build/release
image=ppmid-a-0A000003

is_number() { [[ $1 =~ ^[0-9]+$ ]] && [ "$1" -gt 0 ]; }

read_options() {
    local name
    scale=${BENCH_SCALE-100}
    runs=${BENCH_RUNS-15}
    minutes=${BENCH_MINUTES-30}
    port=${BENCH_PORT-8270}
    for name in scale runs minutes port; do
        is_number "${!name}" || die "BENCH_${name^^} must be a number: '${!name}'"
    done
    case ${BENCH_SIZE-2m} in
    2m) homes=$((400000 * scale / 100)) ;;
    20m) homes=4000000 ;;
    60m) homes=12000000 ;;
    *) die "BENCH_SIZE is 2m, 20m or 60m: '$BENCH_SIZE'" ;;
    esac
    homes=${BENCH_HOMES-$homes}
    [ "$port" -le 65000 ] || die "BENCH_PORT is at most 65000"
    is_number "$homes" || die "BENCH_HOMES must be a number: '$homes'"
    # the largest request
    most=$((50000 * scale / 100))
    [ $most -ge 200 ] || die 'BENCH_SCALE is too small: at least 1'
    [ "$homes" -ge $((most * 8)) ] ||
        die "BENCH_HOMES must be at least $((most * 8)) for requests of $most"
    user_port=$port csp_port=$((port + 1)) people_port=$((port + 2))
    operations_port=$((port + 3)) north_port=$((port + 4))
    south_port=$((port + 5)) receive_port=$((port + 6)) bare_port=$((port + 7))
    url=http://127.0.0.1:$user_port/api/v1/serviceD
    for name in $(seq "$port" $((port + 7))); do
        ! is_taken "$name" ||
            die "port $name is taken; give another range with BENCH_PORT"
    done
    for name in fotad fotactl fotasim; do
        [ -x $bin/$name ] || die "$bin/$name is not built; run make bench"
    done
    mkdir -p $out
    pgdir=$(tools/pg start bench | sed -n 's/^host=\([^ ]*\).*/\1/p')
    [ -n "$pgdir" ] || die 'the private PostgreSQL does not start'
    set_estate "$homes"
}

# ---- the database ----

# use_database NAME: sql, fotactl and fotad go there
use_database() {
    database=$1
    conninfo="host=$pgdir user=fotad dbname=$database"
    write_config
}
sql() { tools/pg psql bench -d "$database" "$@"; }
# One value.
ask() { sql -At -c "$1"; }
fotactl() { $bin/fotactl --config $out/fotad.conf "$@"; }

# wait_until SECONDS CONDITION: asks the database twenty times a second
wait_until() {
    sql -c 'set enable_seqscan = off' -c "do \$\$
        declare ends timestamptz := clock_timestamp() + interval '$1 s';
        begin
            while not ($2) loop
                if clock_timestamp() > ends then
                    raise exception 'it did not come to this in $1 s';
                end if;
                commit;
                perform pg_sleep(0.05);
            end loop;
        end \$\$" 2>$out/wait.log && return
    die "$part: waited for $2: $(head -n 1 $out/wait.log)
$(tail -n 5 $out/fotad.log 2>/dev/null)"
}

write_config() {
    cat >$out/fotad.conf <<END
[database]
conninfo = $conninfo
[user_gateway]
listen = 127.0.0.1:$user_port
workers = 32
[csp_gateway]
listen = 127.0.0.1:$csp_port
[people]
listen = 127.0.0.1:$people_port
[operations]
listen = 127.0.0.1:$operations_port
[identity]
xml_signing_key = $estate/pki/keys/dsp-xml-sign.key
xml_signing_certificate = $estate/pki/certificates/dsp-xml-sign.pem
key_agreement_key = $estate/pki/keys/acb-ka.key
[log]
level = warning
[csp north]
regions = $north_regions
base_url = http://127.0.0.1:$north_port
token = to-north
inbound_token = from-north
[csp south-and-central]
regions = $south_regions
base_url = http://127.0.0.1:$south_port
token = to-south
inbound_token = from-south
END
}
north_regions='North, 4G North'
south_regions='Central, South, 4G Central, 4G South'

# ---- the estate: made once for a size and a version of the schema ----

marker() {
    echo "$homes $most $(cat sql/migrations/*.sql sql/*.sql src/fotasim/estate*.c \
        src/fotasim/catalogue.c | sha256sum | cut -c1-16)"
}

# set_estate HOMES
set_estate() {
    homes=$1
    estate=$out/$homes
    use_database "fotad_bench_$homes"
    if [ "$(cat "$estate/made" 2>/dev/null)" != "$(marker)" ] ||
        ! sql -c 'select 1' >/dev/null 2>&1; then
        make_estate
    fi
    [ -s "$out/image.ota" ] || $bin/fotasim image $image --octets 768000 \
        --output $out/image.ota
}

# Device for device: the file, the table with its indexes, and the log of
# writing them.
check_disk() {
    local needed free
    needed=$((homes * 5 * 500 / 1048576 + 5000))
    free=$(df -Pm "$(dirname "$pgdir")" | awk 'NR == 2 {print $4}')
    [ "$free" -ge "$needed" ] || die "an estate of $homes homes needs about \
$needed MB of disk, and there are $free MB"
}

make_estate() {
    local began
    began=$(now)
    check_disk
    say "Making an estate of $homes homes, about $((homes * 5)) devices; this is done once."
    rm -rf "$estate"
    mkdir -p "$estate"
    device_lists
    say "  keys and certificates of $((most * 12 / 5)) devices and hubs"
    $bin/fotasim pki "$estate/pki" --devices "$estate/with-keys"
    say '  the inventory as a file'
    $bin/fotasim estate "$estate" --homes "$homes" \
        --receive-url "http://127.0.0.1:$receive_port/user" 2>&1 |
        sed 's/^/    /'
    say '  its import'
    create_database
    import_estate
    marker >"$estate/made"
    say "  $(calculate "$(seconds_since "$began")" 0) s"
}

create_database() {
    tools/pg psql bench -d postgres -c 'set client_min_messages = warning' \
        -c "drop database if exists $database with (force)" \
        -c "create database $database"
    write_config
    fotactl migrate >/dev/null
}

import_estate() {
    fotactl import cpl "$estate/cpl.csv"
    fotactl import users "$estate/users.csv"
    fotactl import certificates "$estate/pki/certificates"
    fotactl import smi --replace "$estate/smi.csv"
    rm "$estate/smi.csv"
    remember_versions
    sql -c 'vacuum analyze' -c checkpoint
} >$out/import.log

# What the devices run, for they will run something else after a campaign.
remember_versions() {
    sql -c 'create table bench_versions (device_id macaddr8 primary key,
            firmware_version bytea)' \
        -c 'create temp table ids (id macaddr8)' \
        -c "\\copy ids from '$estate/with-keys'" \
        -c 'insert into bench_versions select device_id, firmware_version
            from smi_device where device_id in (select id from ids)'
}

supplier() { echo "90-B3-D5-1F-30-0$1-00-00"; }

# The devices that requests are for: all can be accepted, and none is in two
# lists, for several suppliers may update the PPMID of a home.
device_lists() {
    local list
    : >"$estate/used"
    for list in 1 2 3 4; do
        $bin/fotasim devices --image $image --homes "$homes" \
            --user "$(supplier "$(owner_of $list)")" --expect accepted \
            --count $((most * 5)) 2>/dev/null |
            grep -vxFf "$estate/used" | awk -v most="$most" 'NR <= most' \
            >"$estate/devices-$list" || true
        [ "$(wc -l <"$estate/devices-$list")" = "$most" ] ||
            die "an estate of $homes homes has too few devices for list $list"
        cat "$estate/devices-$list" >>"$estate/used"
    done
    $bin/fotasim devices --image $meter_image --user "$(supplier 2)" \
        --homes "$homes" --expect accepted --count $((most / 5)) \
        >"$estate/devices-meter"
    cat "$estate/devices-1" "$estate/devices-meter" >"$estate/with-keys"
}
meter_image=esme-a-01020000
# Of which supplier each list is.
owner_of() { case $1 in 4) echo 1 ;; *) echo "$1" ;; esac; }

# ---- fotad ----

fotad_pid=
start_fotad() {
    local tries=0
    list_image $out/image.ota
    $bin/fotad --config $out/fotad.conf >$out/fotad.log 2>&1 &
    fotad_pid=$!
    until curl -sf "http://127.0.0.1:$operations_port/readyz" >/dev/null; do
        tries=$((tries + 1))
        if [ $tries -gt 300 ] || ! kill -0 $fotad_pid 2>/dev/null; then
            die "fotad does not get ready: $(tail -n 5 $out/fotad.log)"
        fi
        sleep 0.1
    done
}

memory_of() { awk -v what="$2" '$1 == what ":" {printf "%.0f", $2 / 1024}' \
    "/proc/$1/status"; }

stop_fotad() {
    [ -n "$fotad_pid" ] || return 0
    kill -0 "$fotad_pid" 2>/dev/null ||
        die "$part: fotad ended by itself: $(tail -n 5 $out/fotad.log)"
    peak=$(memory_of "$fotad_pid" VmHWM)
    echo "$peak" >>$out/peaks
    kill -TERM "$fotad_pid"
    wait "$fotad_pid" || die "$part: fotad ended with status $?: $(tail -n 5 \
        $out/fotad.log)"
    fotad_pid=
}

# ---- emulators ----

emulators=()
emulate() {
    local name=$1
    shift
    $bin/fotasim "$@" >$out/$name.log 2>&1 &
    emulators+=($!)
}

await_port() {
    local tries=0
    until is_taken "$1"; do
        tries=$((tries + 1))
        [ $tries -lt 100 ] || die "$part: no emulator listens at port $1: \
$(tail -n 3 $out/csp-*.log $out/users.log)"
        sleep 0.05
    done
}

start_csp() {
    local name=$1 at=$2 fotad=$3
    shift 3
    rm -rf "$out/csp-$name"
    emulate "csp-$name" csp --listen "127.0.0.1:$at" --name "$name" \
        --fotad "http://$fotad:$csp_port" --token "from-$name" \
        --expect-token "to-$name" --state "$out/csp-$name" \
        --faults $out/csp.faults "$@"
    await_port "$at"
}

# start_world silent|alive: the CSPs take all jobs and accept every device; then
# nothing more comes of them, or their hubs and devices do what devices do.
start_world() {
    local more=()
    case $1 in
    silent)
        echo 'silent 100' >$out/csp.faults
        more=(--connections 4)
        ;;
    alive)
        echo 'batch 1000' >$out/csp.faults
        more=(--pki "$estate/pki" --seed 1)
        ;;
    esac
    start_csp north "$north_port" 127.0.0.1 "${more[@]}"
    start_csp south "$south_port" "${south_fotad-127.0.0.1}" "${more[@]}"
    rm -rf $out/users
    emulate users user --listen "127.0.0.1:$receive_port" --check no \
        --state $out/users --sample 200
    await_port "$receive_port"
    start_fotad
}

stop_world() {
    stop_fotad
    stop_emulators
}
stop_emulators() {
    [ ${#emulators[@]} != 0 ] || return 0
    kill -TERM "${emulators[@]}" 2>/dev/null || true
    wait "${emulators[@]}" 2>/dev/null || true
    emulators=()
}

# However the bench ends, nothing of it is left running.
end_all() {
    local status=$?
    [ -z "$fotad_pid" ] || kill -TERM "$fotad_pid" 2>/dev/null || true
    stop_emulators
    [ "$status" = 0 ] || [ -z "${part-}" ] ||
        say "tools/bench: ended in part $part" >&2
    exit "$status"
}
trap end_all EXIT
trap 'exit 130' INT TERM
