#!/bin/sh
# A real Prometheus scrapes a fotad through a fault: nothing fires while all is
# well; when the database is away its alert fires, and no other; when it is back
# nothing does. The rules are the shipped ones, at sixty times the pace. TAP.
set -u
cd "$(dirname "$0")/../.." || exit 1
here=$PWD
# shellcheck source=tools/lib/postgres.sh
. tools/lib/postgres.sh
skip() {
    echo "1..0 # SKIP $*"
    exit
}
command -v prometheus >/dev/null || skip 'there is no prometheus: tools/deps monitoring'
[ -n "$pg_bin" ] || skip 'there is no PostgreSQL'
[ -x build/release/fotasim ] || skip 'there is no release build'
PATH=$here/build/release:$PATH
dir=$(as_owner mktemp -d /var/tmp/fotad-prometheus-XXXXXX)
own=$(mktemp -d)
fotad=
prometheus=
end() {
    if [ -n "$fotad" ]; then
        kill "$fotad"
        wait "$fotad"
    fi
    [ -z "$prometheus" ] || kill "$prometheus"
    [ ! -e "$dir/data/postmaster.pid" ] || postgres_stop "$dir/data" immediate
    as_owner rm -rf "$dir"
    rm -rf "$own"
}
trap end EXIT
serve() {
    postgres_start "$dir/data" "$dir/log" -c "unix_socket_directories=$dir" \
        -c listen_addresses=
}
postgres_make "$dir/data" --username=postgres
serve || exit 1
port=$((30000 + $$ % 10000))
cat >"$own/fotad.conf" <<END
[database]
conninfo = host=$dir dbname=fotad user=fotad
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
fotactl --config "$own/fotad.conf" setup --admin "host=$dir user=postgres" \
    --trial "$own/trial" >"$own/setup.log" || exit 1
fotad --config "$own/fotad.conf" >"$own/fotad.log" 2>&1 &
fotad=$!

# minutes are seconds
sed 's/for: \([0-9]*\)m/for: \1s/; s/\[5m\]/[15s]/; s/\[15m\]/[30s]/; s/\[1h\]/[60s]/' \
    config/prometheus/fotad.rules.yml >"$own/rules.yml"
cat >"$own/prometheus.yml" <<END
global: {scrape_interval: 1s, evaluation_interval: 1s}
rule_files: ["$own/rules.yml"]
scrape_configs:
  - {job_name: fotad, static_configs: [{targets: ["127.0.0.1:$((port + 3))"]}]}
END
prometheus --config.file="$own/prometheus.yml" --storage.tsdb.path="$own/tsdb" \
    --web.listen-address="127.0.0.1:$((port + 4))" >"$own/prometheus.log" 2>&1 &
prometheus=$!

# ask QUERY: the answer's octets
ask() {
    curl -sf --data-urlencode "query=$1" "http://127.0.0.1:$((port + 4))/api/v1/query"
}
# The names of the alerts that fire; "?" without an answer.
firing() {
    said=$(ask 'ALERTS{alertstate="firing"}') || {
        echo '?'
        return
    }
    echo "$said" | grep -o '"alertname":"[^"]*"' | sort -u | cut -d '"' -f 4 | tr '\n' ' '
}
scraped() { ask 'up{job="fotad"} == 1' | grep -q '"1"'; }

echo 1..4
number=0
# within SECONDS WHAT EXPECTED: those fire, and until then none that is not
# among them
within() {
    number=$((number + 1))
    seen=
    end=$(($(date +%s) + $1))
    while [ "$(date +%s)" -lt $end ]; do
        seen=$(firing)
        [ "$seen" != "$3" ] || break
        sleep 0.5
    done
    if [ "$seen" = "$3" ]; then echo "ok $number - $2"; else
        tail -n 5 "$own/fotad.log" "$own/prometheus.log" | sed 's/^/# /'
        echo "not ok $number - $2: fires '$seen', not '$3'"
    fi
}
# stays SECONDS WHAT EXPECTED: the same all the time
stays() {
    number=$((number + 1))
    end=$(($(date +%s) + $1))
    seen=$3
    while [ "$(date +%s)" -lt $end ] && [ "$seen" = "$3" ]; do
        sleep 0.5
        seen=$(firing)
    done
    if [ "$seen" = "$3" ]; then echo "ok $number - $2"; else
        echo "not ok $number - $2: fires '$seen', not '$3'"
    fi
}
tries=0
until scraped || [ $tries -gt 120 ]; do
    sleep 0.5
    tries=$((tries + 1))
done
stays 15 'nothing fires while all is well' ''
postgres_stop "$dir/data" immediate
within 60 'the database is away: its alert' 'FotadDatabaseTrouble '
stays 10 'and no other' 'FotadDatabaseTrouble '
serve
within 60 'it is back: nothing any more' ''
