# shellcheck shell=bash
# One request with a 750 KB image, for 1 to 50,000 devices: from its first octet
# sent to the signed answer, which is written once it is durable.
# Floor: xmllint (parse, validate) + xmlsec1 (verify) + the same set statements
# by psql, in the same run and on the same rows.

bench_accept() {
    local count
    start_world silent
    for count in 1 100 $((most / 5)) "$most"; do accept_size "$count"; done
    accept_four
    end_fotad
    result 'memory after accept, peak' "$peak" MB 'aim=<= 256' \
        'note=VmHWM of fotad: the four at once included'
}

# accept_size COUNT [NAME]
accept_size() {
    local i count=$1 all p50 file=$out/accept.xml
    local name=${2-accept $(thousands "$count") devices}
    for i in $(seq "$runs"); do
        progress "$name: $i of $runs"
        forget
        write_request 1 "$count" $file
        post $file
    done | field median_ms >$out/accept.times
    numbers "$runs" $out/accept.times
    progress "$name: its floor"
    accept_floor "$count" $file
    p50=$(median <$out/accept.times)
    local aims=()
    [ "$count" != 50000 ] || aims=('aim=ratio <= 1.3')
    result "$name: median" "$p50" ms floor="$floor" \
        spread="$(spread <$out/accept.times)" "${aims[@]}" \
        note="floor: xmllint $parse + xmlsec1 $verify + psql $statements ms"
    [ "$count" != "$most" ] || result "$name: p99" \
        "$(percentile 99 <$out/accept.times)" ms floor="$floor" \
        note="of $runs"
}

# Sets parse, verify, statements, and floor.
accept_floor() {
    parse=$(parse_floor "$2")
    verify=$(verify_floor "$2" 1)
    statements=$(accept_statements "$1")
    floor=$(calculate "$parse + $verify + $statements")
}

accept_statements() {
    local i
    sql -c 'set client_min_messages = warning' \
        -c 'drop table if exists bench_ids' \
        -c 'create table bench_ids (ids macaddr8[])' \
        -c 'create temp table one (id macaddr8)' \
        -c "\\copy one from program 'head -n $1 $PWD/$estate/devices-1'" \
        -c 'insert into bench_ids select array_agg(id order by id) from one'
    cat >$out/floor.sql <<'END'
\timing on
begin;
select case t.condition when '' then
        cardinality(ids) - cardinality(refused_ordinals) end as accepted
from bench_ids, take_updates(null, array[:'sender'::macaddr8],
    array['90-B3-D5-1F-30-00-00-02'::macaddr8], array[:n], array[1],
    array['serviceD'], array['11.4'], array[8], array[sha256('x')],
    array[now()], array['\x0A000003'::bytea], array[(
        select manufacturer_image_hash::bytea from cpl_entry
        where device_type = 'PPMID' and firmware_version = '\x0A000003'
        limit 1)],
    array[sha256('y')], array['accepted'], array['I99'], array['z'::bytea],
    array[cardinality(ids)], array[1::bigint], ids,
    array['PPMID']::device_type[], array[40000], false,
    array['North', '4G North', 'Central', 'South', '4G Central',
        '4G South']::csp_region[], array['n', 'n', 's', 's', 's', 's'],
    interval '5 days') t \gset
commit;
\if :{?accepted}
\echo accepted :accepted
\endif
END
    for i in 1 2 3 4 5; do
        forget
        sql -v sender="$(supplier 1)" -v n="$i" -f $out/floor.sql \
            >$out/floor.log 2>&1 || die "the floor: $(cat $out/floor.log)"
        grep -qx "accepted $1" $out/floor.log ||
            die "the floor's statements accepted other devices: $(cat $out/floor.log)"
        awk '/^Time:/ {t += $2} END {print t}' $out/floor.log
    done | median
}

# Four large ones at once, for devices of their own.
accept_four() {
    local i list pids four_floor
    : >$out/four.json
    for i in 1 2 3; do
        progress "four at once: $i of 3"
        forget
        for list in 1 2 3 4; do
            write_request $list "$most" $out/four-$list.xml
        done
        pids=()
        for list in 1 2 3 4; do
            post $out/four-$list.xml >>$out/four.json &
            pids+=($!)
        done
        for list in "${pids[@]}"; do wait "$list"; done
    done
    field median_ms <$out/four.json >$out/four.times
    numbers 12 $out/four.times
    four_floor=$(calculate "4 * $floor / $(nproc)")
    result "four of $(thousands "$most") at once: the slowest" \
        "$(percentile 100 <$out/four.times)" ms floor="$four_floor" \
        spread="$(spread <$out/four.times)" 'aim=<= 3000' \
        note="floor: four floors on $(nproc) cores"
}
