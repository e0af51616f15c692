/* Whoever owns the database, and makes seals anew over what was changed, is
 * found by the anchors: by fotactl from the database, and by fotaverify from an
 * export alone (requirement H1). */
#include "support/check.h"
#include "support/clock.h"
#include "support/duis_signing.h"
#include "support/files.h"
#include "support/tool.h"

#include "base/arena.h"
#include "base/hex.h"
#include "trail/anchor.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

struct world {
    struct tool *tool;
    struct arena *arena;
    const char *program;
};

/* ---- a trail and its anchors ---- */

static void seal_up_to(struct tool *tool, int64_t last_no) {
    for (int tries = 0; tries < 600; tries++) {
        tool_sql(tool, "select seal_trail('2026-11-23', 200)");
        if (sql_int(tool->sql, "select coalesce(max(last_no), 0) from"
                               " sat_seal") >= last_no)
            return;
        nanosleep(&(struct timespec){.tv_nsec = 50000000}, NULL);
    }
    fail_msg("entries up to %jd are not sealed", (intmax_t)last_no);
}

/* Three seals, made an hour of running time apart. */
static const char entries_sql[] =
    "insert into sat_entry (at, kind, code) select timestamptz '2026-11-21' +"
    " i * interval '1 second', 'person', 'act ' || i"
    " from generate_series(1, 100) i";

static void trail_make(struct tool *tool) {
    tool_sql(tool, "update sat_guard set ahead = null, keep = '0';"
                   "select make_day('sat_entry', '2026-11-21', 1000)");
    for (int i = 1; i <= 3; i++) {
        tool_sql(tool, "%s", entries_sql);
        seal_up_to(tool, 100 * i);
        sql_run_for(tool->sql, "1 hour");
    }
}

/* What fotad writes: a line for each seal, at the hour that it was made. */
static void anchors_make(struct world *w, int64_t first, int64_t keep_hours) {
    const char *reason;
    struct anchor_signer *signer = anchor_signer_load(
        w->arena, arena_printf(w->arena, "%s/dsp.key", w->tool->directory), "",
        &reason);
    struct buffer lines = {0};
    int64_t last = sql_int(w->tool->sql, "select max(seal_no) from sat_seal");
    assert_non_null(signer);
    for (int64_t seal = first; seal <= last; seal++) {
        struct anchor a = {
            .seal = seal,
            .first = sql_int(w->tool->sql,
                             "select first_no from sat_seal where seal_no ="
                             " %jd",
                             (intmax_t)seal),
            .last = sql_int(w->tool->sql,
                            "select last_no from sat_seal where seal_no = %jd",
                            (intmax_t)seal),
            .entries = 100,
            .sealed = instant_at("2026-11-22T00:00:00Z") + seal * HOUR,
            .at = instant_at("2026-11-22T00:00:01Z") + seal * HOUR,
            .keep = keep_hours * 3600};
        const char *hash = sql_text(w->tool->sql,
                                    "select encode(hash, 'hex') from sat_seal"
                                    " where seal_no = %jd",
                                    (intmax_t)seal);
        hex_parse(span_text(hash), a.hash, sizeof a.hash);
        assert_true(anchor_write(signer, &a, &lines));
    }
    tool_file(w->tool, "anchors", buffer_span(&lines));
    buffer_free(&lines);
}

static int setup(void **state) {
    struct world *w = calloc(1, sizeof *w);
    char path[512];
    *state = w;
    tool_setup((void **)&w->tool);
    w->arena = arena_new();
    ssize_t len = readlink("/proc/self/exe", path, sizeof path - 1);
    assert_true(len > 0);
    path[len] = 0;
    w->program =
        arena_printf(w->arena, "%.*s/fotaverify",
                     (int)(strstr(path, "/tests/fotaverify/") - path), path);
    struct test_identity dsp =
        test_identity_new(w->arena, &(struct test_certificate){.id = 1});
    tool_file(w->tool, "dsp.key", dsp.key_pem);
    tool_file(w->tool, "dsp.pem", dsp.certificate_pem);
    trail_make(w->tool);
    anchors_make(w, 1, 24);
    return 0;
}

static int teardown(void **state) {
    struct world *w = *state;
    arena_free(w->arena);
    tool_teardown((void **)&w->tool);
    free(w);
    return 0;
}

/* ---- who looks ---- */

#define ANCHORS " --anchor @/anchors --certificate @/dsp.pem"

