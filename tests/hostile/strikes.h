/* Tables of hostile requests, each row sent under siege. */
#ifndef FOTAD_TESTS_HOSTILE_STRIKES_H
#define FOTAD_TESTS_HOSTILE_STRIKES_H

#include "hostile/siege.h"
#include "request/refusal.h"

static void strike(struct siege *s, const struct row *row, struct span body) {
    struct answer answer =
        gateway_post_raw(s->gateway, s->arena, "serviceD", body);
    check_says(s->gateway, row, &answer);
    gateway_check(s->gateway, s->arena, body, &answer);
    siege_holds(s, row->sent);
}

/* In one shape of signatures; what is sound in it is no strike. */
static void strike_rows(const struct row *rows, size_t count,
                        const char *shape) {
    bool strict = strcmp(shape, "strict") == 0;
    struct scene scene = set_scene(shape);
    struct siege siege;
    siege_begin(&siege, scene.gateway);
    for (size_t i = 0; i < count; i++)
        if (strict || !rows[i].common)
            strike(&siege, &rows[i], prepare(&scene, &rows[i]));
    siege_end(&siege);
    gateway_free(scene.gateway);
}

/* The test `name` sends the table `rows`, in either shape. */
#define STRIKES(name, rows)                                                    \
    static void name(void **state) {                                           \
        (void)state;                                                           \
        strike_rows(rows, sizeof rows / sizeof *rows, "common");               \
        strike_rows(rows, sizeof rows / sizeof *rows, "strict");               \
    }

#endif
