#!/bin/sh
# The systemd unit: well-formed, and with the drop-in for addresses exposed no
# more than 1.0 of 10 by systemd's own measure; what is left has its reason in
# docs/security.md. Prints TAP.
set -u
cd "$(dirname "$0")/../.." || exit 1
most=1.0

echo 1..4
if ! command -v systemd-analyze >/dev/null; then
    for number in 1 2 3 4; do
        echo "ok $number - fotad.service # SKIP there is no systemd-analyze"
    done
    exit 0
fi

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
# a program that is there, so that only the unit is looked at
sed 's|^ExecStart=/usr/bin/fotad .*|ExecStart=/bin/true|' \
    config/fotad.service >"$folder/fotad.service"
grep -v '^#' config/addresses.conf >>"$folder/fotad.service"

check() {
    if [ "$3" = yes ]; then echo "ok $1 - $2"; else echo "not ok $1 - $2"; fi
}

complaints=$(systemd-analyze verify --man=no "$folder/fotad.service" 2>&1 |
    grep 'fotad\.service')
[ -z "$complaints" ] || echo "# $complaints"
check 1 'systemd has nothing to say against the unit' \
    "$([ -z "$complaints" ] && echo yes)"

report=$(systemd-analyze security --offline=true --no-pager \
    "$folder/fotad.service" 2>&1)
exposure=$(printf '%s\n' "$report" |
    sed -n 's/.*Overall exposure level for [^:]*: \([0-9.]*\).*/\1/p')
check 2 "exposure is ${exposure:-unknown}, at most $most" \
    "$(awk -v is="${exposure:-10}" -v most=$most 'BEGIN {
        if (is <= most) print "yes" }')"

unwritten=$(printf '%s\n' "$report" | sed -n 's/^✗ \([^ ]*\).*/\1/p' |
    while read -r name; do
        sed 's/\\|/|/g' docs/security.md | grep -qF "| \`$name\`" || echo "$name"
    done)
[ -z "$unwritten" ] || echo "# docs/security.md does not say why $unwritten"
check 3 'what is left has its reason' "$([ -z "$unwritten" ] && echo yes)"

# No capability and no system call that those need.
wrong=$(printf '%s\n' "$report" |
    grep -E '✗ (CapabilityBoundingSet|SystemCallFilter|NoNewPrivileges)')
[ -z "$wrong" ] || echo "# $wrong"
check 4 'no capability, no privileged system call' \
    "$([ -z "$wrong" ] && echo yes)"
