# shellcheck shell=bash
# Many requests of one device each with a small image, over eight connections
# and over 32.
# Floor: pgbench's simple-update with as many connections, equally durable.

bench_single() {
    local connections
    $bin/fotasim image $image --octets 4096 --output $out/small.ota
    for connections in 8 32; do single_over $connections; done
}

# single_over CONNECTIONS
single_over() {
    local i n=$((5000 * scale / 100)) connections=$1 floor
    local name="one-device requests, $1 connections"
    start_world silent
    list_image $out/small.ota
    for i in 1 2 3; do
        progress "$name: $i of 3"
        forget
        rm -rf $out/single
        request_image=$out/small.ota write_request 1 $n $out/single \
            --per-request 1
        find $out/single -name '*.xml' -print0 | xargs -0 -n $n -x -s 1000000 \
            $bin/fotasim load --url "$url" --connections "$connections" \
            --expect '>I99<' || die 'single: a request was not accepted'
    done >$out/single.json
    list_image $out/image.ota
    field per_second <$out/single.json >$out/single.rates
    numbers 3 $out/single.rates
    progress "$name: its floor"
    stop_world
    floor=$(simple_update "$connections")
    result "$name" \
        "$(median <$out/single.rates | awk '{printf "%.0f", $1}')" 1/s \
        floor="$floor" spread="$(spread <$out/single.rates)" \
        'aim=ratio >= 0.5' note="pgbench simple-update, $connections connections"
    result "$name: p99" "$(field p99_ms <$out/single.json | median)" ms \
        spread="$(field p99_ms <$out/single.json | spread)"
}
