/* Who sends to the CSPs: as it was, each request at once as its own jobs; or
 * steered, as src/dispatch decides. */
#include "base/memory.h"
#include "dispatch/dispatch.h"
#include "fotasim/network.h"

#include <stdlib.h>

/* Jobs of one decision; fotad makes 16 of them at a time, and then more. */
enum { JOBS_TOGETHER = 400 };
/* A busy CSP's long retry: every hour, four days. */
enum { LONG_RETRY = TICKS_AN_HOUR, MOST_RETRIES = 4 * 24 };
/* What waits for a hub is looked at again. */
enum { ASIDE = 6 * TICKS_AN_HOUR };

/* What waits: of one User, image and cell. */
struct group {
    struct network_updates updates;
    uint32_t user, pool, cell, request_devices;
    uint8_t class;
    tick since;
};

/* One CSP, as who sends sees it. */
struct side {
    struct group *groups; /* oldest first */
    uint32_t count, size;
    struct dispatch_pace pace;
    struct dispatch_user *users;
    size_t turn;
    instant next;
};

/* A job that the CSP was too busy for, as it was. */
struct retried {
    struct network_updates updates;
    uint32_t tries, next; /* next: that is free */
    uint8_t class;
};

struct network_sender {
    struct side sides[NETWORK_CSPS];
    struct retried *retried;
    uint32_t retried_count, retried_size, free_retried;
    struct arena *arena;
};

/* First tries of requests with one device. */
static void singles_note(struct network *network,
                         const struct network_updates *updates) {
    struct network_delays *delays = &network->tally->handed_single;
    for (uint32_t i = 0; i < updates->count; i++) {
        const struct network_request *request =
            &network->requests[updates->rows[i].request];
        if (request->devices != 1 || updates->rows[i].tries)
            continue;
        delays->counts[network->now - request->received]++;
        delays->total++;
    }
}

static bool csp_offer(struct network *network, enum network_csp csp,
                      struct network_updates *updates, uint8_t class) {
    if (csp == NETWORK_SOUTH && !network_relay_has_room(network, updates))
        return false;
    for (uint32_t i = 0; i < updates->count; i++)
        network_log(network, STEP_TAKEN, &updates->rows[i]);
    for (uint32_t i = 0; i < updates->count; i++)
        network_hub_expect(network, &updates->rows[i]);
    singles_note(network, updates);
    network->flights[csp].jobs[class]++;
    network->flights[csp].devices[class] += updates->count;
    if (csp == NETWORK_NORTH)
        network_radio_take(network, updates, class);
    else
        network_relay_take(network, updates, class);
    return true;
}

static uint8_t class_of(const struct network *network,
                        const struct network_update *update) {
    return network->requests[update->request].type == NETWORK_PPMID
               ? DISPATCH_OTHERS
               : DISPATCH_METERS;
}

/* ---- as it was ---- */

static void retried_keep(struct network *network,
                         const struct network_updates *updates, uint8_t class) {
    struct network_sender *sender = network->sender;
    uint32_t place = sender->free_retried;
    if (place) {
        sender->free_retried = sender->retried[place].next;
    } else {
        if (sender->retried_count >= sender->retried_size) {
            sender->retried_size =
                sender->retried_size ? 2 * sender->retried_size : 64;
            sender->retried =
                memory_grow(sender->retried,
                            sender->retried_size * sizeof *sender->retried);
        }
        place = sender->retried_count++;
    }
    sender->retried[place] =
        (struct retried){.updates = *updates, .class = class};
    network_at(network, network->now + LONG_RETRY,
               &(struct network_event){.kind = HAPPENS_OFFER, .a = place});
}

void network_offer_again(struct network *network, uint32_t place) {
    struct network_sender *sender = network->sender;
    struct retried *job = &sender->retried[place];
    bool taken = csp_offer(network, NETWORK_SOUTH, &job->updates, job->class);
    if (!taken && ++job->tries < MOST_RETRIES) {
        network_at(network, network->now + LONG_RETRY,
                   &(struct network_event){.kind = HAPPENS_OFFER, .a = place});
        return;
    }
    if (!taken) {
        network_add(network->tally, COUNT_GIVEN_UP, 1);
        network_add(network->tally, COUNT_FAILED, job->updates.count);
        for (uint32_t i = 0; i < job->updates.count; i++)
            network_fail(network, &job->updates.rows[i]);
        free(job->updates.rows);
    }
    *job = (struct retried){.next = sender->free_retried};
    sender->free_retried = place;
}

static void job_offer(struct network *network, enum network_csp csp,
                      struct network_updates *job, uint8_t class) {
    if (job->count && !csp_offer(network, csp, job, class))
        retried_keep(network, job, class);
    *job = (struct network_updates){.rows = NULL};
}

