/* What a CSP has room for, while a decision is made. For this room only. */
#ifndef FOTAD_DISPATCH_ROOM_H
#define FOTAD_DISPATCH_ROOM_H

#include "dispatch/dispatch.h"

struct dispatch_room {
    instant now;
    const struct dispatch_limits *limits;
    struct dispatch_pace pace;
    struct dispatch_flight flight; /* with what was decided */
    bool others_wait;              /* HCALCS or PPMID */
    instant next;                  /* see struct dispatch_decision */
};

void room_open(const struct dispatch_input *input, bool others_wait,
               struct dispatch_room *room);

/* For a job more of that class? DISPATCH_GOES, or why not. */
enum dispatch_reason room_for_job(struct dispatch_room *room,
                                  enum dispatch_class class);

/* How many devices it may have. */
uint32_t room_for_devices(const struct dispatch_room *room,
                          enum dispatch_class class);

/* A job of so many devices goes. */
void room_take(struct dispatch_room *room, enum dispatch_class class,
               uint32_t devices);

/* Something changes then by time alone. */
void room_changes_at(struct dispatch_room *room, instant when);

#endif
