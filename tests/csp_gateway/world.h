/*
 * What the tests of this room stand on: a database, two CSPs, a clock that can
 * be moved, and requests that have been accepted.
 *
 * Hubs are 00-00-00-00-00-00-10-xx (north) and -20-xx (south), the device of
 * hub n is -11-n or -21-n. Supplier 1 sends, 1 and 2 supply every home.
 */
#ifndef FOTAD_TESTS_CSP_GATEWAY_WORLD_H
#define FOTAD_TESTS_CSP_GATEWAY_WORLD_H

#include "support/check.h"
#include "support/pg.h"

#include "base/config.h"
#include "base/log.h"
#include "db/db.h"
#include "tracking/transition.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

struct world {
    struct config config;
    struct db *db;
    struct arena *arena;
};

/* ---- the clock ---- */

static int64_t *clock_offset;

/* Once, before any thread. */
static inline void own_the_clock(void) {
    char path[] = "/tmp/fotad-clock-XXXXXX";
    int fd = mkstemp(path);
    int64_t zero = 0;
    if (fd < 0 || write(fd, &zero, sizeof zero) != sizeof zero ||
        !clock_use_offset_file(path))
        abort();
    clock_offset =
        mmap(NULL, sizeof zero, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    close(fd);
    unlink(path);
}

static inline void advance(instant by) {
    __atomic_fetch_add(clock_offset, by, __ATOMIC_SEQ_CST);
}

/* ---- the database ---- */

static inline void script(struct world *world, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
static inline void script(struct world *world, const char *format, ...) {
    va_list args;
    va_start(args, format);
    const char *sql = arena_vprintf(world->arena, format, args);
    va_end(args);
    if (db_script(world->db, sql) != DONE)
        fail_msg("%s: %s", sql, db_reason(world->db));
}

/* The first column of the first row of a query that gives a text. */
static inline const char *ask(struct world *world, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
static inline const char *ask(struct world *world, const char *format, ...) {
    static char names[4096][24];
    static size_t asked;
    va_list args;
    va_start(args, format);
    const char *sql = arena_vprintf(world->arena, format, args);
    va_end(args);
    char *name = names[asked++ % 4096];
    snprintf(name, sizeof names[0], "ask_%zu", asked);
    struct db_statement *question =
        arena_zero(world->arena, 1, sizeof *question);
    *question = (struct db_statement){name, sql};
    struct db_rows *rows;
    if (db_run(world->db, question, NULL, world->arena, &rows) != DONE)
        fail_msg("%s: %s", sql, db_reason(world->db));
    return db_row_count(rows) ? db_get_text(rows, 0, 0) : "no row";
}

/* Asks until the answer is as expected, for 10 s. */
#define expect_soon(world, expected, ...)                                      \
    do {                                                                       \
        const char *got_ = "";                                                 \
        for (int try_ = 0; try_ < 1000; try_++) {                              \
            got_ = ask(world, __VA_ARGS__);                                    \
            if (strcmp(got_, expected) == 0)                                   \
                break;                                                         \
            nanosleep(&(struct timespec){.tv_nsec = 10000000}, NULL);          \
        }                                                                      \
        assert_string_equal(got_, expected);                                   \
    } while (0)

#define expect(world, expected, ...)                                           \
    assert_string_equal(ask(world, __VA_ARGS__), expected)

/* 40 homes in the north, 40 in the south, with a PPMID each. */
static const char homes[] =
    "insert into smi_device (device_id, chf_id, device_type, device_status,"
    " smets_version, csp_region)"
    " select hub, hub, 'CHF', 'Commissioned', 'SMETS2', region::csp_region"
    " from (values (16, 'North'), (32, '4G South')) r (area, region),"
    " generate_series(1, 40) n, lateral (select ('00:00:00:00:00:00:'"
    " || to_hex(area) || ':' || lpad(to_hex(n), 2, '0'))::macaddr8) h (hub);"
    "insert into smi_device (device_id, chf_id, device_type, device_status,"
    " smets_version) select ('00:00:00:00:00:00:' || to_hex(area + 1) || ':'"
    " || lpad(to_hex(n), 2, '0'))::macaddr8, ('00:00:00:00:00:00:'"
    " || to_hex(area) || ':' || lpad(to_hex(n), 2, '0'))::macaddr8,"
    " 'PPMID', 'Commissioned', 'SMETS2'"
    " from (values (16), (32)) r (area), generate_series(1, 40) n;"
    "select refresh_homes(null);";

/* An accepted 11.4 for `count` PPMIDs from the `first`, at fotad's time. */
static inline void accept_request(struct world *world, int counter,
                                  const char *csp, int first, int count) {
    char now[INSTANT_TEXT_SIZE];
    instant_format(clock_now(), now);
    int area = strcmp(csp, "north") == 0 ? 0x10 : 0x20;
    script(world,
           "insert into firmware_image values (sha256(repeat('x', "
           "5000)::bytea), sha256('m'),"
           " repeat('x', 5000)::bytea) on conflict do nothing;"
           "with r as (insert into service_request (originator, target,"
           " counter, stage, used, service, service_reference_variant,"
           " command_variant, content, received, firmware_version, image_id)"
           " values ('00:00:00:00:00:00:00:01', '90:b3:d5:1f:30:00:00:02', %d,"
           " 1, true, 'serviceD', '11.4', 8, sha256('x'), '%s', '\\x0000ab2a',"
           " sha256(repeat('x', 5000)::bytea)) returning request_no),"
           " d as (insert into tracking_live (device_id, chf_id, request_no,"
           " last_updated, release_due, status, device_type, csp,"
           " responsible_supplier_ids) select ('00:00:00:00:00:00:%x:'"
           " || lpad(to_hex(n), 2, '0'))::macaddr8, ('00:00:00:00:00:00:%x:'"
           " || lpad(to_hex(n), 2, '0'))::macaddr8, request_no, '%s',"
           " timestamptz '%s' + interval '5 days', 'AWAITING_CSP', 'PPMID',"
           " '%s', '{00:00:00:00:00:00:00:01,00:00:00:00:00:00:00:02}'"
           " from r, generate_series(%d, %d) n)"
           "insert into distribution select request_no, '%s', 'PPMID', %d, %d"
           " from r",
           counter, now, area + 1, area, now, now, csp, first,
           first + count - 1, csp, count, count);
}

/* ---- set up ---- */

static inline void configure(struct world *world) {
    const char *reason;
    if (!config_read(&world->config, NULL, world->arena, &reason))
        fail_msg("%s", reason);
    world->config.csp_count = 2;
    struct config_csp csp = {.base_url = "http://127.0.0.1:9",
                             .inbound_certificate = "",
                             .token = "ours",
                             .timeout = 400 * MILLISECOND,
                             .max_devices_per_job = 10,
                             .busy_retry = HOUR,
                             .busy_give_up = 4 * DAY};
    world->config.csps[0] = world->config.csps[1] = csp;
    world->config.csps[0].name = "north";
    world->config.csps[0].regions = "North, 4G North";
    world->config.csps[0].inbound_token = "north's";
    world->config.csps[1].name = "south";
    world->config.csps[1].regions = "South, 4G South";
    world->config.csps[1].inbound_token = "south's";
    assert_true(config_read_regions(&world->config, world->arena, &reason));
}

static inline void world_open(struct world *world) {
    *world = (struct world){.arena = arena_new()};
    configure(world);
    const char *conninfo = pg_fresh_database();
    world->config.database_conninfo = pg_as_daemon(conninfo);
    world->db = db_open(conninfo, "tests");
    assert_int_equal(tracking_hand_over(world->db), DONE);
    script(world, "%s", homes);
    log_set_level(LOG_LEVEL_ERROR);
}

static inline void world_close(struct world *world) {
    db_close(world->db);
    arena_free(world->arena);
}

#endif
