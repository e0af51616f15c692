# shellcheck shell=bash
# Many requests of one device each with a small image, over eight connections.
# Floor: pgbench's simple-update with as many connections, equally durable.

bench_single() {
    local i n=$((5000 * scale / 100)) connections=8 floor
    start_world silent
    $bin/fotasim image $image --octets 4096 --output $out/small.ota
    list_image $out/small.ota
    for i in 1 2 3; do
        progress "single: $i of 3"
        forget
        rm -rf $out/single
        request_image=$out/small.ota write_request 1 $n $out/single \
            --per-request 1
        find $out/single -name '*.xml' -print0 | xargs -0 -n $n -x -s 1000000 \
            $bin/fotasim load --url "$url" --connections $connections \
            --expect '>I99<' || die 'single: a request was not accepted'
    done >$out/single.json
    list_image $out/image.ota
    field per_second <$out/single.json >$out/single.rates
    numbers 3 $out/single.rates
    progress 'single: its floor'
    stop_world
    floor=$(simple_update $connections)
    result 'one-device requests' \
        "$(median <$out/single.rates | awk '{printf "%.0f", $1}')" 1/s \
        floor="$floor" spread="$(spread <$out/single.rates)" \
        'aim=ratio >= 0.5' note="pgbench simple-update, $connections connections"
    result 'one-device requests: p99' \
        "$(field p99_ms <$out/single.json | median)" ms \
        spread="$(field p99_ms <$out/single.json | spread)"
}
