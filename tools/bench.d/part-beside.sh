# shellcheck shell=bash
# The status path while four requests of 50,000 devices are judged and
# committed one after the other: notifications come at a steady rate, and each
# counts from when it was due.
# Floor: the same notifications with nothing beside them.

bench_beside() {
    start_world silent
    beside 'single' 100 1 $((most / 10))
    beside "batches of $((most / 100))" 8 $((most / 100)) $((most * 9 / 20))
}

# beside NAME RATE BATCH COUNT: of COUNT devices, at RATE messages a second
# together; half of them alone
beside() {
    local alone with
    begin_campaign held
    delivered 1 $(($4 / 2)) "$3"
    progress "status path, $1: alone"
    split_said
    steady "$2" half-1 $((3 * scale / 100 + 1)) >$out/beside.json
    alone=$(field p99_ms <$out/beside.json | percentile 100)
    progress "status path, $1: while requests commit"
    steady_while "$2" half-2 >$out/beside.json
    with=$(field p99_ms <$out/beside.json | percentile 100)
    result "$1 notifications beside requests: p99" "$with" ms \
        floor="$alone" 'aim=<= 100' \
        spread="median $(field median_ms <$out/beside.json | percentile 100 |
            tidy), most $(field most_ms <$out/beside.json | percentile 100 |
            tidy)" \
        note="floor: the same alone; $(field requests <$out/beside.json |
            awk '{t += $1} END {print t}') messages while $requests_committed \
requests of $(thousands "$most") devices were committed"
}

split_said() {
    local name
    for name in north south-and-central; do
        awk 'NR % 2' "$out/said-$name" >"$out/half-1-$name"
        awk 'NR % 2 == 0' "$out/said-$name" >"$out/half-2-$name"
    done
}

steady_pids=()
# begin_steady RATE PREFIX
begin_steady() {
    local name short
    steady_pids=()
    for name in north south-and-central; do
        short=${name%%-*}
        $bin/fotasim load --lines "$out/$2-$name" --bearer "from-$short" \
            --header 'Content-Type: application/json' --rate $(($1 / 2)) \
            --url "http://127.0.0.1:$csp_port/csp/v1/delivery-notifications" \
            --connections 4 --expect '"rejected":[]' >"$out/steady-$short" &
        steady_pids+=($!)
    done
}
# They end early, at SIGTERM, or when they have no more to say.
end_steady() {
    local pid
    kill -TERM "${steady_pids[@]}" 2>/dev/null || true
    for pid in "${steady_pids[@]}"; do
        wait "$pid" || die "$part: fotad did not take the notifications"
    done
    cat $out/steady-north $out/steady-south
}

# steady RATE PREFIX SECONDS
steady() {
    begin_steady "$1" "$2"
    sleep "$3"
    end_steady
}

steady_while() {
    local list
    requests_committed=0
    for list in 2 3 4; do
        write_request $list "$most" $out/beside-$list.xml
    done
    begin_steady "$1" "$2"
    sleep 0.3
    for list in 2 3 4; do
        post $out/beside-$list.xml >/dev/null
        requests_committed=$((requests_committed + 1))
    done
    end_steady
}
