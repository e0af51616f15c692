# shellcheck shell=bash
# The table of figures: on the screen, build/bench.json and build/bench.svg.
# Each part keeps its rows in a file, so that a part measured alone replaces its
# own and leaves the others.

rows=build/bench/rows

begin_figures() {
    mkdir -p $rows
    [ "$1" != 0 ] || rm -f $rows/*
    : >build/bench/peaks
    say
    printf '  %-47s %10s %-7s %10s %6s  %s\n' measurement figure unit floor \
        ratio spread
}

begin_part() {
    part=$1
    part_began=$(now)
    : >"$rows/$part.new"
    progress "$part"
}

end_part() {
    stop_world
    [ -s "$rows/$part.new" ] || die "$part gave no figure"
    mv "$rows/$part.new" "$rows/$part"
    clear_progress
    say "    $part: $(calculate "$(seconds_since "$part_began")" 0) s"
}

# result NAME FIGURE UNIT [floor=N] [aim='<= N'|'>= N'|'ratio <= N'|...]
#     [spread=TEXT] [note=TEXT]
# The ratio is figure / floor. For a rate more is better, otherwise less.
result() {
    local name=$1 figure=$2 unit=$3 floor='' aim='' spread='' note='' ratio=''
    local met=null subject bound word
    shift 3
    for word; do
        case $word in
        floor=* | aim=* | spread=* | note=*) local "$word" ;;
        *) die "result: what is $word?" ;;
        esac
    done
    [[ $figure =~ ^[0-9]+(\.[0-9]+)?$ && ${floor:-0} =~ ^[0-9]+(\.[0-9]+)?$ ]] ||
        die "$part: no figure for $name: '$figure', floor '$floor'"
    figure=$(tidy <<<"$figure")
    [ -z "$floor" ] || floor=$(tidy <<<"$floor")
    [ -z "$floor" ] || ratio=$(awk -v a="$figure" -v b="$floor" 'BEGIN {
        if (b > 0) printf "%.2f", a / b}')
    if [ -n "$aim" ]; then
        subject=$figure bound=$aim
        case $aim in ratio*) subject=$ratio bound=${aim#ratio } ;; esac
        met=$(awk "BEGIN {print ($subject $bound) ? \"true\" : \"false\"}")
    fi
    jq_row "$name" "$figure" "$unit" "$floor" "$ratio" "$spread" "$aim" \
        "$met" "$note" >>"$rows/$part.new"
    clear_progress
    printf '  %-47s %10s %-7s %10s %6s  %s%s\n' "$name" "$figure" "$unit" \
        "${floor:--}" "${ratio:--}" "$spread" \
        "$(case $met in false) echo "  (aim: $aim)" ;; esac)"
    [ -z "$note" ] || printf '      %s\n' "$note"
}

json_text() {
    local text=${1//\\/\\\\}
    printf '"%s"' "${text//\"/\\\"}"
}

# One line; no value has a line break.
jq_row() {
    printf '{"part": "%s", "name": %s, "figure": %s, "unit": "%s", ' "$part" \
        "$(json_text "$1")" "$2" "$3"
    printf '"floor": %s, "ratio": %s, "spread": %s, "aim": %s, "met": %s, ' \
        "${4:-null}" "${5:-null}" "$(json_text "$6")" "$(json_text "$7")" "$8"
    printf '"note": %s, "measured": "%s"}\n' "$(json_text "$9")" \
        "$(date -u +%FT%TZ)"
}

machine() {
    local memory model pages=false
    memory=$(awk '/^MemTotal/ {printf "%.0f", $2 / 1048576}' /proc/meminfo)
    model=$(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -n 1)
    printf '"cores": %s, "processor": %s, "memory_gb": %s, ' "$(nproc)" \
        "$(json_text "$model")" "$memory"
    ! grep -q 'anon_hugepage' "/proc/$(head -n 1 \
        "$pgdir/data/postmaster.pid")/maps" 2>/dev/null || pages=true
    printf '"kernel": %s, "postgresql": %s, "huge_pages": %s' \
        "$(json_text "$(uname -r)")" \
        "$(json_text "$(ask 'show server_version')")" "$pages"
}

finish() {
    local p all=''
    for p in $all_parts growth daemons soak; do
        [ ! -s "$rows/$p" ] || all+="$(sed 's/^/    /; s/$/,/' "$rows/$p")"$'\n'
    done
    cat >build/bench.json <<END
{
  "homes": $homes,
  "scale": $scale,
  "machine": {$(machine)},
  "measurements": [
${all%,*}
  ]
}
END
    awk -f $here/json.awk -f $here/chart.awk build/bench.json >build/bench.svg
    say
    say 'Written to build/bench.json and build/bench.svg.'
    [ -z "$failure" ] || die "$failure"
}

# A finding that does not stop the other parts but fails the run.
failure=
fail_later() { failure=$1; }

print_markdown() {
    [ -s build/bench.json ] || die 'nothing was measured yet: run make bench'
    awk -f $here/json.awk -f $here/markdown.awk build/bench.json
}
