#!/bin/sh
# make install brings what the README says, and make uninstall takes all of it
# away but the configuration, which stays as it was. Prints TAP.
set -u
cd "$(dirname "$0")/../.." || exit 1
if [ ! -x build/release/fotad ]; then
    echo '1..0 # SKIP there is no release build'
    exit
fi
here=$(mktemp -d)
trap 'rm -rf "$here"' EXIT
number=0
check() {
    number=$((number + 1))
    if [ "$2" = "$3" ]; then echo "ok $number - $1"; else
        printf 'not ok %d - %s\n# is: %s\n# not: %s\n' $number "$1" "$2" "$3"
    fi
}
# what is built already is installed as it is
run() { make -s --no-print-directory -o all "$@" PREFIX=/usr DESTDIR="$here" >"$here.log" 2>&1; }
files() { (cd "$here" && find . -type f | sort | tr '\n' ' '); }

echo 1..5
run install
check 'it is installed' $? 0
there=
for file in usr/bin/fotad usr/bin/fotactl usr/bin/fotaverify usr/bin/fotasim \
    usr/lib/systemd/system/fotad.service usr/lib/sysusers.d/fotad.conf \
    usr/share/man/man5/fotad.conf.5 usr/share/doc/fotad/README.md \
    usr/share/bash-completion/completions/fotactl etc/fotad/fotad.conf; do
    [ -e "$here/$file" ] || there="$there $file"
done
check 'each part is there' "$there" ''
echo '# ours' >>"$here/etc/fotad/fotad.conf"
run install
check 'a second time, the configuration stays' \
    "$(tail -n 1 "$here/etc/fotad/fotad.conf")" '# ours'
run uninstall
check 'it is taken away' $? 0
check 'and nothing stays but the configuration' "$(files)" './etc/fotad/fotad.conf '
rm -f "$here.log"
