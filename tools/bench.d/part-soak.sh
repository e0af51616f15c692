# shellcheck shell=bash
# BENCH_MINUTES (30) of a steady mixed load: every few seconds a request of 200
# devices that goes its whole way with emulated CSPs, hubs, devices and Users,
# beside people who look at pages. Memory, open files, connections and latency
# are sampled every ten seconds.
#
# Flat is: the middle of the last third of the samples is at most that of the
# second third plus 5 % and 4 MB (memory), plus 4 (files), plus 2 (database
# connections), plus half and 5 ms (latency). The first third is warming up.

soak_devices=200 # of one request

bench_soak() {
    local began ends round=0 slices
    start_world alive
    forget
    soak_requests
    slices=$((most / soak_devices))
    printf 'seconds memory_mb files connections median_ms p99_ms messages\n' \
        >$out/soak.samples
    began=$(date +%s)
    ends=$((began + minutes * 60))
    while [ "$(date +%s)" -lt $ends ]; do
        soak_round $((round % slices))
        round=$((round + 1))
        kill -0 $fotad_pid 2>/dev/null ||
            die "soak: fotad ended by itself: $(tail -n 3 $out/fotad.log)"
        soak_sample $(($(date +%s) - began))
    done
    judge_soak
}

# Small images, each request for devices of its own.
soak_requests() {
    $bin/fotasim image $image --octets 4096 --output $out/small.ota
    list_image $out/small.ota
    fotactl account add soak --role service_desk >/dev/null 2>&1 || true
    soak_token=$(fotactl account token soak | tail -n 1 | awk '{print $NF}')
}

# Ten seconds: one request, and pages at a steady rate.
soak_round() {
    counter=$((counter + 100000))
    tail -n "+$(($1 * soak_devices + 1))" "$estate/devices-1" |
        head -n $soak_devices >$out/request-devices || true
    sign_request 1 11.4 $counter $out/soak.xml --image $out/small.ota \
        --devices $out/request-devices
    $bin/fotasim load --url "$url" $out/soak.xml >$out/soak.json ||
        die 'soak: a request was not answered'
    head -n 50 $out/request-devices |
        sed 's|.*|/devices/&/firmware-status|' >$out/soak-urls
    $bin/fotasim load --method GET --bearer "$soak_token" --rate 10 \
        --url "http://127.0.0.1:$people_port/api/v1" --lines $out/soak-urls \
        --repeat 2 >$out/soak.json || die 'soak: a page was not answered'
}

soak_sample() {
    printf '%s %s %s %s %s %s %s\n' "$1" "$(memory_of $fotad_pid VmRSS)" \
        "$(find /proc/$fotad_pid/fd -type l | wc -l)" \
        "$(ask "select count(*) from pg_stat_activity
            where datname = '$database' and pid <> pg_backend_pid()")" \
        "$(field median_ms <$out/soak.json)" "$(field p99_ms <$out/soak.json)" \
        "$(ask "select count(*) from sat_entry where kind = 'delivered'")" |
        tee -a $out/soak.samples >$out/soak.last
    [ -z "${BENCH_VERBOSE-}" ] || cat $out/soak.last
    progress "soak: $(cat $out/soak.last)"
}

# third COLUMN 2|3: the middle of that third of the samples
third() {
    tail -n +2 $out/soak.samples | awk -v c="$1" -v t="$2" '
        {v[NR] = $c}
        END {for (i = int(NR * (t - 1) / 3) + 1; i <= int(NR * t / 3); i++)
            print v[i]}' | median
}

# flat NAME COLUMN UNIT SHARE PLUS
flat() {
    local second third bound
    second=$(third "$2" 2)
    third=$(third "$2" 3)
    [[ $second && $third ]] || die 'soak: too few samples'
    bound=$(calculate "$second * (1 + $4) + $5" 2)
    result "soak: $1, last third" "$third" "$3" floor="$second" \
        aim="<= $bound" note="floor: second third; first sample $(sed -n 2p \
            $out/soak.samples | cut -d ' ' -f "$2")"
    awk "BEGIN {exit !($third <= $bound)}" ||
        fail_later "soak: $1 is not flat: $second, then $third"
}

judge_soak() {
    [ "$(wc -l <$out/soak.samples)" -ge 7 ] ||
        die 'soak: fewer than six samples; give it more BENCH_MINUTES'
    flat 'memory of fotad' 2 MB 0.05 4
    flat 'open files' 3 files 0 4
    flat 'database connections' 4 conn. 0 2
    flat 'median of a page' 5 ms 0.5 5
    flat 'p99 of a page' 6 ms 0.5 5
    result 'soak: messages confirmed' "$(tail -n 1 $out/soak.samples |
        cut -d ' ' -f 7)" messages note="in $minutes minutes"
    wait_until 120 "not exists (select from alert)"
    [ "$(ask "select count(*) from tracking where status
        not in ('FIRMWARE_ACTIVATED', 'REJECTED_BY_DSP')")" -le \
        $((soak_devices * 2)) ] || die 'soak: devices were left on the way'
}
