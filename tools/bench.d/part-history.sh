# shellcheck shell=bash
# The history of a device in an audit trail of seven years: 100 million entries
# in 2,555 days, and what its update was at a moment. Floor: as many entries by
# an index, in one table without days.

bench_history() {
    local main=$database
    use_database fotad_bench_history
    if [ "$(cat $out/history.made 2>/dev/null)" != "$(history_marker)" ] ||
        ! sql -c 'select 1' >/dev/null 2>&1; then
        make_years
    fi
    time_histories
    use_database "$main"
}

history_marker() { echo "$scale $(schema_hash $here/years.sql)"; }

make_years() {
    progress 'history: a trail of seven years, made once'
    create_database
    sql -v entries=$((100000000 * scale / 100)) -f $here/years.sql \
        >$out/years.log 2>&1 ||
        die "history: it was not made: $(tail -n 3 $out/years.log)"
    history_marker >$out/history.made
}

# time_history NAME FUNCTION FLOOR NOTE: of 300 devices, one after another
time_history() {
    progress "$1"
    ask "select ms from time_histories('$2', 300)" >$out/history.times
    numbers 300 $out/history.times
    result "$1: median" "$(median <$out/history.times)" ms floor="$3" \
        aim='<= 100' \
        note="$4p99 $(percentile 99 <$out/history.times | tidy) ms, most $(percentile \
            100 <$out/history.times | tidy) ms"
}

time_histories() {
    local floor entries
    entries=$(ask "select reltuples::bigint from pg_class where relname = 'one_table'")
    ask "select ms from time_histories('floor', 300)" >$out/history.times
    numbers 300 $out/history.times
    floor=$(median <$out/history.times)
    time_history 'history of a device' history "$floor" \
        "$(thousands "$((100000000 * scale / 100))") entries, 2,555 days; floor: an index of one table of $(thousands "$entries"); "
    time_history 'state of a device at a moment' state "$floor" ''
}
