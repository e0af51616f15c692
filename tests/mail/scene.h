/* For tests/mail: a database with accounts and requests, and a mail server. */
#ifndef FOTAD_TESTS_MAIL_SCENE_H
#define FOTAD_TESTS_MAIL_SCENE_H

#include "support/check.h"
#include "support/clock.h"
#include "support/fake_smtp.h"
#include "support/pg.h"
#include "support/sql.h"

#include "base/log.h"
#include "mail/mail.h"

#include <string.h>

struct scene {
    const char *conninfo;
    struct sql *sql;
    struct db *db;
    struct arena *arena;
    struct config config;
    struct fake_smtp *smtp;
};

static inline void expect(struct scene *s, const char *sql,
                          const char *expected) {
    const char *got = sql_find(s->sql, "%s", sql);
    if (strcmp(got ? got : "nothing", expected) != 0)
        fail_msg("%s\n  gave: %s\n  not:  %s", sql, got, expected);
}

/* ann and bob are suppliers, dora is of the Service Desk, otto an auditor, root
 * an administrator. */
static const char accounts_sql[] =
    "insert into service_user values"
    " ('90b3d51f30010000', 'B\xc3\xbcro & Co', '{IS,GS}', 'active');"
    "insert into account (name, role, supplier_id, created) values"
    " ('ann', 'supplier', '90b3d51f30010000', '2031-01-01'),"
    " ('bob', 'supplier', '90b3d51f30020000', '2031-01-01'),"
    " ('dora', 'service_desk', null, '2031-01-01'),"
    " ('otto', 'auditor', null, '2031-01-01'),"
    " ('root', 'administrator', null, '2031-01-01')";

static inline int scene_setup(void **state) {
    struct scene *s = calloc(1, sizeof *s);
    *state = s;
    s->conninfo = pg_fresh_database();
    s->sql = sql_open(s->conninfo);
    s->db = db_open(s->conninfo, "mail test");
    s->arena = arena_new();
    s->smtp = fake_smtp_start("127.0.0.1");
    const char *reason;
    assert_true(config_read(&s->config, NULL, s->arena, &reason));
    s->config.database_conninfo = s->conninfo;
    s->config.mail_server = fake_smtp_url(s->smtp);
    s->config.mail_from = "fotad@dsp.example";
    s->config.mail_screens = "https://fotad.example";
    log_set_level(LOG_LEVEL_NONE);
    sql_do(s->sql, "%s", accounts_sql);
    return 0;
}

static inline int scene_teardown(void **state) {
    struct scene *s = *state;
    fake_smtp_stop(s->smtp);
    db_close(s->db);
    sql_close(s->sql);
    arena_free(s->arena);
    free(s);
    return 0;
}

static inline struct mail_report run(struct scene *s, const char *now) {
    struct mail_report report;
    if (mail_run(s->db, &s->config, instant_at(now), &report) != DONE)
        fail_msg("%s: %s", now, db_reason(s->db));
    return report;
}

/* An accepted update request of the supplier 90b3d51f300<n>0000. */
static inline void add_request(struct scene *s, int supplier, int counter,
                               const char *received) {
    sql_do(s->sql,
           "insert into service_request (originator, target, counter,"
           " stage, used, service, service_reference_variant,"
           " command_variant, content, received, condition, response_code,"
           " firmware_version, image_id, listed, accepted) values"
           " ('90b3d51f300%d0000', '90b3d51f30000002', %d, 1, true,"
           " 'serviceD', '11.4', 8, sha256('x'), '%s', 'accepted', 'I99',"
           " '\\x01020304', sha256('i'), 100, 100)",
           supplier, counter, received);
}

/* Devices of the request with that counter: in progress until `due`. */
static inline void add_live(struct scene *s, int counter, int count,
                            const char *status, const char *due) {
    sql_do(s->sql,
           "insert into tracking_live (device_id, chf_id, request_no,"
           " last_updated, release_due, status, device_type, csp,"
           " responsible_supplier_ids) select ('00db' || lpad(to_hex(n +"
           " (select count(*) from tracking)), 12, '0'))::macaddr8,"
           " '00db140000000001', (select request_no from service_request"
           " where counter = %d), '2031-05-01', '%s', '%s', 'PPMID',"
           " 'north', '{}' from generate_series(1, %d) n",
           counter, due, status, count);
}

/* Devices of it that came to an end. */
static inline void add_ended(struct scene *s, int counter, int count,
                             const char *status) {
    sql_do(s->sql,
           "insert into tracking_history (device_id, chf_id, request_no,"
           " last_updated, released, status, device_type, csp,"
           " responsible_supplier_ids) select ('00db' || lpad(to_hex(n +"
           " (select count(*) from tracking)), 12, '0'))::macaddr8,"
           " '00db140000000001', (select request_no from service_request"
           " where counter = %d), '2031-05-01', '2031-05-01', '%s',"
           " 'PPMID', 'north', '{}' from generate_series(1, %d) n",
           counter, status, count);
}

/* The account wishes to hear of that, from then on. */
static inline void wish(struct scene *s, const char *account,
                        const char *wishes, const char *now) {
    expect(s,
           arena_printf(s->arena,
                        "select set_notices('%s', '%s@example.org', '{%s}',"
                        " '5 days', '%s', '%s')",
                        account, account, wishes, account, now),
           "done");
}

#endif
