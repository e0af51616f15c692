# shellcheck shell=bash
# A campaign's N61 to its supplier: composed, signed, delivered and confirmed,
# each answered by the User and settled in the database.
# Floor: signing the same messages, COPY of the same rows into a like table, and
# a bare POST of the same octets over as many connections, one after another.

delivery_connections=8 # [delivery] connections, to one User

bench_alerts() {
    local i sign copy bare floor began cpu
    : >$out/alerts.cpu
    start_world silent
    for i in 1 2 3; do
        progress "alerts: $i of 3"
        begin_campaign held
        delivered 1 "$most" 10000
        tell_all >/dev/null
        [ "$i" != 1 ] || dump_alerts
        began=$(now)
        cpu=$(cpu_of "$fotad_pid")
        release_users
        all_delivered "$most"
        calculate "($(cpu_of "$fotad_pid") - $cpu) * 1e6 / $most" 1 >>$out/alerts.cpu
        echo >>$out/alerts.cpu
        calculate "$most / $(seconds_since "$began")" 0
        echo
    done >$out/delivered.rates
    numbers 3 $out/delivered.rates
    progress 'alerts: the floors'
    sign=$(sign_rate "$most")
    copy=$(copy_rate "$most" alert:alert)
    bare=$(post_rate "$most" $delivery_connections)
    floor=$(one_after_another "$sign" "$copy" "$bare")
    result 'alerts delivered and confirmed' "$(median <$out/delivered.rates)" \
        1/s floor="$floor" spread="$(spread <$out/delivered.rates)" \
        'aim=ratio >= 0.5' \
        note="a second: signing $sign, COPY $copy, bare POST $bare"
    numbers 3 $out/alerts.cpu
    result "processor time of fotad for each" "$(median <$out/alerts.cpu)" us \
        spread="$(spread <$out/alerts.cpu)" note='signing and delivering'
    alerts_tail "$floor"
}

dump_alerts() {
    [ "$(ask "select count(*) from alert where code = 'N61'")" = "$most" ] ||
        die "$part: there are no $most N61"
    dump_rows alert "select * from alert where code = 'N61'"
}

# all_delivered COUNT: every message is confirmed, and there were so many
all_delivered() {
    local got
    wait_until 3000 'not exists (select from alert)'
    got=$(ask "select count(*) from sat_entry
        where kind = 'delivered' and code = 'N61'")
    [ "$got" = "$1" ] || die "$part: $got of $1 N61 were confirmed"
}

# Everything at once: notifications come in while the Users are told.
alerts_tail() {
    local i began last
    : >$out/whole.rates
    for i in 1 2 3; do
        progress "from notification to N61: $i of 3"
        begin_campaign
        wait_until 300 'not exists (select from alert)'
        delivered 1 "$most" 500
        began=$(now)
        tell_all >/dev/null
        last=$(now)
        all_delivered "$most"
        seconds_since "$last"
        echo
        calculate "$most / $(seconds_since "$began")" 0 >>$out/whole.rates
        echo >>$out/whole.rates
    done >$out/tail.times
    numbers 3 $out/tail.times
    result "$(thousands "$most") N61: last notification to last confirmed" \
        "$(median <$out/tail.times)" s spread="$(spread <$out/tail.times)" \
        'aim=<= 15' note='in batches of 500; the Users told meanwhile'
    result 'the same from the first notification on' \
        "$(median <$out/whole.rates)" 1/s floor="$1" \
        spread="$(spread <$out/whole.rates)" \
        note='floor: that of alerts; here the notifications are in the figure'
}
