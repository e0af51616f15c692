# shellcheck shell=bash
# What is measured: a database with an estate, and the DSP of tools/lib/dsp.sh.

out=build/bench
bin=build/release
image=ppmid-a-0A000003
config_more='[user_gateway]
workers = 32
[log]
level = warning'

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
    start_database bench
    set_estate "$homes"
    [ -z "${BENCH_HSM-}" ] || use_token
}

# The signing key is in a token of SoftHSM.
use_token() {
    local token=$PWD/$out/token
    rm -rf "$token" && mkdir -p "$token/tokens"
    echo "directories.tokendir = $token/tokens" >"$token/conf"
    echo 4711-pin >"$token/pin"
    export SOFTHSM2_CONF=$token/conf
    softhsm2-util --init-token --free --label bench --so-pin 1234 --pin 4711-pin >/dev/null
    openssl pkcs8 -topk8 -nocrypt -in "$pki/keys/dsp-xml-sign.key" -out "$token/p8"
    softhsm2-util --import "$token/p8" --token bench --label xml --id 01 --pin 4711-pin >/dev/null
    xml_key="pkcs11:token=bench;object=xml?pin-source=file:$token/pin"
    use_database "$database"
}

# ---- the database ----

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

# ---- the estate: made once for a size and a version of the schema ----

# schema_hash FILE...: of all of sql/ and these files
schema_hash() {
    { find sql -name '*.sql' -print0 | sort -z | xargs -0 cat; cat "$@"; } |
        sha256sum | cut -c1-16
}

marker() {
    echo "$homes $most $(schema_hash src/fotasim/estate*.c \
        src/fotasim/catalogue.c)"
}

# set_estate HOMES
set_estate() {
    homes=$1
    estate=$out/$homes
    pki=$estate/pki
    use_database "fotad_bench_$homes"
    if [ "$(cat "$estate/made" 2>/dev/null)" != "$(marker)" ] ||
        ! sql -c 'select 1' >/dev/null 2>&1; then
        make_estate
    fi
    [ -s "$out/image.ota" ] || $bin/fotasim image $image --octets 768000 \
        --output $out/image.ota
}

# use_made NAME FILE ENTRIES: a database of its own with as many entries of the
# audit trail, made once by the file
use_made() {
    local marker
    use_database "fotad_bench_$1"
    marker="$scale $(schema_hash "$here/$2")"
    if [ "$(cat "$out/$1.made" 2>/dev/null)" = "$marker" ] &&
        sql -c 'select 1' >/dev/null 2>&1; then
        return
    fi
    progress "$1: its entries, made once"
    create_database
    sql -v entries=$(($3 * scale / 100)) -f "$here/$2" >"$out/$1.log" 2>&1 ||
        die "$1: they were not made: $(tail -n 3 "$out/$1.log")"
    echo "$marker" >"$out/$1.made"
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
    $bin/fotasim pki "$pki" --devices "$estate/with-keys"
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
    make_database
    fotactl migrate >/dev/null
}

import_estate() {
    fotactl import cpl "$estate/cpl.csv"
    fotactl import users "$estate/users.csv"
    fotactl import certificates "$pki/certificates"
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

# The CPL knows the image that is sent.
begin_fotad() {
    list_image $out/image.ota
    start_fotad
}

memory_of() { awk -v what="$2" '$1 == what ":" {printf "%.0f", $2 / 1024}' \
    "/proc/$1/status"; }

end_fotad() {
    [ -n "$fotad_pid" ] || return 0
    kill -0 "$fotad_pid" 2>/dev/null ||
        die "$part: fotad ended by itself: $(tail -n 5 $out/fotad.log)"
    peak=$(memory_of "$fotad_pid" VmHWM)
    echo "$peak" >>$out/peaks
    stop_fotad || die "$part: fotad ended with status $?: $(tail -n 5 \
        $out/fotad.log)"
}

# ---- all of it ----

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
        more=(--pki "$pki" --seed 1)
        ;;
    esac
    start_csp north 127.0.0.1 "${more[@]}"
    start_csp south "${south_fotad-127.0.0.1}" "${more[@]}"
    rm -rf $out/users
    start_users --check no --state $out/users --sample 200
    begin_fotad
}

stop_world() {
    end_fotad
    stop_emulators
}

# However the bench ends, nothing of it is left running.
end_all() {
    local status=$?
    stop_fotad || true
    stop_emulators
    [ "$status" = 0 ] || [ -z "${part-}" ] ||
        say "tools/bench: ended in part $part" >&2
    exit "$status"
}
trap end_all EXIT
trap 'exit 130' INT TERM
