# shellcheck shell=bash
# The same request of 50,000 devices against inventories of 2, 20 and 60 million
# devices, as far as the disk allows: nothing may grow but index depth.

bench_growth() {
    local size first='' main=$homes median
    # shellcheck source=/dev/null
    . $here/part-accept.sh
    for size in ${BENCH_SIZES-400000 4000000 12000000}; do
        is_number "$size" || die "BENCH_SIZES has no number: '$size'"
        set_estate "$size"
        start_world silent
        accept_size "$most" "accept $(thousands "$most") of \
$(ask 'select round(reltuples / 1e6) from pg_class
            where relname = '\''smi_device'\''') million"
        median=$(median <$out/accept.times)
        first=${first:-$median}
        result "growth from the smallest to $((size * 5 / 1000000)) million" \
            "$(calculate "$median / $first" 2)" times 'aim=<= 1.3' \
            note="median $median ms, memory of fotad $(memory_of \
                "$fotad_pid" VmHWM) MB"
        stop_world
    done
    set_estate "$main"
}
