#!/bin/sh
# The alert rules for Prometheus: each metric that they name is one of fotad's,
# each alert is in docs/operations.md, and promtool finds that they fire when
# they should and not otherwise. Prints TAP.
set -u
cd "$(dirname "$0")/../.." || exit 1
rules=config/prometheus/fotad.rules.yml

echo 1..3
check() {
    if [ -z "$3" ]; then echo "ok $1 - $2"; else
        echo "$3" | sed 's/^/# /'
        echo "not ok $1 - $2"
    fi
}

unknown=$(grep -o 'fotad_[a-z_]*' $rules | sort -u | while read -r metric; do
    grep -rqF "\"$metric\"" src || echo "$metric is no metric of fotad"
done)
check 1 'each metric of a rule exists' "$unknown"

unwritten=$(sed -n 's/.*alert: //p' $rules | while read -r alert; do
    grep -q "^- $alert: " docs/operations.md || echo "$alert is in no line of docs/operations.md"
done)
check 2 'each alert says what to do' "$unwritten"

if command -v promtool >/dev/null; then
    check 3 'they fire when they should' "$(promtool check rules $rules >/dev/null 2>&1 ||
        promtool check rules $rules 2>&1
    promtool test rules tests/health/rules.test.yml >/dev/null 2>&1 ||
        promtool test rules tests/health/rules.test.yml 2>&1)"
else
    echo 'ok 3 - they fire when they should # SKIP there is no promtool (prometheus)'
fi
