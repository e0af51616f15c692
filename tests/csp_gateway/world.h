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
#include "support/clock.h"
#include "support/pg.h"
#include "support/sql.h"

#include "base/config.h"
#include "base/log.h"
#include "db/db.h"
#include "tracking/transition.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

struct world {
    struct config config;
    struct db *db;
    struct sql *sql; /* of the same database */
    struct arena *arena;
};

#define script(world, ...) sql_do((world)->sql, __VA_ARGS__)
#define ask(world, ...) sql_text((world)->sql, __VA_ARGS__)
#define expect(world, expected, ...)                                           \
    sql_expect((world)->sql, expected, __VA_ARGS__)
#define expect_soon(world, expected, ...)                                      \
    sql_expect_soon((world)->sql, expected, __VA_ARGS__)

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
           "insert into distribution (request_no, csp, device_type, devices,"
           " unassigned, ready, sender, image_hash) select request_no, '%s',"
           " 'PPMID', %d, %d, %d, '00:00:00:00:00:00:00:01', sha256('m')"
           " from r",
           counter, now, area + 1, area, now, now, csp, first,
           first + count - 1, csp, count, count, count);
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
                             .shared_jobs = true,
                             .busy_retry = HOUR,
                             .busy_give_up = 4 * DAY};
    world->config.csps[0] = world->config.csps[1] = csp;
    world->config.csps[0].name = "north";
    world->config.csps[0].regions = "North, 4G North";
    world->config.csps[0].inbound_token = "north's";
    world->config.csps[1].name = "south";
    world->config.csps[1].regions = "South, 4G South";
    world->config.csps[1].inbound_token = "south's";
    config_set_regions(&world->config);
}

static inline void world_open(struct world *world) {
    *world = (struct world){.arena = arena_new()};
    configure(world);
    const char *conninfo = pg_tracking_database();
    world->config.database_conninfo = pg_as_daemon(conninfo);
    world->db = db_open(conninfo, "tests");
    world->sql = sql_open(conninfo);
    script(world, "%s", homes);
    log_set_level(LOG_LEVEL_ERROR);
}

static inline void world_close(struct world *world) {
    db_close(world->db);
    sql_close(world->sql);
    arena_free(world->arena);
}

#endif