static const char *in_directory(struct world *w, const char *text) {
    struct buffer out = {0};
    for (; *text; text++)
        if (*text == '@')
            buffer_text(&out, w->tool->directory);
        else
            buffer_add(&out, span_of(text, 1));
    const char *result = arena_text(w->arena, buffer_span(&out));
    buffer_free(&out);
    return result;
}

/* Exit status of fotaverify; what it prints is in *said. */
static int run_program(struct world *w, const char *options,
                       const char **said) {
    const char *line = in_directory(
        w, arena_printf(w->arena, "%s%s > @/said 2>&1", w->program, options));
    int status = system(line);
    struct buffer text = {0};
    file_read(in_directory(w, "@/said"), &text);
    *said = arena_text(w->arena, buffer_span(&text));
    buffer_free(&text);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static void export_make(struct world *w) {
    tool_expect(w->tool, "sat export --sealed", 0, "");
    tool_file(w->tool, "export", buffer_span(&w->tool->out));
}

static void expect_in(const char *said, const char *text) {
    if (!strstr(said, text))
        fail_msg("said:\n%s\nwithout:\n%s", said, text);
}

/* Both say the same, with anchors and without: 0 or 1. */
static void expect(struct world *w, int alone, int with_anchors,
                   const char *text) {
    const char *said;
    export_make(w);
    if (tool_run(w->tool, "sat verify") != alone)
        fail_msg("fotactl said: %s%s", (char *)w->tool->out.data,
                 (char *)w->tool->err.data);
    if (run_program(w, " @/export", &said) != alone)
        fail_msg("fotaverify said: %s", said);
    if (run_program(w, ANCHORS " @/export", &said) != with_anchors)
        fail_msg("fotaverify said: %s", said);
    expect_in(said, text);
    if (tool_run(w->tool, "sat verify --anchor @anchors --certificate"
                          " @dsp.pem") != with_anchors)
        fail_msg("fotactl said: %s%s", (char *)w->tool->out.data,
                 (char *)w->tool->err.data);
    expect_in((const char *)w->tool->out.data, text);
}

/* ---- the owner of the database ---- */

/* The seals from one on, made anew over the entries as they are now. */
static const char seals_anew[] =
    "create or replace function seals_anew(p_first bigint) returns void"
    " language plpgsql as $$ declare s sat_seal; before bytea; begin"
    " before := (select hash from sat_seal where seal_no = p_first - 1);"
    " for s in select * from sat_seal where seal_no >= p_first order by seal_no"
    " loop"
    " if s.first_no <= s.last_no then"
    " select d.entries, d.earliest, d.latest, d.digest into s.entries,"
    " s.earliest, s.latest, s.digest from sat_digest(s.first_no, s.last_no) d;"
    " end if;"
    " s.hash := sat_seal_hash(s, before); before := s.hash;"
    " update sat_seal x set entries = s.entries, earliest = s.earliest,"
    " latest = s.latest, digest = s.digest, hash = s.hash"
    " where seal_no = s.seal_no; end loop; end $$;";

static void owner_does(struct world *w, const char *sql) {
    tool_sql(w->tool, "%s", seals_anew);
    tool_sql(w->tool,
             "set session_replication_role = replica;%s;"
             "reset session_replication_role",
             sql);
}

static void a_trail_as_it_was_written_is_good(void **state) {
    struct world *w = *state;
    expect(w, 0, 0,
           "3 seals over 300 entries; 0 seals have entries past retention; 0"
           " entries are not sealed yet\n"
           "3 seals are as they were anchored, the last at"
           " 2026-11-22T03:00:01.000Z; 0 seals after it have no anchor\n");
    tool_sql(w->tool, "%s", entries_sql);
    seal_up_to(w->tool, 400);
    tool_sql(w->tool, "%s", entries_sql);
    expect(w, 0, 0,
           "100 entries are not sealed yet\n3 seals are as they were"
           " anchored");
    expect(w, 0, 0, "1 seals after it have no anchor\n");
}

static void rows_that_the_owner_rewrote_are_found(void **state) {
    struct world *w = *state;
    owner_does(w, "update sat_entry set code = 'forged' where entry_no = 150;"
                  "select seals_anew(2)");
    expect(w, 0, 1,
           "seal 2, entries 101 to 200: it is not the one that was"
           " anchored\n");
}

static void rows_that_the_owner_took_away_are_found(void **state) {
    struct world *w = *state;
    owner_does(w, "delete from sat_entry where entry_no = 300;"
                  "select seals_anew(3)");
    expect(w, 0, 1, "seal 3, entries 201 to 300: it is not the one");
}

static void an_end_that_was_cut_off_is_found(void **state) {
    struct world *w = *state;
    owner_does(w, "delete from sat_entry where entry_no > 100;"
                  "delete from sat_seal where seal_no > 1;"
                  "update sat_mark set seal_no = 1");
    expect(w, 0, 1,
           "seals 2 to 3, which were anchored, are missing: the end was cut"
           " off\n");
    /* and so it is when new ones stand in their place */
    tool_sql(w->tool,
             "select setval('sat_entry_entry_no_seq', 100);"
             "update sat_mark set entry_no = 100;%s",
             entries_sql);
    seal_up_to(w->tool, 200);
    expect(w, 0, 1, "seal 2, entries 101 to 200: it is not the one");
}

/* A day is dropped, as retention would: by a seal that the chain cannot tell
 * from a true one, for running times and retention are the owner's too. */
static void days_that_the_owner_dropped_are_found(void **state) {
    struct world *w = *state;
    owner_does(w, "drop table sat_entry_20261121;"
                  "update sat_seal set running = running - 100000000;"
                  "select seals_anew(1);"
                  "select sat_add_seal(s) from (select row(null, null, null, 0,"
                  " null, now(), sha256(''), null, null, null, null,"
                  " '30 days'::interval, 'you', null, null, 300)::sat_seal"
                  " as s) x");
    expect(w, 0, 1, "seal 1, entries 1 to 100: it is not the one");
}

/* The same with the true running times, and a retention of the owner's. */
static void days_that_went_too_early_are_found(void **state) {
    struct world *w = *state;
    owner_does(w, "drop table sat_entry_20261121;"
                  "select sat_add_seal(s) from (select row(null, null, null, 0,"
                  " null, now(), sha256(''), null, null, null, null,"
                  " '0'::interval, 'you', null, null, 300)::sat_seal"
                  " as s) x");
    anchors_make(w, 1, 24);
    expect(w, 0, 1,
           "seal 4, entries 301 to 300: by the anchors, entries were dropped"
           " that were younger than retention allows\n");
    /* as retention of an hour did it is good */
    anchors_make(w, 1, 1);
    expect(w, 0, 0, "seal 4: entries up to 300 were dropped");
}

static void what_retention_dropped_is_no_fault(void **state) {
    struct world *w = *state;
    sql_run_for(w->tool->sql, "1 hour");
    tool_sql(w->tool, "select drop_trail('2 hours', 'fotad at here',"
                      " '2026-12-01', 1000)");
    tool_expect_rows(w->tool, "select count(*) from sat_entry", "0");
    tool_sql(w->tool, "%s", entries_sql);
    seal_up_to(w->tool, 400);
    anchors_make(w, 1, 2);
    expect(w, 0, 0, "3 seals have entries past retention");
    owner_does(w, "update sat_entry set code = 'forged' where entry_no = 350");
    expect(w, 1, 1, "seal 5, entries 301 to 400: an entry was changed\n");
}

/* ---- lines ---- */

static void lines_that_nobody_signed_are_found(void **state) {
    struct world *w = *state;
    struct buffer text = {0};
    const char *said;
    file_read(in_directory(w, "@/anchors"), &text);
    buffer_text(&text, ""); /* its NUL */
    char *at = strstr((char *)text.data, "seal=2 ");
    at[5] = '3';
    tool_file(w->tool, "anchors", buffer_span(&text));
    buffer_free(&text);
    expect(w, 0, 1, "anchors:2: it is not what was signed\n");
    struct test_identity other =
        test_identity_new(w->arena, &(struct test_certificate){.id = 2});
    tool_file(w->tool, "dsp.pem", other.certificate_pem);
    expect(w, 0, 1,
           "anchors:1: it is signed with a key whose certificate is not"
           " given\n");
    assert_int_equal(run_program(w, " --anchor @/anchors @/export", &said), 2);
    assert_int_equal(run_program(w, " @/dsp.pem", &said), 2);
    expect_in(said, "line 1 is none of an export");
    assert_int_equal(run_program(w, " @/nowhere", &said), 2);
    assert_int_equal(run_program(w,
                                 " --certificate @/dsp.pem --anchor @/export"
                                 " @/export",
                                 &said),
                     2);
    expect_in(said, "it has no anchor");
    tool_expect(w->tool, "sat export --sealed --from 2026-11-21", 2,
                "fotactl: --sealed is the whole trail: without --from and"
                " --to\n");
}

/* ---- the export itself ---- */

/* Lines of the export that begin so are left out. */
static void lines_drop(struct world *w, const char *begin) {
    struct buffer text = {0}, rest = {0};
    file_read(in_directory(w, "@/export"), &text);
    buffer_text(&text, ""); /* its NUL */
    char *lines = (char *)text.data;
    for (char *line; (line = strsep(&lines, "\n"));)
        if (*line && strncmp(line, begin, strlen(begin)) != 0) {
            buffer_text(&rest, line);
            buffer_text(&rest, "\n");
        }
    assert_true(rest.len < text.len);
    tool_file(w->tool, "export", buffer_span(&rest));
    buffer_free(&text);
    buffer_free(&rest);
}

static void what_is_missing_of_an_export_is_found(void **state) {
    static const struct {
        const char *begin, *fault;
    } cases[] = {
        {"[150,", "seal 2, entries 101 to 200: entries are missing\n"},
        {"{\"seal\": [3, 3,", "the last seals are missing\n"},
        {"{\"seal\": [3, 2,", "a seal is missing before it\n"},
    };
    struct world *w = *state;
    const char *said;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        export_make(w);
        lines_drop(w, cases[i].begin);
        assert_int_equal(run_program(w, ANCHORS " @/export", &said), 1);
        expect_in(said, cases[i].fault);
        assert_int_equal(run_program(w, " @/export", &said), 1);
    }
    assert_int_equal(run_program(w, " --json" ANCHORS " @/export", &said), 1);
    expect_in(said, "\"sealsAnchored\": 2");
}

