# shellcheck shell=bash
# The history of a device in an audit trail of seven years: 100 million entries
# in 2,555 days, and what its update was at a moment. Floor: as many entries by
# an index, in one table without days.

bench_history() {
    local main=$database
    use_made history years.sql 100000000
    time_histories
    use_database "$main"
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