static void send_as_it_was(struct network *network,
                           const struct network_update *rows, uint32_t count) {
    struct network_updates jobs[NETWORK_CSPS] = {{.rows = NULL}};
    uint8_t class = class_of(network, rows);
    for (uint32_t i = 0; i < count; i++) {
        enum network_csp csp = network_csp_of(network, rows[i].home);
        network_updates_add(&jobs[csp], &rows[i]);
        if (jobs[csp].count == network->job_devices)
            job_offer(network, csp, &jobs[csp], class);
    }
    for (enum network_csp csp = 0; csp < NETWORK_CSPS; csp++)
        job_offer(network, csp, &jobs[csp], class);
}

/* ---- steered: what waits ---- */

static struct group *group_new(struct side *side) {
    if (side->count == side->size) {
        side->size = side->size ? 2 * side->size : 1024;
        side->groups =
            memory_grow(side->groups, side->size * sizeof *side->groups);
    }
    return &side->groups[side->count++];
}

static bool goes_into(const struct side *side, uint32_t from,
                      const struct network_request *request, uint32_t cell) {
    const struct group *last = &side->groups[side->count - 1];
    return side->count > from && last->user == request->user &&
           last->pool == request->pool && last->cell == cell;
}

/* Into a group of those from `from`, or a new one. */
static void update_wait(struct network *network,
                        const struct network_update *update, uint32_t from) {
    const struct network_request *request = &network->requests[update->request];
    struct side *side =
        &network->sender->sides[network_csp_of(network, update->home)];
    uint32_t cell =
        network->options.blind ? 0 : network_cell_of(network, update->home);
    if (!goes_into(side, from, request, cell))
        *group_new(side) = (struct group){.user = request->user,
                                          .pool = request->pool,
                                          .cell = cell,
                                          .request_devices = request->devices,
                                          .class = class_of(network, update),
                                          .since = network->now};
    network_hub_expect(network, update);
    network->flights[network_csp_of(network, update->home)].changed = true;
    network_updates_add(&side->groups[side->count - 1].updates, update);
}

static void update_put_aside(struct network *network,
                             const struct network_update *update) {
    network_at(network, network->now + ASIDE,
               &(struct network_event){.kind = HAPPENS_ASIDE,
                                       .tries = update->tries,
                                       .a = update->home,
                                       .b = update->request});
}

void network_aside_again(struct network *network,
                         const struct network_update *update) {
    const struct side *side =
        &network->sender->sides[network_csp_of(network, update->home)];
    bool joins =
        side->count && side->groups[side->count - 1].since == network->now;
    if (network_hub_is_taken(network, update))
        update_put_aside(network, update);
    else
        update_wait(network, update, side->count - joins);
}

static int by_home(const void *a, const void *b) {
    const struct network_update *x = a, *y = b;
    return x->home < y->home ? -1 : x->home > y->home;
}

static void send_steered(struct network *network, struct network_update *rows,
                         uint32_t count) {
    uint32_t from[NETWORK_CSPS];
    for (enum network_csp csp = 0; csp < NETWORK_CSPS; csp++)
        from[csp] = network->sender->sides[csp].count;
    qsort(rows, count, sizeof *rows, by_home); /* which is by cell */
    for (uint32_t i = 0; i < count; i++)
        if (network_hub_is_taken(network, &rows[i]))
            update_put_aside(network, &rows[i]);
        else
            update_wait(network, &rows[i],
                        from[network_csp_of(network, rows[i].home)]);
}

void network_send(struct network *network, struct network_update *rows,
                  uint32_t count) {
    for (uint32_t i = 0; i < count; i++)
        network_log(network, STEP_SENT, &rows[i]);
    if (network->options.steered)
        send_steered(network, rows, count);
    else
        send_as_it_was(network, rows, count);
}

/* ---- steered: what goes ---- */

static struct dispatch_input input_of(const struct network *network,
                                      enum network_csp csp) {
    struct side *side = &network->sender->sides[csp];
    const struct network_flight *flight = &network->flights[csp];
    bool north = csp == NETWORK_NORTH;
    struct dispatch_input input = {
        .now = network->now * NETWORK_TICK,
        .limits = {.jobs = !north ? 0
                           : network->options.offer
                               ? (uint32_t)network->options.offer
                               : network->most_jobs,
                   .job_devices = network->job_devices,
                   .cell_channels =
                       north ? (uint32_t)network->options.channels : 0,
                   .gather = (instant)network->options.gather * MINUTE},
        .pace = side->pace,
        .flight = {.jobs = {flight->jobs[0], flight->jobs[1]},
                   .devices = {flight->devices[0], flight->devices[1]}},
        .group_count = side->count,
        .pool_count = network->pools,
        .users = side->users,
        .user_count = network->users,
        .turn = side->turn,
        .channels = north ? flight->channels : NULL,
        .cell_count = north ? network->cells + 1 : 0,
        .most_jobs = JOBS_TOGETHER,
        .most_devices = UINT32_MAX};
    struct dispatch_group *groups =
        arena_zero(network->sender->arena, side->count + 1, sizeof *groups);
    for (uint32_t i = 0; i < side->count; i++) {
        const struct group *group = &side->groups[i];
        groups[i] = (struct dispatch_group){
            .user = group->user,
            .pool = group->pool,
            .cell = group->cell,
            .ready = group->updates.count,
            .request_devices = group->request_devices,
            .class = (enum dispatch_class)group->class,
            .since = (instant)group->since * NETWORK_TICK};
    }
    input.groups = groups;
    return input;
}

