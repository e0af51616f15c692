/* What happens at the hub and in the device of a life, and what they say: by
 * the model of hub.h, by what is planned, and by what fotad sends. */
#ifndef FOTAD_FOTASIM_LIVES_WORLD_H
#define FOTAD_FOTASIM_LIVES_WORLD_H

#include "fotasim/lives.h"

/* The device as it is at `begin`; what is planned was drawn. */
void life_begin(struct life *life, instant begin);
void life_free(struct life *life);

/* All that happens up to `now`. */
void life_advance(struct life *life, instant now);

/* An update was accepted by a CSP, as part of a job, at life->updates[].taken:
 * its image is on its way. */
void life_image_comes(struct life *life, unsigned update);

/* The device joins the other hub. */
void life_move(struct life *life, instant now);

/* A command reaches the device at `now`, as life->commands[command]: 11.3 for
 * the image of that version index (LIFE_NONE: of another) at `when` (0: at
 * once), and 11.2. A device that is off says nothing. */
void life_activate(struct life *life, uint8_t version, uint8_t command,
                   instant when, instant now);
void life_read(struct life *life, uint8_t command, instant now);

/* The hub that it is joined to. */
eui64 life_hub(const struct life *life);

#endif
