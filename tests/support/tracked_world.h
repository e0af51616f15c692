/*
 * A fresh database with the transition table and some SQL of the test's own,
 * for cmocka setup and teardown: *state is a struct world.
 */
#ifndef FOTAD_TESTS_TRACKED_WORLD_H
#define FOTAD_TESTS_TRACKED_WORLD_H

#include "support/check.h"
#include "support/pg.h"

#include "db/db.h"
#include "tracking/transition.h"

struct world {
    const char *conninfo;
    struct db *db;
    struct arena *arena;
};

static inline void script(struct world *world, const char *sql) {
    if (db_script(world->db, sql) != DONE)
        fail_msg("%s: %s", sql, db_reason(world->db));
}

static inline int world_open(void **state, const char *sql) {
    static struct world world;
    world.arena = arena_new();
    world.conninfo = pg_fresh_database();
    world.db = db_open(world.conninfo, "tests");
    assert_int_equal(tracking_hand_over(world.db), DONE);
    script(&world, sql);
    *state = &world;
    return 0;
}

static inline int world_close(void **state) {
    struct world *world = *state;
    if (world) {
        db_close(world->db);
        arena_free(world->arena);
    }
    return 0;
}

#endif