/* ---- texts ---- */

/* What C writes is what PostgreSQL hashed, whatever an entry says; a request
 * too. */
static void each_text_is_as_it_was_hashed(void **state) {
    struct world *w = *state;
    tool_sql(
        w->tool,
        "insert into sat_entry (at, kind, request_no, device_id, party, csp,"
        " person, code, detail) select timestamptz '2026-11-21' + i *"
        " interval '999.331 milliseconds' + case when i %% 3 = 0 then"
        " interval '1 microsecond' else '0' end, case when i < 256 then"
        " chr(i) else 'kind' end, nullif(i, 7) * 1234567890123,"
        " case when i %% 2 = 0 then '00db1234567890a0'::macaddr8 end,"
        " 'ffeeddccbbaa9988', case when i %% 5 > 0 then 'no\"rth\\' || i end,"
        " chr(127) || chr(i + 700), E'a\\tb\\nc\\rd\\be\\ff\\u0001\\u001f/',"
        " repeat(U&'\\00e4\\20ac\\+01f600\\2028<>&', i %% 4)"
        " from generate_series(1, 400) i;"
        "insert into sat_entry (at, kind) select t, '' from unnest(array["
        "'1999-12-31 23:59:59.999999Z', '2000-01-01Z', '1969-12-31"
        " 23:59:59.5Z', '2400-02-29 12:00Z']::timestamptz[]) t;"
        "select record_requests(array[1]::bigint[], array['90b3d51f30010000']"
        "::macaddr8[], array['I99'], array['serviceD'], array[sha256('body')],"
        " array[4], array['body'::bytea], array[-1], array[''::bytea],"
        " array[-1], array[''::bytea], array['answer'::bytea],"
        " array['2026-11-21 10:00Z']::timestamptz[])");
    int64_t last = sql_int(w->tool->sql, "select max(entry_no) from sat_entry");
    seal_up_to(w->tool, last);
    expect(w, 0, 0, "3 seals are as they were anchored");
    owner_does(w, "update sat_request set answer = 'other'");
    expect(w, 1, 1, "a request is missing or was changed\n");
    owner_does(w, "delete from sat_request");
    expect(w, 1, 1, "a request is missing or was changed\n");
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(a_trail_as_it_was_written_is_good),
        TEST(rows_that_the_owner_rewrote_are_found),
        TEST(rows_that_the_owner_took_away_are_found),
        TEST(an_end_that_was_cut_off_is_found),
        TEST(days_that_the_owner_dropped_are_found),
        TEST(days_that_went_too_early_are_found),
        TEST(what_retention_dropped_is_no_fault),
        TEST(lines_that_nobody_signed_are_found),
        TEST(what_is_missing_of_an_export_is_found),
        TEST(each_text_is_as_it_was_hashed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
