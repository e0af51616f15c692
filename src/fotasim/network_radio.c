/* CSP North: a job holds a channel in each cell where it has devices, for half
 * a day; in a cell jobs wait for one in their order. */
#include "base/memory.h"
#include "fotasim/network.h"

#include <stdlib.h>

enum {
    AIR = TICKS_A_DAY / 2,      /* an image to the hubs of a cell */
    PATIENCE = 4 * TICKS_A_DAY, /* of a job for a channel: the SLA */
    NOBODY = 0                  /* no part: they are counted from 1 */
};

/* A job in one cell. */
struct part {
    struct network_updates updates;
    uint32_t job, cell, next; /* next: that waits in the cell, or is free */
    uint32_t number;          /* of its uses: a late word of an earlier one */
    bool on_air;
};

struct job {
    uint32_t left; /* parts that have not ended */
    uint32_t devices, next;
    uint8_t class;
    bool timed_out;
};

struct cell {
    uint32_t busy, first, last; /* parts on air; those that wait */
};

struct network_radio {
    struct part *parts;
    uint32_t part_count, part_size, free_part;
    struct job *jobs;
    uint32_t job_count, job_size, free_job;
    uint32_t in_flight;
    struct cell *cells; /* [network.cells + 1] */
    /* of one offer: [cell] */
    uint32_t *part_of;
};

struct network_radio *network_radio_new(struct network *network) {
    struct network_radio *radio = memory_alloc(sizeof *radio);
    *radio = (struct network_radio){.part_count = 1, .job_count = 1};
    radio->cells = memory_zeros(network->cells + 1, sizeof *radio->cells);
    radio->part_of = memory_zeros(network->cells + 1, sizeof *radio->part_of);
    return radio;
}

void network_radio_free(struct network_radio *radio) {
    for (uint32_t i = 1; i < radio->part_count; i++)
        free(radio->parts[i].updates.rows);
    free(radio->parts);
    free(radio->jobs);
    free(radio->cells);
    free(radio->part_of);
    free(radio);
}

/* ---- places ---- */

static uint32_t part_new(struct network_radio *radio) {
    uint32_t place = radio->free_part;
    if (place) {
        radio->free_part = radio->parts[place].next;
        return place;
    }
    if (radio->part_count >= radio->part_size) {
        radio->part_size = radio->part_size ? 2 * radio->part_size : 4096;
        radio->parts =
            memory_grow(radio->parts, radio->part_size * sizeof *radio->parts);
    }
    radio->parts[radio->part_count] = (struct part){.number = 0};
    return radio->part_count++;
}

static void part_free(struct network_radio *radio, uint32_t place) {
    struct part *part = &radio->parts[place];
    free(part->updates.rows);
    *part = (struct part){.number = part->number + 1, .next = radio->free_part};
    radio->free_part = place;
}

static uint32_t job_new(struct network_radio *radio) {
    uint32_t place = radio->free_job;
    if (place) {
        radio->free_job = radio->jobs[place].next;
        return place;
    }
    if (radio->job_count >= radio->job_size) {
        radio->job_size = radio->job_size ? 2 * radio->job_size : 512;
        radio->jobs =
            memory_grow(radio->jobs, radio->job_size * sizeof *radio->jobs);
    }
    return radio->job_count++;
}

/* ---- what happens ---- */

static void part_begin(struct network *network, uint32_t place) {
    struct network_radio *radio = network->radio;
    struct part *part = &radio->parts[place];
    part->on_air = true;
    radio->cells[part->cell].busy++;
    network_at(network, network->now + AIR,
               &(struct network_event){.kind = HAPPENS_PART_ENDS, .a = place});
    network->tally->channel_ticks += AIR;
    network->tally->busy_by_day[network->now / TICKS_A_DAY] += AIR;
}

static void part_wait(struct network *network, uint32_t place) {
    struct network_radio *radio = network->radio;
    struct part *part = &radio->parts[place];
    struct cell *cell = &radio->cells[part->cell];
    if (cell->first)
        radio->parts[cell->last].next = place;
    else
        cell->first = place;
    cell->last = place;
    part->next = NOBODY;
    network_at(network, network->now + PATIENCE,
               &(struct network_event){
                   .kind = HAPPENS_PART_LATE, .a = place, .b = part->number});
}

