# shellcheck shell=bash
# Delivery notifications of both CSPs: taken, applied (status, audit trail, N61
# written) and durable before the answer. The Users' messages stay in the
# database meanwhile; "alerts" measures their delivery.
# Floor of single ones: pgbench's simple-update. Of batches: a plain UPDATE of
# the same tracking rows in sets and COPY of the same rows that are written.

bench_notifications() {
    start_world silent
    notify_singly
    notify_in_batches 500
    notify_in_batches 10000 'ratio >= 0' '>= 10000'
}

notify_singly() {
    local i n=$((3000 * scale / 100)) began rates p99s floor before
    begin_campaign held
    : >$out/told.json
    for i in 1 2 3; do
        progress "notifications, single: $i of 3"
        # each CSP has a share of its own of the devices
        delivered $((1 + (i - 1) * n / 2)) $((n / 2)) 1
        before=$(cat $out/said-* | wc -l)
        began=$(now)
        tell_all >>$out/told.json
        calculate "$before / $(seconds_since "$began")" 0
        echo
    done >$out/told.rates
    numbers 3 $out/told.rates
    progress 'notifications, single: the floor'
    floor=$(simple_update $notification_connections)
    result 'notifications, single' "$(median <$out/told.rates)" 1/s \
        floor="$floor" spread="$(spread <$out/told.rates)" 'aim=ratio >= 0.5' \
        note="pgbench simple-update, $notification_connections connections"
    result 'notifications, single: p99' \
        "$(field p99_ms <$out/told.json | percentile 100)" ms \
        spread="$(field p99_ms <$out/told.json | spread)"
}

notify_in_batches() {
    local i batch=$1 began floor
    : >$out/told.json
    for i in 1 2 3; do
        progress "notifications, batches of $batch: $i of 3"
        begin_campaign held
        [ "$i" != 1 ] || tracking_before
        delivered 1 "$most" "$batch"
        began=$(now)
        tell_all >>$out/told.json
        applied_since "$began" "$most"
    done >$out/told.rates
    numbers 3 $out/told.rates
    progress "notifications, batches of $batch: the floor"
    floor=$(notify_floor "$batch")
    result "notifications, batches of $batch" "$(median <$out/told.rates)" \
        1/s floor="$floor" spread="$(spread <$out/told.rates)" \
        ${3+aim="$3"} \
        note='floor: UPDATE in sets + COPY of the same rows, two sessions'
    result "notifications, batches of $batch: p99" \
        "$(field p99_ms <$out/told.json | percentile 100)" ms \
        spread="$(field p99_ms <$out/told.json | spread)"
}

# The tracked devices as they are before the notifications.
tracking_before() {
    dump_rows live 'select * from tracking_live order by device_id'
}

# The rows that the notifications of the last campaign wrote, in pieces of one
# batch, and the same update; each of two sessions takes every other piece.
notify_floor() {
    local batch=$1 began pids=() s
    prepare_pieces "$batch"
    for s in 0 1; do piece_script $s >$out/floor-$s.sql; done
    began=$(now)
    for s in 0 1; do
        sql -f $out/floor-$s.sql &
        pids+=($!)
    done
    for s in "${pids[@]}"; do wait "$s" || die "$part: the floor failed"; done
    calculate "$most / $(seconds_since "$began")" 0
    for s in live sat alert message; do sql -c "drop table bench_$s"; done
}

written_rows=(
    "sat:sat_entry:select * from sat_entry where kind in ('notification', 'status', 'alert') and (kind <> 'status' or code = 'SUCCESSFUL_CH_TRANSFER') and (kind <> 'alert' or code = 'N61')"
    "alert:alert:select * from alert where code = 'N61'"
    "message:csp_message:select * from csp_message where kind = 'n'")

prepare_pieces() {
    local row name rest rows
    rm -f $out/piece-*
    like_table live tracking_live
    sql -c "\\copy bench_live from '$out/rows-live'" -c 'vacuum analyze bench_live'
    split -l "$1" -d -a 4 <(cut -f 1 $out/rows-live) $out/piece-ids-
    for row in "${written_rows[@]}"; do
        name=${row%%:*} rest=${row#*:}
        like_table "$name" "${rest%%:*}"
        dump_rows "$name" "${rest#*:}"
        rows=$(wc -l <"$out/rows-$name")
        split -l $((rows * $1 / most)) -d -a 4 "$out/rows-$name" \
            "$out/piece-$name-"
    done
}

# piece_script SESSION
piece_script() {
    local file number name
    echo 'create temp table ids (id macaddr8);'
    for file in "$out"/piece-ids-*; do
        number=${file##*-}
        [ $((10#$number % 2)) = "$1" ] || continue
        echo 'begin; truncate ids;'
        echo "\\copy ids from '$file'"
        echo "update bench_live set status = 'SUCCESSFUL_CH_TRANSFER',
            last_updated = now(), release_due = now() + interval '5 days'
            where device_id = any (array(select id from ids));"
        for name in sat alert message; do
            [ ! -e "$out/piece-$name-$number" ] ||
                echo "\\copy bench_$name from '$out/piece-$name-$number'"
        done
        echo 'commit;'
    done
}
