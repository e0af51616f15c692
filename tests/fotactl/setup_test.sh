#!/bin/sh
# fotactl setup on an empty PostgreSQL of its own: what it makes, what it says is
# missing, that it may be run again, and that fotad starts on a trial. TAP.
set -u
cd "$(dirname "$0")/../.." || exit 1
here=$PWD
# shellcheck source=tools/lib/postgres.sh
. tools/lib/postgres.sh
if [ -z "$pg_bin" ] || [ ! -x build/release/fotasim ]; then
    echo '1..0 # SKIP there is no PostgreSQL, or no release build'
    exit
fi
PATH=$here/build/release:$PATH
dir=$(as_owner mktemp -d /var/tmp/fotad-setup-XXXXXX)
own=$(mktemp -d)
fotad=
end() {
    if [ -n "$fotad" ]; then
        kill "$fotad"
        wait "$fotad"
    fi
    postgres_stop "$dir/data" immediate
    as_owner rm -rf "$dir"
    rm -rf "$own"
}
trap end EXIT
postgres_make "$dir/data" --username=postgres
postgres_start "$dir/data" "$dir/log" -c "unix_socket_directories=$dir" \
    -c listen_addresses= || exit 1
port=$((20000 + $$ % 10000))
cat >"$own/fotad.conf" <<END
[database]
conninfo = host=$dir dbname=an_estate user=fotad
migrate = no
[identity]
xml_signing_key = $own/xml-sign.key
xml_signing_certificate = $own/xml-sign.pem
key_agreement_key = $own/ka.key
[user_gateway]
listen = 127.0.0.1:$port
[csp_gateway]
listen = 127.0.0.1:$((port + 1))
[people]
listen = 127.0.0.1:$((port + 2))
[operations]
listen = 127.0.0.1:$((port + 3))
END

echo 1..9
number=0
check() {
    number=$((number + 1))
    what=$1
    shift
    if "$@" >"$own/said" 2>&1; then echo "ok $number - $what"; else
        sed 's/^/# /' "$own/said" "$own/out"
        echo "not ok $number - $what"
    fi
}
setup() {
    fotactl --config "$own/fotad.conf" setup --admin "host=$dir user=postgres" \
        "$@" >"$own/out" 2>&1
}
ask() { psql -XqAt -h "$dir" -U postgres -d "${2-an_estate}" -c "$1"; }
says() { grep -qF "$1" "$own/out"; }

makes_it() {
    setup && says 'The database an_estate was made' &&
        [ "$(ask "select count(*) from pg_roles where rolname ~ '^fotad'")" = 4 ] &&
        [ "$(ask "select string_agg(distinct tableowner, '')
            from pg_tables where schemaname = 'public'")" = fotad_owner ] &&
        [ "$(ask "select pg_has_role('fotad', 'fotad_daemon', 'member')")" = t ]
}
# docs/operations.md, Roles, as it stands there, makes the same
roles="select string_agg(concat_ws(' ', rolname, rolcanlogin, rolinherit, rolsuper,
    rolcreatedb, rolcreaterole, array(select roleid::regrole from pg_auth_members
    where member = r.oid)), ', ' order by rolname) from pg_roles r where rolname ~ '^fotad'"
databases="select concat_ws(' ', datdba::regrole, encoding, datcollate, datacl)
    from pg_database where datname ="
is_as_the_document_says() {
    made="$(ask "$roles") $(ask "$databases 'an_estate'")"
    for thing in 'database an_estate' 'role fotad' 'role fotad_owner' 'role fotad_daemon' \
        'role fotad_reader'; do
        ask "drop $thing" postgres || return 1
    done
    sed -n '/^## Roles/,/^.fotactl migrate/s/^    //p' docs/operations.md >"$own/roles.sql"
    psql -Xq -v ON_ERROR_STOP=1 -h "$dir" -U postgres -d postgres -f "$own/roles.sql" &&
        ask 'alter database fotad rename to an_estate' postgres || return 1
    written="$(ask "$roles") $(ask "$databases 'an_estate'")"
    echo "$made / $written"
    [ "$made" = "$written" ] && setup && says 'The database an_estate is there'
}
# each once
says_what_is_missing() {
    [ "$(grep -c '^Missing: ' "$own/out")" = 8 ] && says 'fotactl import smi' &&
        says 'xml_signing_certificate' && says 'a [csp NAME] section'
}
may_be_run_again() {
    setup && says 'The database an_estate is there' && says 'is up to date'
}
makes_a_trial() {
    setup --trial "$own/trial" && says 'Nothing is missing' &&
        [ "$(stat -c %a "$own/xml-sign.key")" != 644 ] &&
        [ "$(ask 'select count(*) > 100 from smi_device')" = t ] &&
        fotad --config "$own/fotad.conf" --check-config
}
# The example that the package brings has their sections, without tokens.
fills_the_example() {
    fotad --default-config | sed "s|/etc/fotad|$own|" >"$own/example"
    cp "$own/example" "$own/filled"
    fotactl --config "$own/filled" setup --admin "host=$dir user=postgres" \
        --trial "$own/trial" || return 1
    diff "$own/example" "$own/filled" >"$own/diff"
    [ "$(grep -cE '^> (inbound_)?token = (to|from)-(north|south)$' "$own/diff")" = 4 ] &&
        [ "$(grep -cE '^< (inbound_)?token =$' "$own/diff")" = 4 ] &&
        [ "$(grep -c '^[<>]' "$own/diff")" = 8 ]
}
# keys and sections that are there stay
leaves_what_is_there() {
    sum=$(cat "$own"/*.key "$own/fotad.conf" | sha256sum)
    setup --trial "$own/trial" &&
        [ "$(cat "$own"/*.key "$own/fotad.conf" | sha256sum)" = "$sum" ]
}
is_ready() {
    "$here/build/release/fotad" --config "$own/fotad.conf" >"$own/log" 2>&1 &
    fotad=$!
    tries=0
    until curl -sf "http://127.0.0.1:$((port + 3))/readyz"; do
        tries=$((tries + 1))
        [ $tries -lt 100 ] || { cat "$own/log"; return 1; }
        sleep 0.1
    done
}
# another than the superuser is told so
refuses() {
    ! fotactl --config "$own/fotad.conf" setup --admin "host=$dir user=fotad_reader" \
        >"$own/out" 2>&1 && [ "$(wc -l <"$own/out")" = 1 ]
}
check 'roles, database and schema are made' makes_it
check 'docs/operations.md says the same in SQL' is_as_the_document_says
check 'what is missing is said' says_what_is_missing
check 'it may be run again' may_be_run_again
check 'keys and an estate for a trial' makes_a_trial
check 'the example gets the tokens of the trial' fills_the_example
check 'what is there stays' leaves_what_is_there
check 'fotad starts on it' is_ready
check 'who may not is told so' refuses
