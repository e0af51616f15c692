/* Groups that wait, in the lists that a decision goes by. For this room only.
 */
#ifndef FOTAD_DISPATCH_QUEUE_H
#define FOTAD_DISPATCH_QUEUE_H

#include "dispatch/dispatch.h"

/* Groups of one list, the oldest first; those before `next` are done with. */
struct dispatch_list {
    uint32_t *groups;
    uint32_t count, next;
};

struct dispatch_pool {
    struct dispatch_list list;
    uint64_t left; /* devices of the list's groups */
    instant since; /* of the oldest */
};

/* All that waits. */
struct dispatch_queue {
    const struct dispatch_input *input;
    struct dispatch_list *users[DISPATCH_CLASSES];
    struct dispatch_pool *pools;
    uint32_t *left; /* [group] */
    uint8_t *waits; /* [group]: enum dispatch_reason once that is known for the
                     * whole decision, so that it is not tried again */
    bool others_wait;
};

void queue_make(const struct dispatch_input *input, struct arena *arena,
                struct dispatch_queue *queue);

/* The first group of the list that is neither sent nor known to wait, or
 * UINT32_MAX. */
uint32_t queue_first(const struct dispatch_queue *queue,
                     struct dispatch_list *list);

/* Does what waits in the group's pool go without company? Else *until is when
 * it would. */
bool queue_gathered(const struct dispatch_queue *queue, uint32_t group,
                    instant *until);

#endif
