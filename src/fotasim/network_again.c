/* What failed, by User and image, until it is sent again. */
#include "base/memory.h"
#include "fotasim/network.h"

#include <stdlib.h>

struct network_again {
    size_t count;
    struct network_updates lists[]; /* [user * pools + pool] */
};

void network_updates_add(struct network_updates *updates,
                         const struct network_update *update) {
    if (updates->count == updates->size) {
        updates->size = updates->size ? 2 * updates->size : 2;
        updates->rows =
            memory_grow(updates->rows, updates->size * sizeof *updates->rows);
    }
    updates->rows[updates->count++] = *update;
}

struct network_again *network_again_new(const struct network *network) {
    size_t count = (size_t)network->users * network->pools;
    struct network_again *again =
        memory_zeros(1, sizeof *again + count * sizeof(struct network_updates));
    again->count = count;
    return again;
}

void network_again_free(struct network_again *again) {
    for (size_t i = 0; i < again->count; i++)
        free(again->lists[i].rows);
    free(again);
}

void network_fail(struct network *network,
                  const struct network_update *update) {
    const struct network_request *request = &network->requests[update->request];
    struct network_update again = *update;
    network_log(network, STEP_FAILED, update);
    if (++again.tries >= NETWORK_TRIES) {
        network_add(network->tally, COUNT_LOST, 1);
        return;
    }
    struct network_updates *list =
        &network->again->lists[request->user * network->pools + request->pool];
    if (!list->count)
        network_at(
            network, network->now + (tick)network->options.resend * TICKS_A_DAY,
            &(struct network_event){
                .kind = HAPPENS_AGAIN, .a = request->user, .b = request->pool});
    network_updates_add(list, &again);
}

struct network_updates network_again_take(struct network *network,
                                          uint32_t user, uint32_t pool) {
    struct network_updates *list =
        &network->again->lists[user * network->pools + pool];
    struct network_updates failed = *list;
    *list = (struct network_updates){.rows = NULL};
    return failed;
}
