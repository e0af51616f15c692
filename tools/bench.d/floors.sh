# shellcheck shell=bash
# What the same work takes with nothing of fotad around it.

# ---- PostgreSQL ----

pgbench_path() { find /usr/lib/postgresql -name pgbench | sort -V | tail -n 1; }
run_pgbench() {
    PGHOST=$pgdir PGUSER=fotad "$(pgbench_path)" "$@" "$database"
}
# simple_update CONNECTIONS: transactions a second at the same durability
simple_update() {
    local got
    if [ -z "$(ask "select to_regclass('pgbench_accounts')")" ]; then
        run_pgbench -q -i -s 20 >$out/pgbench.log 2>&1 ||
            die "pgbench: $(tail -n 3 $out/pgbench.log)"
    fi
    got=$(run_pgbench -n -b simple-update -c "$1" -j 2 -T 8 2>$out/pgbench.log |
        sed -n 's/^tps = \([0-9.]*\).*/\1/p')
    [ -n "$got" ] || die "pgbench: $(tail -n 3 $out/pgbench.log)"
    calculate "$got" 0
}

# dump_rows NAME QUERY: rows for copy_rows, as COPY has them
dump_rows() { sql -c "\\copy ($2) to '$out/rows-$1'"; }

# like_table NAME TABLE: an empty table with TABLE's columns and indexes
like_table() {
    sql -c 'set client_min_messages = warning' \
        -c "drop table if exists bench_$1" \
        -c "create table bench_$1 (like $2 including defaults
            including indexes including storage including identity)"
}

# copy_rows [NAME:TABLE...]: milliseconds to COPY dumped rows into tables like
# those they came from, in one transaction
copy_rows() {
    local pair began commands=()
    for pair; do
        like_table "${pair%:*}" "${pair#*:}"
        commands+=(-c "\\copy bench_${pair%:*} from '$out/rows-${pair%:*}'")
    done
    began=$(now)
    sql -1 "${commands[@]}"
    milliseconds_since "$began"
    for pair; do sql -c "drop table bench_${pair%:*}"; done
}

# copy_rate COUNT NAME:TABLE...: messages a second, the middle of three
copy_rate() {
    local i count=$1
    shift
    for i in 1 2 3; do
        copy_rows "$@"
        echo
    done | median | awk -v n="$count" '{printf "%.0f", n * 1000 / $1}'
}

# ---- XML ----

# parse_floor FILE: milliseconds of libxml2's own tool to parse and validate,
# without its start and the compilation of the schema; the middle of five
parse_floor() {
    local i
    for i in 1 2 3 4 5; do
        xmllint --nonet --huge --noout --timing \
            --schema schemas/duis-request.xsd "$1" 2>&1 |
            awk '/^(Parsing|Validating) .*took/ {t += $(NF - 1)}
                END {print t + 0}'
    done | median
}

# verify_floor FILE: milliseconds of xmlsec1 to verify its signature, without
# its start: ten times against once
verify_floor() {
    local i args
    args=(--verify --pubkey-cert-pem
        "$pki/certificates/supplier-$(owner_of "$2")-xml-sign.pem")
    for i in 1 2 3; do
        local began once
        began=$(now)
        xmlsec1 "${args[@]}" "$1" >/dev/null 2>$out/xmlsec.log ||
            die "xmlsec1 does not verify our request: $(cat $out/xmlsec.log)"
        once=$(milliseconds_since "$began")
        began=$(now)
        xmlsec1 "${args[@]}" --repeat 9 "$1" >/dev/null 2>&1 || true
        calculate "($(milliseconds_since "$began") - $once) / 8"
        echo
    done | median
}

# ---- signing, verifying, posting ----

# Messages that the Users were sent in this run.
samples() {
    local files=("$out"/users/sample-*.xml)
    [ -e "${files[0]}" ] || die "$part: the Users have no message"
    printf '%s\n' "${files[@]}"
}

# sign_rate COUNT: signatures a second of our own messages on all cores
sign_rate() {
    samples | xargs $bin/fotasim sign --count "$1" --threads "$(nproc)" \
        --key "$pki/keys/dsp-xml-sign.key" \
        --certificate "$pki/certificates/dsp-xml-sign.pem" |
        field per_second | awk '{printf "%.0f", $1}'
}

# post_rate COUNT CONNECTIONS: the same octets, over as many connections, to a
# receiver that only counts
post_rate() {
    local n repeat
    n=$(samples | wc -l)
    repeat=$((($1 + n - 1) / n))
    $bin/fotasim user --listen "127.0.0.1:$bare_port" --check no \
        >$out/bare.log 2>&1 &
    local bare=$!
    await_port "$bare_port"
    samples | xargs $bin/fotasim load --connections "$2" --repeat $repeat \
        --url "http://127.0.0.1:$bare_port/user/$(supplier 1)" \
        >$out/bare.json || die "$part: the bare receiver: $(cat $out/bare.json)"
    kill $bare
    wait $bare || true
    field per_second <$out/bare.json | awk '{printf "%.0f", $1}'
}

# verify_rate: ECDSA P-256 verifications a second on all cores
verify_rate() {
    openssl speed -seconds 3 -multi "$(nproc)" ecdsap256 2>/dev/null |
        awk '/nistp256/ {printf "%.0f", $NF}'
}
