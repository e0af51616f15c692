/* A run of the model, from the first tick to the last. */
#include "base/memory.h"
#include "fotasim/network.h"

#include <stdlib.h>

/* The installed base (section 2.5), the networks of Appendix E. How the homes
 * are divided, and what CSP South and Central carries at once, is not
 * published: a third of GB is north, and the others get twice what they need.
 */
enum {
    HOMES = 17900000,
    NORTH_PERCENT = 35,
    CELLS = 1350,
    JOB_DEVICES = 10000,
    MOST_DEVICES = 50000,
    DECIDED_EVERY = 3, /* ticks */
    MOST_RELAYED = 150000
};

static uint32_t count_scaled(uint32_t count, uint64_t scale) {
    uint64_t part = count / (scale ? scale : 1);
    return part ? (uint32_t)part : 1;
}

static bool network_open(struct network *network) {
    uint64_t scale = network->options.scale;
    network->random.state = network->options.seed;
    network->homes = count_scaled(HOMES, scale);
    network->northern =
        (uint32_t)((uint64_t)network->homes * NORTH_PERCENT / 100);
    network->cells = count_scaled(CELLS, scale);
    network->most_jobs = count_scaled((uint32_t)network->options.jobs, scale);
    network->job_devices = count_scaled(JOB_DEVICES, scale);
    network->most_devices = count_scaled(MOST_DEVICES, scale);
    network->most_relayed = count_scaled(MOST_RELAYED, scale);
    network->clock = network_clock_new();
    network->hubs = network_hubs_new(network->homes);
    if (!network_year_new(network))
        return false;
    network->again = network_again_new(network);
    for (enum network_csp csp = 0; csp < NETWORK_CSPS; csp++)
        network->flights[csp].channels =
            memory_zeros(network->cells + 1, sizeof(uint32_t));
    network->radio = network_radio_new(network);
    network->relay = network_relay_new(network);
    network->sender = network_sender_new(network);
    return true;
}

static void network_close(struct network *network) {
    if (network->year) {
        for (enum network_csp csp = 0; csp < NETWORK_CSPS; csp++)
            free(network->flights[csp].channels);
        network_again_free(network->again);
        network_sender_free(network->sender);
        network_relay_free(network->relay);
        network_radio_free(network->radio);
    }
    network_year_free(network->year);
    network_hubs_free(network->hubs);
    network_clock_free(network->clock);
    free(network->requests);
}

static void network_happen(struct network *network,
                           const struct network_event *event) {
    const struct network_update update = {event->a, event->b, event->tries};
    switch ((enum network_kind)event->kind) {
    case HAPPENS_SITTING:
        network_year_happen(network, event->a);
        break;
    case HAPPENS_AGAIN:
        network_send_failed(network, event->a, event->b);
        break;
    case HAPPENS_PART_ENDS:
        network_part_ends(network, event->a);
        break;
    case HAPPENS_PART_LATE:
        network_part_is_late(network, event->a, event->b);
        break;
    case HAPPENS_RELAY:
        network_relay_ends(network, event->a);
        break;
    case HAPPENS_OFFER:
        network_offer_again(network, event->a);
        break;
    case HAPPENS_ARRIVAL:
        network_hub_take(network, &update);
        break;
    case HAPPENS_HUB_ENDS:
        network_hub_end(network, event->a, event->b);
        break;
    case HAPPENS_ASIDE:
        network_aside_again(network, &update);
        break;
    case HAPPENS_KINDS:
        break;
    }
}

struct network_tally *network_run(const struct network_options *options) {
    struct network network = {.options = *options,
                              .tally = memory_zeros(1, sizeof *network.tally)};
    bool good = network_log_open(&network) && network_open(&network);
    for (; good && network.now < NETWORK_END; network.now++) {
        struct network_event event;
        while (network_next(network.clock, network.now, &event))
            network_happen(&network, &event);
        if (options->steered && network.now % DECIDED_EVERY == 0)
            network_decide(&network);
    }
    network_close(&network);
    good = network_log_close(&network) && good;
    if (good)
        return network.tally;
    free(network.tally);
    return NULL;
}
