#!/bin/sh
# The alert rules for Prometheus and the dashboard for Grafana: each metric that
# they name is one of fotad's, each alert is in docs/operations.md, and promtool
# reads them and finds that the alerts fire when they should and not otherwise.
# Prints TAP.
set -u
cd "$(dirname "$0")/../.." || exit 1
rules=config/prometheus/fotad.rules.yml
dashboard=config/prometheus/fotad.dashboard.json

echo 1..4
check() {
    if [ -z "$(echo "$3" | tr -d "\n")" ]; then echo "ok $1 - $2"; else
        echo "$3" | sed 's/^/# /'
        echo "not ok $1 - $2"
    fi
}

unknown=$(grep -oh 'fotad_[a-z_]*' $rules $dashboard | sed 's/_bucket$//' |
    sort -u | while read -r metric; do
    grep -rqF "\"$metric\"" src || echo "$metric is no metric of fotad"
done)
check 1 'each metric of a rule and of the dashboard exists' "$unknown"

unwritten=$(sed -n 's/.*alert: //p' $rules | while read -r alert; do
    grep -q "^- $alert: " docs/operations.md || echo "$alert is in no line of docs/operations.md"
done)
check 2 'each alert says what to do' "$unwritten"

if command -v promtool >/dev/null; then
    check 3 'they fire when they should' "$(promtool check rules $rules >/dev/null 2>&1 ||
        promtool check rules $rules 2>&1
    promtool test rules tests/health/rules.test.yml >/dev/null 2>&1 ||
        promtool test rules tests/health/rules.test.yml 2>&1)"
    # as recording rules, for that is what promtool reads
    asked=$(mktemp)
    {
        printf 'groups:\n  - name: dashboard\n    rules:\n'
        grep -o '"expr": "\([^"\\]\|\\.\)*"' $dashboard |
            sed 's/"expr": \(.*\)/      - {record: "x:y", expr: \1}/' | nl -b a -s '' |
            sed 's/^ *\([0-9]*\) *\(.*\)x:y/      \2x:y\1/'
    } >"$asked"
    check 4 'what the dashboard asks can be asked' "$(promtool check rules "$asked" >/dev/null 2>&1 ||
        promtool check rules "$asked" 2>&1)
$([ "$(grep -c record: "$asked")" = "$(grep -o '"expr"' $dashboard | wc -l)" ] ||
        echo 'not every question was read')"
    rm "$asked"
else
    echo 'ok 4 - what the dashboard asks can be asked # SKIP there is no promtool (prometheus)'
    echo 'ok 3 - they fire when they should # SKIP there is no promtool (prometheus)'
fi
