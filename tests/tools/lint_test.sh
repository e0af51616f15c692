#!/bin/sh
# Each check of `make lint` that is ours finds what it is for, and nothing in
# what is right: run in a small tree that has one fault at a time. Prints TAP.
set -u
cd "$(dirname "$0")/../.." || exit 1
tree=$(mktemp -d)
trap 'rm -rf "$tree"' EXIT
mkdir "$tree/tools"
cp tools/rooms tools/functions tools/citations tools/promises "$tree/tools"

number=0
# says NAME TOOL TEXT: the tool fails and says TEXT; without TEXT it has
# nothing to say.
says() {
    number=$((number + 1))
    said=$("$tree/tools/$2" 2>&1)
    status=$?
    if [ -n "$3" ]; then
        [ $status -ne 0 ] && printf '%s\n' "$said" | grep -qF -- "$3"
    else
        [ $status -eq 0 ] && [ -z "$said" ]
    fi || {
        printf '%s\n' "$said" | sed 's/^/# /'
        printf 'not '
    }
    echo "ok $number - $1"
}

# write FILE: the standard input becomes a file of the tree.
write() {
    mkdir -p "$(dirname "$tree/$1")"
    cat >"$tree/$1"
}

compile() {
    for source; do
        mkdir -p "$tree/build/release/${source%/*}"
        cc -I"$tree/src" -c -o "$tree/build/release/${source%.c}.o" \
            "$tree/$source"
    done
}

# ---- rooms ----
write src/base/pair.h <<'C'
int first(void);
int second(void);
C
write src/base/first.c <<'C'
#include "base/pair.h"
int first(void) {
    return 1;
}
C
write src/base/second.c <<'C'
#include "base/pair.h"
int second(void) {
    return first();
}
C
compile src/base/first.c src/base/second.c
says 'one file uses another' rooms ''

write src/base/first.c <<'C'
#include "base/pair.h"
int first(void) {
    return second();
}
C
compile src/base/first.c
says 'two files of a room use each other, by one header' rooms \
    'a circle: src/base/first.c src/base/second.c'
says 'a circle is told with what is used' rooms \
    'src/base/first.c uses of src/base/second.c: second'

write src/base/first.c <<'C'
#include "base/pair.h"
int (*const table)(void) = second;
int first(void) {
    return 1;
}
C
compile src/base/first.c
says 'a table of functions is a use' rooms 'a circle:'

rm "$tree/build/release/src/base/first.o"
says 'a file is not built' rooms 'is older than its source'
write src/base/first.c <<'C'
#include "db/db.h"
int first(void) {
    return 1;
}
C
touch "$tree/src/base/pair.h"
write src/db/db.h <<'C'
int db;
C
compile src/base/first.c
says 'a room includes one above it' rooms \
    'src/base/first.c includes db, which is not below base'
rm -r "${tree:?}/src/base" "$tree/src/db"

# ---- functions ----
write src/base/good.c <<'C'
struct job {
    int number;
};

static const int primes[] = {
    2,
    3,
};

static int job_settle(struct job *job) {
    return job->number + primes[0];
}

__attribute__((format(printf, 1, 2))) static void
job_say(const char *format, ...) {
    (void)format;
}

int settle(struct job *job) {
    return job_settle(job);
}
C
says 'static functions with their noun, others by any name' functions ''
write src/base/bad.c <<'C'
static int
settle(int a,
       int b) {
    return a + b;
}
C
says 'a static function of one bare word' functions \
    'src/base/bad.c:1: settle is one bare word'
write src/base/bad.c <<'C'
static struct job *settle(void) {
    return 0;
}
C
says 'one that returns a pointer' functions 'settle is one bare word'
{
    echo 'void job_settle(void) {'
    yes '    job_settle();' | head -48
    echo '}'
} | write src/base/bad.c
says 'a function of 50 lines' functions ''
{
    echo 'void job_settle(void) {'
    yes '    job_settle();' | head -49
    echo '}'
} | write src/base/bad.c
says 'a function of 51 lines' functions \
    'job_settle has 51 lines, more than 50'

# ---- citations ----
rm -r "${tree:?}/src"
write docs/requirements.md <<'MD'
| A1 | what A1 is | §4.8 |
| F2 | what F2 is | ours |
| decision 7 | what was decided |
| scenario 10 | what happens |
MD
write src/base/cites.c <<'C'
/* requirements A1
 * and F2 (§4.8), decision 7, E21, scenario
 * 10; RFC 5280, section 5 */
C
says 'every citation is there' citations ''

# cites TEXT SAID: a comment with that text is told so.
cites() {
    printf '/* %s */\n' "$1" | write src/base/bad.c
    says "cites $1" citations "src/base/bad.c: $2"
}
cites 'requirement A9' 'requirement A9 is not in'
cites 'requirements A1, F2 and B1' 'requirement B1 is not in'
cites 'requirements A1 to A3' 'requirement A3 is not in'
cites 'decisions 7 and 8' 'decision 8 is not in'
cites 'scenario 1' 'scenario 1 is not in'
cites '§4.9' '§4.9 is not in'
cites '(A1)' '(A1) does not say what it is of'
cites 'see other.md' 'other.md is not in the tree'
rm "$tree/src/base/bad.c"
echo '| decision 8 | stale |' >>"$tree/docs/requirements.md"
says 'a decision that nothing cites' citations 'decision 8 is cited nowhere'

# ---- promises ----
write tests/base/kept_test.c <<'C'
static void it_is_kept(void **state) {
}
C
write tests/base/unit_test.sh <<'S'
true
S
# promised CELL SAID: a row that is said to be held so is told so.
promised() {
    write docs/operations.md <<MD
| what | held by |
|---|---|
| it is done | $1 |
MD
    says "held by '$1'" promises "$2"
}
echo 'no table' | write docs/security.md
promised 'base/kept_test, base/unit_test.sh' ''
promised 'base/kept_test: it_is_kept' ''
promised '' 'docs/operations.md:3: nothing is said to hold it'
promised 'base/lost_test' 'docs/operations.md:3: there is no tests/base/lost_test.c'
promised 'base/kept_test: it_is_lost' 'no it_is_lost in tests/base/kept_test.c'
promised 'base/kept_test: it_is' 'no it_is in tests/base/kept_test.c'
promised 'base/kept_test: it_is_kept, base/lost_test' 'there is no'
printf '| what | how |\n|---|---|\n' | write docs/security.md
promised 'base/kept_test' 'docs/security.md:1: a table without "held by"'

echo "1..$number"
