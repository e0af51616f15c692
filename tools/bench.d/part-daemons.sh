# shellcheck shell=bash
# Whole lives with one fotad and with two on the same database, each for one of
# the CSPs: do they share the work, and what does sharing cost? They have the
# same cores, so two can be no faster, only as fast.

# shellcheck source=/dev/null
. $here/part-life.sh

bench_daemons() {
    local fotads i
    : >$out/daemons.shares
    for fotads in 1 2; do
        : >$out/life.rates
        : >$out/life.cpu
        : >$out/life.alerts
        for i in 1 2 3; do
            progress "daemons: $fotads of them, $i of 3"
            south_fotad=127.0.0.$fotads
            start_world alive
            [ $fotads = 1 ] || start_second
            life_once
            [ $fotads = 1 ] || note_shares
            stop_second
            stop_world
        done
        cp $out/life.rates $out/daemons.$fotads
        cut -d ' ' -f 2 $out/life.cpu | median >$out/daemons.pg.$fotads
    done
    south_fotad=127.0.0.1
    result "$(thousands "$most") lives with two fotads" \
        "$(median <$out/daemons.2)" 1/s floor="$(median <$out/daemons.1)" \
        spread="$(spread <$out/daemons.2)" \
        note="devices a second; floor: one fotad, $(spread <$out/daemons.1)"
    result 'of their messages to Users, by the one with less' \
        "$(median <$out/daemons.shares)" % \
        spread="$(spread <$out/daemons.shares)" \
        note="processor time of PostgreSQL: $(cat $out/daemons.pg.2) s, with \
one fotad $(cat $out/daemons.pg.1) s"
}

# At another address of this machine; the CSP South talks to it.
second_pid=
start_second() {
    sed 's/^listen = 127.0.0.1:/listen = 127.0.0.2:/' \
        $out/fotad.conf >$out/second.conf
    $bin/fotad --config $out/second.conf >$out/second.log 2>&1 &
    second_pid=$!
    emulators+=("$second_pid") # ended with them, however the bench ends
    await_ready 127.0.0.2 "$second_pid" $out/second.log
}

stop_second() {
    [ -n "$second_pid" ] || return 0
    kill -TERM $second_pid
    wait $second_pid || die "$part: the second fotad ended with status $?"
    second_pid=
}

# messages_of ADDRESS: that this fotad's Users have confirmed
messages_of() {
    curl -sf "http://$1:$operations_port/metrics" |
        awk '/^fotad_user_messages_total\{.*"confirmed"/ {t += $2}
            END {printf "%.0f", t}'
}

note_shares() {
    local one two
    one=$(messages_of 127.0.0.1) two=$(messages_of 127.0.0.2)
    awk -v a="$one" -v b="$two" 'BEGIN {
        if (a + b == 0) exit 1
        printf "%.0f\n", 100 * (a < b ? a : b) / (a + b)}' >>$out/daemons.shares ||
        die "$part: nobody has told a User anything"
}
