# shellcheck shell=bash
# Imports into an empty database: what fotactl takes from its files, every field
# checked. Floor: COPY of the resulting rows into a like table with its indexes.

bench_imports() {
    local main=$database devices=$((100000 * scale / 100))
    use_database fotad_bench_imports
    create_database
    rm -rf $out/imports && mkdir -p $out/imports
    $bin/fotasim estate $out/imports --homes $((devices + 1000)) >/dev/null
    import_floor cpl cpl_entry large_cpl
    import_floor users service_user cp $out/imports/users.csv
    import_floor smi smi_device cp $out/imports/smi.csv
    import_certificates
    rm -rf $out/imports
    tools/pg psql bench -d postgres -c "drop database $database with (force)"
    use_database "$main"
}

# A CPL of 50,000 entries: the sample's, again under other models.
large_cpl() {
    awk -F , -v OFS=, -v most=$((50000 * scale / 100)) '
        NR == 1 {print; next}
        {line[++n] = $0}
        END {
            for (i = 0; i < most; i++) {
                split(line[i % n + 1], f, ",")
                f[1] = "CPL" i
                f[4] = sprintf("%04X", int(i / n) + 4096)
                row = f[1]
                for (k = 2; k <= 9; k++) row = row "," f[k]
                print row
            }
        }' $out/imports/cpl.csv >"$1"
}

# import_floor WHAT TABLE MAKE [ARGUMENT]: three times into the empty table
import_floor() {
    local i began count floor file=$out/imports/$1-import.csv
    "${@:3}" "$file"
    for i in 1 2 3; do
        progress "import $1: $i of 3"
        sql -c "truncate $2 cascade"
        began=$(now)
        fotactl import "$1" --replace "$file" >$out/import.log
        seconds_since "$began"
        echo
    done >$out/import.times
    numbers 3 $out/import.times
    count=$(ask "select count(*) from $2")
    [ "$count" -ge $(($(wc -l <"$file") - 1)) ] ||
        die "imports: $count rows of $1 came of $(wc -l <"$file") lines"
    [ "$count" -ge 1000 ] || return 0 # too few to time
    progress "import $1: its floor"
    dump_rows import "select * from $2"
    floor=$(copy_rate "$count" "import:$2")
    import_row "$1" "$count" "$floor"
}

# import_row WHAT COUNT FLOOR
import_row() {
    awk -v n="$2" '{printf "%.0f\n", n / $1}' $out/import.times \
        >$out/import.rates
    result "import of $1" "$(median <$out/import.rates)" rows/s floor="$3" \
        spread="$(spread <$out/import.rates)" \
        note="$(thousands "$2") rows; floor: COPY into a like table with its indexes"
}

# Those of 15,000 devices and their hubs.
import_certificates() {
    local i began count
    mkdir $out/imports/certificates
    find "$pki/certificates" -name 'listed-00*.pem' | sort |
        sed -n 1,15p | xargs cp -t $out/imports/certificates
    for i in 1 2 3; do
        progress "import certificates: $i of 3"
        sql -c 'truncate certificate cascade'
        began=$(now)
        fotactl import certificates --replace $out/imports/certificates \
            >$out/import.log
        seconds_since "$began"
        echo
    done >$out/import.times
    numbers 3 $out/import.times
    count=$(ask 'select count(*) from certificate')
    [ "$count" -gt 1000 ] || die "imports: only $count certificates came"
    dump_rows import 'select * from certificate'
    import_row certificates "$count" "$(copy_rate "$count" import:certificate)"
}
