# shellcheck shell=bash
# The service audit trail against its seals: 10 million entries, from the
# database and from an export alone. Floor: SHA-256 over as many octets.

bench_trail() {
    local main=$database
    use_made trail trail.sql 10000000
    verify_trail
    use_database "$main"
}

# time_trail NAME FLOOR NOTE COMMAND...: three times, the middle one
time_trail() {
    local i began
    for i in 1 2 3; do
        progress "$1: $i of 3"
        began=$(now)
        "${@:4}" >$out/trail.said || die "$1: $(tail -n 3 $out/trail.said)"
        grep -q "$(ask 'select sum(entries) from sat_seal') entries" \
            $out/trail.said || die "$1: $(head -n 3 $out/trail.said)"
        seconds_since "$began"
        echo
    done >$out/trail.times
    numbers 3 $out/trail.times
    result "$1" "$(median <$out/trail.times)" s floor="$2" aim='<= 60' \
        spread="$(spread <$out/trail.times)" note="$3"
}

verify_trail() {
    local i began floor octets entries
    fotactl sat export --sealed >$out/trail.export
    octets=$(stat -c %s $out/trail.export)
    entries=$(ask 'select count(*) from sat_entry')
    for i in 1 2 3; do
        began=$(now)
        openssl dgst -sha256 $out/trail.export >$out/trail.said
        seconds_since "$began"
        echo
    done >$out/trail.times
    numbers 3 $out/trail.times
    floor=$(median <$out/trail.times)
    time_trail 'trail verified from an export' "$floor" \
        "$(thousands "$entries") entries, $((octets / 1000000)) MB; floor: SHA-256 over the file" \
        $bin/fotaverify $out/trail.export
    time_trail 'trail verified from the database' "$floor" '' fotactl sat verify
    rm $out/trail.export
}