/* The last of the group's, to the end of the job's; or back. */
static void updates_move(struct network_updates *from,
                         struct network_updates *to, uint32_t count) {
    for (uint32_t i = 0; i < count; i++)
        network_updates_add(to, &from->rows[--from->count]);
}

static bool job_send(struct network *network, enum network_csp csp,
                     const struct dispatch_job *job) {
    struct side *side = &network->sender->sides[csp];
    uint8_t class = side->groups[job->parts[0].group].class;
    struct network_updates updates = {.rows = NULL};
    for (size_t i = 0; i < job->part_count; i++)
        updates_move(&side->groups[job->parts[i].group].updates, &updates,
                     job->parts[i].devices);
    if (csp_offer(network, csp, &updates, class)) {
        dispatch_taken(&side->pace);
        return true;
    }
    for (size_t i = job->part_count; i-- > 0;)
        updates_move(&updates, &side->groups[job->parts[i].group].updates,
                     job->parts[i].devices);
    free(updates.rows);
    return false;
}

static void groups_tidy(struct side *side) {
    uint32_t kept = 0;
    for (uint32_t i = 0; i < side->count; i++)
        if (side->groups[i].updates.count)
            side->groups[kept++] = side->groups[i];
        else
            free(side->groups[i].updates.rows);
    side->count = kept;
}

/* True: something went, and more may. */
static bool side_decide(struct network *network, enum network_csp csp) {
    struct side *side = &network->sender->sides[csp];
    arena_reset(network->sender->arena);
    struct dispatch_input input = input_of(network, csp);
    struct dispatch_decision decision;
    if (dispatch_closed(&input, &side->next))
        return false;
    dispatch_decide(&input, network->sender->arena, &decision);
    side->pace = decision.pace;
    side->turn = decision.turn;
    side->next = decision.next;
    size_t sent = 0;
    while (sent < decision.job_count &&
           job_send(network, csp, &decision.jobs[sent]))
        sent++;
    if (sent < decision.job_count)
        dispatch_busy(&side->pace, (uint32_t)(decision.job_count), input.now, 0,
                      HOUR);
    if (sent < decision.job_count)
        side->next = side->pace.paused_until;
    groups_tidy(side);
    return sent && sent == decision.job_count;
}

void network_decide(struct network *network) {
    for (enum network_csp csp = 0; csp < NETWORK_CSPS; csp++) {
        const struct side *side = &network->sender->sides[csp];
        bool *changed = &network->flights[csp].changed;
        if (!side->count ||
            (!*changed && side->next > network->now * NETWORK_TICK))
            continue;
        *changed = false;
        while (side_decide(network, csp))
            continue;
    }
}

/* ---- what failed ---- */

/* As requests of at most 50,000. */
void network_send_failed(struct network *network, uint32_t user,
                         uint32_t pool) {
    enum { MOST = 50000 };
    struct network_updates failed = network_again_take(network, user, pool);
    network_add(network->tally, COUNT_SENT_AGAIN, failed.count);
    for (uint32_t i = 0; i < failed.count; i += MOST)
        network_send(network, &failed.rows[i],
                     failed.count - i < MOST ? failed.count - i : MOST);
    free(failed.rows);
}

/* ---- start and end ---- */

struct network_sender *network_sender_new(struct network *network) {
    struct network_sender *sender = memory_zeros(1, sizeof *sender);
    sender->arena = arena_new();
    sender->retried_count = 1;
    for (enum network_csp csp = 0; csp < NETWORK_CSPS; csp++) {
        struct side *side = &sender->sides[csp];
        side->users = memory_zeros(network->users + 1, sizeof *side->users);
    }
    return sender;
}

static void side_free(struct side *side) {
    for (uint32_t i = 0; i < side->count; i++)
        free(side->groups[i].updates.rows);
    free(side->groups);
    free(side->users);
}

void network_sender_free(struct network_sender *sender) {
    for (enum network_csp csp = 0; csp < NETWORK_CSPS; csp++)
        side_free(&sender->sides[csp]);
    for (uint32_t i = 1; i < sender->retried_count; i++)
        free(sender->retried[i].updates.rows);
    free(sender->retried);
    arena_free(sender->arena);
    free(sender);
}
