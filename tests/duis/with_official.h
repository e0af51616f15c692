/* The room open beside the official schema, if that is there, and an arena, for
 * a group of tests. */
#ifndef FOTAD_TESTS_DUIS_WITH_OFFICIAL_H
#define FOTAD_TESTS_DUIS_WITH_OFFICIAL_H

#include "base/arena.h"
#include "duis/library.h"
#include "support/duis_check.h"

static struct arena *arena;
static bool has_official_schema;

static int open_beside_official(void **state) {
    (void)state;
    arena = arena_new();
    has_official_schema = official_schema_open();
    return duis_open() ? 0 : -1;
}

static int close_beside_official(void **state) {
    (void)state;
    official_schema_close();
    duis_close();
    arena_free(arena);
    return 0;
}

#endif
