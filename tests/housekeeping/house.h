/* A database whose house is kept as of any time, and records in it. */
#ifndef FOTAD_TESTS_HOUSE_H
#define FOTAD_TESTS_HOUSE_H

#include "support/check.h"
#include "support/clock.h"
#include "support/pg.h"
#include "support/sql.h"

#include "db/db.h"
#include "housekeeping/housekeeping.h"

#include <stdlib.h>
#include <string.h>

struct house {
    const char *conninfo;
    struct sql *sql;
    struct db *db;
    struct arena *arena;
    struct config config;
};

static int setup(void **state) {
    struct house *h = calloc(1, sizeof *h);
    *state = h;
    h->conninfo = pg_fresh_database();
    h->sql = sql_open(h->conninfo);
    sql_do(h->sql, "update sat_guard set ahead = null");
    h->db = db_open(pg_as_daemon(h->conninfo), "housekeeping test");
    h->arena = arena_new();
    const char *reason;
    assert_true(config_read(&h->config, NULL, h->arena, &reason));
    return 0;
}

static int teardown(void **state) {
    struct house *h = *state;
    db_close(h->db);
    sql_close(h->sql);
    arena_free(h->arena);
    free(h);
    return 0;
}

static inline struct housekeeping_report run(struct house *h, const char *now) {
    struct housekeeping_report report;
    if (housekeeping_run(h->db, &h->config, instant_at(now), &report) != DONE)
        fail_msg("%s: %s", now, db_reason(h->db));
    return report;
}

static void expect(struct house *h, const char *sql, const char *expected) {
    const char *got = sql_text(h->sql, "%s", sql);
    if (strcmp(got, expected) != 0)
        fail_msg("%s\n  gave: %s\n  not:  %s", sql, got, expected);
}

#define DAYS(table)                                                            \
    "select coalesce(string_agg(right(c.relname, 8), ' ' order by c.relname)," \
    " '') from pg_inherits i join pg_class c on c.oid = i.inhrelid where"      \
    " i.inhparent = '" table "'::regclass and c.relname !~ 'rest$'"

/* Requests, images, jobs and messages; `inserted` says how old they are, not
 * their times. */
static const char old_sql[] =
    "insert into service_request (originator, target, counter, stage, used,"
    " service, service_reference_variant, command_variant, content, received,"
    " condition, response_code, response, image_id, listed, accepted, inserted)"
    " select '90b3d51f30010000', '90b3d51f30000002', n, 1, true, 'serviceD',"
    " '11.4', 8, sha256('body'), at::timestamptz, 'accepted', 'I99', 'octets',"
    " sha256(n::text::bytea), 1, 1, day * 86400 from (values"
    " (9, '2031-05-01', 0), (1, '2000-05-11', 20), (2, '2036-05-21', 30))"
    " x (n, at, day);"
    "insert into firmware_image select sha256(n::text::bytea), sha256('m'),"
    " 'image' from (values (1), (2), (9)) x (n);"
    "insert into csp_image select 'north', image_id, '2031-05-01' from"
    " firmware_image;"
    "insert into csp_job (request_no, csp, device_type, devices, created,"
    " state, next_try, ended, reported, inserted) select request_no, 'north',"
    " 'PPMID', 1, received, 'handed_over', received, received, received,"
    " inserted from service_request;"
    "insert into alert_count select request_no, 1, 1 from service_request;"
    "insert into csp_message (csp, kind, message_id, received, inserted) values"
    " ('north', 'n', 'old', '2036-04-15', -1), ('north', 'n', 'new',"
    " '2000-05-20', 0);";

#endif
