# shellcheck shell=bash
# The most resident memory that fotad had in any of the parts before.

bench_memory() {
    [ -s $out/peaks ] || die 'memory goes with other parts'
    result 'memory of fotad, most of all parts' \
        "$(percentile 100 <$out/peaks)" MB 'aim=<= 256' \
        note="VmHWM of $(wc -l <$out/peaks) runs of fotad"
}
