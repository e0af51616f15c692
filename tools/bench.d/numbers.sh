# shellcheck shell=bash
# What tools/bench says and reckons with.

die() {
    printf '\ntools/bench: %s\n' "$*" >&2
    if [ -n "${fotad_pid-}" ] && ! kill -0 "$fotad_pid" 2>/dev/null; then
        printf 'fotad is gone; its log ends with:\n%s\n' \
            "$(tail -n 5 $out/fotad.log)" >&2
    fi
    exit 1
}
# Says where we are: over itself on a terminal. Not on stdout, which loops
# gather figures from.
progress() {
    if [ -t 2 ]; then
        printf '\r\033[K  ... %s' "$*" >&2
    elif [ -n "${BENCH_VERBOSE-}" ]; then
        printf '  ... %s\n' "$*" >&2
    fi
}
clear_progress() { if [ -t 2 ]; then printf '\r\033[K' >&2; fi; }

milliseconds_since() {
    awk -v ns=$(($(now) - $1)) 'BEGIN {printf "%.1f", ns / 1e6}'
}

calculate() { awk "BEGIN {printf \"%.${2-1}f\", $1}"; }
# The rate of several steps one after another: 1 / (1/a + 1/b + ...)
one_after_another() {
    awk 'BEGIN {for (i = 1; i < ARGC; i++) t += 1 / ARGV[i]
        printf "%.0f", 1 / t}' "$@"
}
# percentile P: of the numbers on stdin
percentile() {
    sort -g | awk -v p="$1" '{v[NR] = $1} END {
        i = int(NR * p / 100 + 0.9999); print v[i < 1 ? 1 : i]}'
}
median() { percentile 50; }
# 50000: 50,000
thousands() { sed ':a;s/\B[0-9]\{3\}\>/,&/;ta' <<<"$1"; }
# A number with as many digits as are of use.
tidy() {
    awk '{
        if ($1 >= 100 || $1 == int($1)) printf "%.0f\n", $1
        else printf($1 >= 10 ? "%.1f\n" : "%.2f\n", $1)}'
}
# Of the numbers on stdin: "first to last"; nothing when there is one.
spread() {
    sort -g | tidy | awk '{v[NR] = $1} END {
        if (NR > 1) printf "%s to %s", v[1], v[NR]}'
}
# field NAME: of JSON lines on stdin, one number a line
field() { sed -n "s/.*\"$1\": *\([0-9.]*\).*/\1/p"; }

# numbers N FILE: dies unless the file has N numbers, and nothing else
numbers() {
    [[ $(grep -cE '^[0-9.]+$' "$2") = "$1" && $(wc -l <"$2") = "$1" ]] ||
        die "$part: $1 figures were expected, and there are: $(head -c 400 "$2")"
}

# Seconds that a process has had of the processors, with its ended children.
cpu_of() {
    sed 's/.*) //' "/proc/$1/stat" | awk -v hz="$(getconf CLK_TCK)" '{
        printf "%.2f", ($12 + $13 + $14 + $15) / hz}'
}
