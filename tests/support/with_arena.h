/* An arena of each test's own, for cmocka_unit_test_setup_teardown() or a
 * group. */
#ifndef FOTAD_TESTS_WITH_ARENA_H
#define FOTAD_TESTS_WITH_ARENA_H

#include "base/arena.h"

static struct arena *arena;

static int set_up(void **state) {
    (void)state;
    arena = arena_new();
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    arena_free(arena);
    return 0;
}

#endif
