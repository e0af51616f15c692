/*
 * A database with Users and requests, emulated Users that listen, and fotad's
 * delivery in the test's own process. The clock is the test's: it goes on by
 * itself and jumps where a test says so.
 */
#ifndef FOTAD_TESTS_DELIVERY_SCENE_H
#define FOTAD_TESTS_DELIVERY_SCENE_H

#include "support/check.h"
#include "support/clock.h"
#include "support/duis_signing.h"
#include "support/pg.h"
#include "support/sql.h"

#include "base/log.h"
#include "db/db.h"
#include "delivery/delivery.h"
#include "duis/library.h"
#include "fotasim/user.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define ACB 0x90B3D51F30000002
#define USER(n) (0x90B3D51F30010000 + (eui64)(n))

struct scene {
    struct arena *arena;
    struct db *db;
    struct sql *sql; /* of the same database */
    struct config config;
    struct test_identity dsp;
    struct duis_signer *signer;
    struct sim_users *users;
    struct delivery *delivery;
};

static inline void scene_sleep(instant time) {
    nanosleep(&(struct timespec){.tv_sec = time / SECOND,
                                 .tv_nsec = time % SECOND * 1000},
              NULL);
}

#define scene_sql(scene, ...) sql_do((scene)->sql, __VA_ARGS__)
/* One number. */
#define scene_count(scene, ...) sql_int((scene)->sql, __VA_ARGS__)

/* Users USER(1) to USER(count), each with an 11.4 (request_no 1 to count), and
 * the address where sim_users listens. */
static inline void scene_add_users(struct scene *scene, int count) {
    char now[INSTANT_TEXT_SIZE];
    instant_format(clock_now(), now);
    for (int i = 1; i <= count; i++) {
        char id[EUI64_TEXT_SIZE];
        eui64_format(USER(i), id);
        scene_sql(scene,
                  "insert into service_user (user_id, name, roles, status,"
                  " receive_url) values ('%s', 'User', '{IS}', 'active',"
                  " 'http://127.0.0.1:%u/user/%s')",
                  id, sim_users_port(scene->users), id);
        scene_sql(scene,
                  "insert into service_request (originator, target, counter,"
                  " stage, used, service, service_reference_variant,"
                  " command_variant, content, received, firmware_version)"
                  " values ('%s', '90-B3-D5-1F-30-00-00-02', 1000, 1, true,"
                  " 'serviceD', '11.4', 8, sha256('x'), '%s', '\\x0000002A')",
                  id, now);
    }
}

/* N61 for `count` devices from number `first` on, to USER(n). */
static inline void scene_add_alerts(struct scene *scene, int n, int first,
                                    int count) {
    char id[EUI64_TEXT_SIZE], now[INSTANT_TEXT_SIZE];
    eui64_format(USER(n), id);
    instant_format(clock_now(), now);
    scene_sql(scene,
              "insert into alert (user_id, created, code, request_no,"
              " device_id, chf_id, firmware_version, event_time, result)"
              " select '%s', '%s', 'N61', %d,"
              " ('00db12340000' || lpad(to_hex(d), 4, '0'))::macaddr8,"
              " '00-db-99-00-00-00-00-01', '\\x0000002A', '%s', 1"
              " from generate_series(%d, %d) d;"
              "insert into alert_lane (user_id) values ('%s')"
              " on conflict do nothing",
              id, now, n, now, first, first + count - 1, id);
}

/* ---- start and end ---- */

static inline struct scene *scene_new_for(int users,
                                          struct sim_users_options options) {
    struct scene *scene = calloc(1, sizeof *scene);
    const char *reason = NULL;
    scene->arena = arena_new();
    test_clock_set(0);
    log_set_level(LOG_LEVEL_ERROR);
    assert_true(config_read(&scene->config, NULL, scene->arena, &reason));
    const char *conninfo = pg_fresh_database();
    scene->config.database_conninfo = pg_as_daemon(conninfo);
    scene->config.delivery_timeout = SECOND;
    scene->db = db_open(conninfo, "delivery test");
    scene->sql = sql_open(conninfo);
    scene->dsp = test_identity_new(
        scene->arena, &(struct test_certificate){.id = ACB, .role = "89"});
    scene->signer = duis_signer_new(scene->arena, scene->dsp.key_pem,
                                    scene->dsp.certificate_pem, &reason);
    assert_non_null(scene->signer);
    options.listen = "127.0.0.1:0";
    options.certificate_pem = scene->dsp.certificate_pem;
    scene->users = sim_users_start(&options, &reason);
    assert_non_null(scene->users);
    scene_add_users(scene, users);
    return scene;
}

static inline struct scene *scene_new(int users) {
    return scene_new_for(users, (struct sim_users_options){0});
}

static inline void scene_start(struct scene *scene) {
    scene->delivery = delivery_start(&scene->config, scene->signer);
}

static inline void scene_stop(struct scene *scene) {
    delivery_stop(scene->delivery);
    scene->delivery = NULL;
}

static inline void scene_free(struct scene *scene) {
    scene_stop(scene);
    sim_users_stop(scene->users);
    db_close(scene->db);
    sql_close(scene->sql);
    arena_free(scene->arena);
    free(scene);
}

/* ---- waiting ---- */

/* Until USER(n) has taken that many messages; fails after 20 s. */
static inline void scene_wait_taken(struct scene *scene, int n,
                                    uint64_t count) {
    instant end = clock_elapsed() + 20 * SECOND;
    struct sim_counts counts;
    do {
        counts = sim_users_counts(scene->users, USER(n));
        if (counts.taken >= count)
            return;
        scene_sleep(5 * MILLISECOND);
    } while (clock_elapsed() < end);
    fail_msg("User %d has taken %ju of %ju messages", n,
             (uintmax_t)counts.taken, (uintmax_t)count);
}

static inline void scene_wait_requests(struct scene *scene, int n,
                                       uint64_t count) {
    instant end = clock_elapsed() + 20 * SECOND;
    while (sim_users_counts(scene->users, USER(n)).requests < count) {
        if (clock_elapsed() > end)
            fail_msg("User %d has not been sent %ju messages", n,
                     (uintmax_t)count);
        scene_sleep(5 * MILLISECOND);
    }
}

/* Until a question is answered with that number; fails after 20 s. */
#define scene_wait_count(scene, text, number)                                  \
    do {                                                                       \
        instant end_ = clock_elapsed() + 20 * SECOND;                          \
        while (scene_count(scene, text) != (number)) {                         \
            if (clock_elapsed() > end_)                                        \
                fail_msg("%s is %jd, not %jd", text,                           \
                         (intmax_t)scene_count(scene, text),                   \
                         (intmax_t)(number));                                  \
            scene_sleep(10 * MILLISECOND);                                     \
        }                                                                      \
    } while (0)

#endif
