/* What is planned for a device: drawn by seed, and as text for people. */
#ifndef FOTAD_FOTASIM_LIVES_PLAN_H
#define FOTAD_FOTASIM_LIVES_PLAN_H

#include "base/buffer.h"
#include "fotasim/lives.h"

/* A life begins within so many days, and all that is planned ends so many days
 * after the run began, messages that are late included. */
enum { LIVES_BEGIN_WITHIN = 20, LIVES_DAYS = 90, LIVES_MOST_LATE = 20 };

/* Fills in life->plan: always the same for the same seed, number of the life
 * and kind of device. */
void life_draw(struct life *life, uint64_t seed);

/* "reset, then the same again" */
const char *life_kind_name(const struct life *life);

/* A number below `below` that follows from the life's chance and what it is
 * for. */
unsigned life_chance(const struct life *life, unsigned what, unsigned below);

/* The event of that kind that an update (or what else `number` counts) has;
 * NULL: none. */
const struct life_event *life_event_of(const struct life *life,
                                       enum life_event_kind kind,
                                       unsigned number);
/* The same of a message. */
const struct life_event *life_event_said(const struct life *life,
                                         enum life_event_kind kind,
                                         enum life_said said, unsigned number);

/* Is it done at a time (and so in order, before all that is not)? */
bool life_event_is_timed(const struct life_event *event);

/* A line for each event. */
void life_print_plan(const struct life *life, struct buffer *out);

#endif