static void cell_go_on(struct network *network, uint32_t number) {
    struct network_radio *radio = network->radio;
    struct cell *cell = &radio->cells[number];
    while (cell->first && cell->busy < network->options.channels) {
        uint32_t place = cell->first;
        cell->first = radio->parts[place].next;
        part_begin(network, place);
    }
}

/* One of its parts has ended, so or so. */
static void job_step(struct network *network, uint32_t place) {
    struct network_radio *radio = network->radio;
    struct job *job = &radio->jobs[place];
    if (--job->left)
        return;
    network_add(network->tally, COUNT_TIMED_OUT, job->timed_out);
    radio->in_flight--;
    network_flight_ends(&network->flights[NETWORK_NORTH], job->class,
                        job->devices);
    job->next = radio->free_job;
    radio->free_job = place;
}

void network_part_ends(struct network *network, uint32_t place) {
    struct network_radio *radio = network->radio;
    struct part part = radio->parts[place];
    radio->cells[part.cell].busy--;
    network_channel_ends(&network->flights[NETWORK_NORTH], part.cell);
    for (uint32_t i = 0; i < part.updates.count; i++)
        network_hub_take(network, &part.updates.rows[i]);
    part_free(radio, place);
    cell_go_on(network, part.cell);
    job_step(network, part.job);
}

static void updates_fail(struct network *network,
                         const struct network_updates *updates) {
    network_add(network->tally, COUNT_FAILED, updates->count);
    for (uint32_t i = 0; i < updates->count; i++) {
        network_hub_forget(network, &updates->rows[i]);
        network_fail(network, &updates->rows[i]);
    }
}

static void part_drop(struct network_radio *radio, uint32_t place) {
    struct cell *cell = &radio->cells[radio->parts[place].cell];
    uint32_t *at = &cell->first, before = NOBODY;
    while (*at != place) {
        before = *at;
        at = &radio->parts[*at].next;
    }
    *at = radio->parts[place].next;
    if (cell->last == place)
        cell->last = before;
}

void network_part_is_late(struct network *network, uint32_t place,
                          uint32_t number) {
    struct network_radio *radio = network->radio;
    struct part *part = &radio->parts[place];
    if (part->number != number || part->on_air)
        return;
    part_drop(radio, place);
    struct job *job = &radio->jobs[part->job];
    job->timed_out = true;
    updates_fail(network, &part->updates);
    uint32_t of = part->job;
    network_channel_ends(&network->flights[NETWORK_NORTH], part->cell);
    part_free(radio, place);
    job_step(network, of);
}

/* ---- a job ---- */

static void job_reject(struct network *network, struct network_updates *updates,
                       uint8_t class) {
    network_add(network->tally, COUNT_REJECTED, 1);
    updates_fail(network, updates);
    network_flight_ends(&network->flights[NETWORK_NORTH], class,
                        updates->count);
    free(updates->rows);
}

static void job_divide(struct network *network, uint32_t place,
                       const struct network_updates *updates) {
    struct network_radio *radio = network->radio;
    for (uint32_t i = 0; i < updates->count; i++) {
        uint32_t cell = network_cell_of(network, updates->rows[i].home);
        if (!radio->part_of[cell]) {
            radio->part_of[cell] = part_new(radio);
            struct part *part = &radio->parts[radio->part_of[cell]];
            part->job = place;
            part->cell = cell;
            radio->jobs[place].left++;
        }
        network_updates_add(&radio->parts[radio->part_of[cell]].updates,
                            &updates->rows[i]);
    }
}

void network_radio_take(struct network *network,
                        struct network_updates *updates, uint8_t class) {
    struct network_radio *radio = network->radio;
    network_add(network->tally, COUNT_JOBS_NORTH, 1);
    if (radio->in_flight >= network->most_jobs) {
        job_reject(network, updates, class);
        return;
    }
    uint32_t place = job_new(radio);
    radio->jobs[place] =
        (struct job){.devices = updates->count, .class = class};
    radio->in_flight++;
    job_divide(network, place, updates);
    for (uint32_t i = 0; i < updates->count; i++) {
        uint32_t cell = network_cell_of(network, updates->rows[i].home);
        uint32_t part = radio->part_of[cell];
        radio->part_of[cell] = NOBODY;
        if (!part)
            continue;
        part_wait(network, part);
        cell_go_on(network, cell);
    }
    free(updates->rows);
}
