# shellcheck shell=bash
# A whole life: one request of 50,000 devices, from its first octet to where
# every device runs its firmware and every message is confirmed. The CSPs, hubs,
# devices (which sign) and Users are emulated on the same cores.

bench_life() {
    local i
    : >$out/life.rates
    : >$out/life.cpu
    : >$out/life.alerts
    : >$out/life.peaks
    for i in 1 2 3; do
        progress "life: $i of 3"
        start_world alive
        life_once
        stop_world
        echo "$peak" >>$out/life.peaks
    done
    local name
    name="$(thousands "$most") lives"
    result "$name, POST to last message confirmed" \
        "$(median <$out/life.rates)" 1/s spread="$(spread <$out/life.rates)" \
        'aim=>= 1500' note="devices a second; $(median <$out/life.alerts) \
messages to Users each time"
    result "$name: processor time of fotad" \
        "$(cut -d ' ' -f 1 $out/life.cpu | median)" s \
        spread="$(cut -d ' ' -f 1 $out/life.cpu | spread)"
    result "$name: processor time of PostgreSQL" \
        "$(cut -d ' ' -f 2 $out/life.cpu | median)" s \
        spread="$(cut -d ' ' -f 2 $out/life.cpu | spread)" \
        note="emulators: $(cut -d ' ' -f 3 $out/life.cpu | median) s"
    result "$name: memory of fotad, peak" \
        "$(percentile 100 <$out/life.peaks)" MB 'aim=<= 256'
    result "$name: memory of PostgreSQL, peak" \
        "$(percentile 100 <$out/life.pg)" MB \
        note='private memory of all its processes, without shared_buffers'
}

life_once() {
    local began fotad_cpu pg_cpu sim_cpu done_devices sampler
    forget
    write_request 1 "$most" $out/life.xml
    fotad_cpu=$(cpu_of "$fotad_pid") pg_cpu=$(pg_cpu) sim_cpu=$(sim_cpu)
    sample_pg &
    sampler=$!
    began=$(now)
    post $out/life.xml >/dev/null
    wait_until 900 'not exists (select from tracking_live)
        and not exists (select from alert)'
    calculate "$most / $(seconds_since "$began")" 0 >>$out/life.rates
    echo >>$out/life.rates
    kill $sampler 2>/dev/null || true
    wait $sampler 2>/dev/null || true
    printf '%s %s %s\n' "$(calculate "$(cpu_of "$fotad_pid") - $fotad_cpu" 2)" \
        "$(calculate "$(pg_cpu) - $pg_cpu" 2)" \
        "$(calculate "$(sim_cpu) - $sim_cpu" 2)" >>$out/life.cpu
    done_devices=$(ask "select count(*) from tracking_history
        where status = 'FIRMWARE_ACTIVATED'")
    [ "$done_devices" = "$most" ] ||
        die "$part: $done_devices of $most devices run their firmware: $(ask \
            'select status, count(*) from tracking group by 1')"
    ask "select count(*) from sat_entry where kind = 'delivered'" \
        >>$out/life.alerts
}

pg_pids() {
    local main
    main=$(head -n 1 "$pgdir/data/postmaster.pid")
    echo "$main $(cat "/proc/$main/task/$main/children")"
}
# Of its main process and all others, those that have ended included.
pg_cpu() {
    local pid
    for pid in $(pg_pids); do
        cpu_of "$pid" 2>/dev/null || true
        echo
    done | awk '{t += $1} END {printf "%.2f", t}'
}
sim_cpu() {
    local pid
    for pid in "${emulators[@]}"; do
        cpu_of "$pid"
        echo
    done | awk '{t += $1} END {printf "%.2f", t}'
}

# Once a second, the most so far.
sample_pg() {
    local most_so_far=0 rss pid
    while :; do
        rss=$(for pid in $(pg_pids); do
            awk '$1 == "RssAnon:" {print $2}' "/proc/$pid/status" 2>/dev/null ||
                true
        done | awk '{t += $1} END {printf "%.0f", t / 1024}')
        [ "$rss" -le "$most_so_far" ] || most_so_far=$rss
        echo "$most_so_far" >$out/life.pg
        sleep 1
    done
}
