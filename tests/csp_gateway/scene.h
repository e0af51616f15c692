/* The senders of fotad against scripted CSPs: north always, south if it is
 * asked for. */
#ifndef FOTAD_TESTS_CSP_GATEWAY_SCENE_H
#define FOTAD_TESTS_CSP_GATEWAY_SCENE_H

#include "support/fake_csp.h"
#include "world.h"

#include "csp_gateway/send.h"

static struct scene {
    struct world world;
    struct fake_csp *north, *south; /* south: NULL, there is none */
    struct csp_sender *sender;
} scene;

static inline void start(void) {
    scene.sender = csp_send_start(&scene.world.config);
}

static inline void stop(void) {
    csp_send_stop(scene.sender);
    scene.sender = NULL;
}

static inline void scene_open(bool with_south) {
    struct config *config = &scene.world.config;
    scene = (struct scene){.sender = NULL};
    world_open(&scene.world);
    scene.north = fake_csp_start();
    config->csps[0].base_url = fake_csp_url(scene.north);
    config->csp_count = with_south ? 2 : 1;
    if (!with_south)
        return;
    scene.south = fake_csp_start();
    config->csps[1].base_url = fake_csp_url(scene.south);
}

static inline int close_scene(void **state) {
    (void)state;
    stop();
    fake_csp_stop(scene.north);
    if (scene.south)
        fake_csp_stop(scene.south);
    world_close(&scene.world);
    return 0;
}

/* fotad's time, so much later. */
static inline const char *now_text(instant later) {
    char now[INSTANT_TEXT_SIZE];
    return arena_text(scene.world.arena,
                      span_text(instant_format(clock_now() + later, now)));
}

#endif
