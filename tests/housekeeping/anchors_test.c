/* The file of [sat] anchors has a line for each seal, whatever becomes of fotad
 * or the file in between (requirement H1). */
#include "housekeeping/house.h"
#include "support/duis_signing.h"
#include "support/files.h"
#include "trail/anchor.h"

#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

static char directory[] = "/tmp/anchors.XXXXXX";

static const char *path_of(struct house *h, const char *name) {
    return arena_printf(h->arena, "%s/%s", directory, name);
}

static int setup_key(void **state) {
    static bool made;
    setup(state);
    struct house *h = *state;
    if (!made && !mkdtemp(directory))
        abort();
    made = true;
    unlink(path_of(h, "anchors"));
    struct test_identity who =
        test_identity_new(h->arena, &(struct test_certificate){.id = 1});
    file_write(path_of(h, "dsp.key"), who.key_pem);
    file_write(path_of(h, "dsp.pem"), who.certificate_pem);
    h->config.sat_anchors = path_of(h, "anchors");
    h->config.xml_signing_key = path_of(h, "dsp.key");
    return 0;
}

static void seal_one(struct house *h) {
    sql_do(h->sql, "insert into sat_entry (at, kind) values ('2031-05-01',"
                   " 'person')");
    const char *before = sql_text(h->sql, "select count(*) from sat_seal");
    for (int tries = 0; tries < 600; tries++) {
        sql_do(h->sql, "select seal_trail('2031-05-01', 100)");
        if (strcmp(sql_text(h->sql, "select count(*) from sat_seal"), before) !=
            0)
            return;
        usleep(50000);
    }
    fail_msg("nothing is sealed");
}

/* The seals of its good lines: "1 2 3"; each as the database has it. */
static const char *lines_of(struct house *h) {
    struct anchor_keys *keys = anchor_keys_new(h->arena);
    const char *reason, *seals = "";
    assert_true(anchor_keys_load(keys, path_of(h, "dsp.pem"), &reason));
    struct buffer text = {0};
    file_read(path_of(h, "anchors"), &text);
    char *rest = arena_text(h->arena, buffer_span(&text));
    buffer_free(&text);
    for (char *line; (line = strsep(&rest, "\n"));) {
        struct anchor a;
        enum anchor_found found = anchor_read(keys, span_text(line), &a);
        if (found == ANCHOR_TORN)
            seals = arena_printf(h->arena, "%s torn", seals);
        if (found != ANCHOR_GOOD)
            continue;
        assert_int_equal(a.keep, h->config.sat_retention / SECOND);
        const char *hash =
            sql_text(h->sql,
                     "select encode(hash, 'hex') from sat_seal where seal_no ="
                     " %jd and first_no = %jd and last_no = %jd and entries ="
                     " %jd",
                     (intmax_t)a.seal, (intmax_t)a.first, (intmax_t)a.last,
                     (intmax_t)a.entries);
        for (size_t i = 0; i < sizeof a.hash; i++) {
            char octet[3];
            snprintf(octet, sizeof octet, "%02x", a.hash[i]);
            assert_memory_equal(octet, hash + 2 * i, 2);
        }
        seals = arena_printf(h->arena, "%s %jd", seals, (intmax_t)a.seal);
    }
    return seals;
}

static void a_line_for_each_seal(void **state) {
    struct house *h = *state;
    seal_one(h);
    seal_one(h);
    run(h, "2031-05-01T00:00:00Z");
    /* what was there before the file is held by the chain */
    const char *first = lines_of(h);
    assert_int_equal(strspn(first, " 0123456789"), strlen(first));
    seal_one(h);
    seal_one(h);
    run(h, "2031-05-01T00:01:00Z");
    expect(h, "select anchored = seal_no from sat_mark", "t");
    const char *more = lines_of(h);
    assert_memory_equal(more, first, strlen(first));
    int64_t last = sql_int(h->sql, "select max(seal_no) from sat_seal");
    const char *end =
        arena_printf(h->arena, " %jd %jd", (intmax_t)last - 1, (intmax_t)last);
    assert_string_equal(more + strlen(more) - strlen(end), end);
    run(h, "2031-05-01T00:02:00Z");
    run(h, "2031-05-01T00:03:00Z");
    struct stat file;
    assert_int_equal(stat(path_of(h, "anchors"), &file), 0);
    assert_int_equal(file.st_mode & 0777, 0640);
}

/* More than one transaction has; whoever owns the database says that all is
 * in the file. */
static void none_is_left_out(void **state) {
    struct house *h = *state;
    seal_one(h);
    sql_do(h->sql, "update sat_mark set anchored = 0");
    sql_do(h->sql,
           "select sat_add_seal(s) from (select (null::sat_seal).*) x,"
           " lateral (select row(null, null, null, 0, null, now(),"
           " sha256(''), null, null, null, null, '0'::interval, 'you',"
           " null, null, 0)::sat_seal as s) y, generate_series(1, 2500)");
    run(h, "2031-05-01T00:00:00Z");
    struct buffer text = {0};
    file_read(path_of(h, "anchors"), &text);
    size_t lines = 0;
    for (size_t i = 0; i < text.len; i++)
        lines += text.data[i] == '\n';
    buffer_free(&text);
    assert_int_equal(lines, sql_int(h->sql, "select count(*) from sat_seal"));
    sql_do(h->sql, "update sat_mark set anchored = 1000000");
    seal_one(h);
    run(h, "2031-05-01T00:01:00Z");
    run(h, "2031-05-01T00:02:00Z");
    expect(h, "select anchored = seal_no from sat_mark", "t");
}

static void a_torn_line_spoils_no_other(void **state) {
    struct house *h = *state;
    file_write(path_of(h, "anchors"), span_text("fotad-anchor/1 seal=1 fir"));
    seal_one(h);
    run(h, "2031-05-01T00:00:00Z");
    const char *seals = lines_of(h);
    assert_memory_equal(seals, " torn ", 6);
    assert_true(strlen(seals) > 6);
}

/* The seals wait for the file, and nothing else does. */
static void a_file_that_is_away_is_told(void **state) {
    struct house *h = *state;
    struct housekeeping_report report;
    seal_one(h);
    h->config.sat_anchors = path_of(h, "nowhere/anchors");
    assert_int_equal(housekeeping_run(h->db, &h->config,
                                      instant_at("2031-05-01T00:00:00Z"),
                                      &report),
                     FAILED);
    assert_non_null(strstr(db_reason(h->db), "nowhere/anchors: No such file"));
    expect(h, "select anchored is null from sat_mark", "t");
    h->config.sat_anchors = path_of(h, "anchors");
    run(h, "2031-05-01T00:01:00Z");
    assert_true(*lines_of(h));
    h->config.xml_signing_key = path_of(h, "dsp.pem");
    assert_int_equal(housekeeping_run(h->db, &h->config,
                                      instant_at("2031-05-01T00:02:00Z"),
                                      &report),
                     FAILED);
    assert_non_null(strstr(db_reason(h->db), "it is no PEM private key"));
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup_key, teardown)
    const struct CMUnitTest tests[] = {
        TEST(a_line_for_each_seal),
        TEST(none_is_left_out),
        TEST(a_torn_line_spoils_no_other),
        TEST(a_file_that_is_away_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
