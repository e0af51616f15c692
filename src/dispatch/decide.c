#include "dispatch/queue.h"
#include "dispatch/room.h"

#include <string.h>

/* Devices that a User may send in a turn. */
enum { QUANTUM = 1000 };

/* A job holds channels, however few devices it has: it weighs as so many
 * more. */
enum { WEIGHT_OF_JOB = 100 };

/* Of the devices in flight that are free, a job waits for so much (one part of
 * its full size) rather than be cut shorter. */
enum { SHORTEST_CUT = 10 };

/* How long a group waits until it goes before others, one of a request of few
 * devices half as long. */
#define OVERDUE (DAY / 2)
enum { FEW = 10 };

/* A decision in the making. */
struct making {
    const struct dispatch_input *input;
    struct arena *arena;
    struct dispatch_queue queue;
    struct dispatch_room room;
    struct dispatch_decision *decision;
    struct dispatch_job *jobs;
    struct dispatch_part *parts; /* of the job in the making */
    uint64_t devices;            /* of the jobs */
    size_t meter_jobs;           /* of them, those of meters */
    /* [cell]: the job that last used it, counted from 1 */
    uint32_t *cell_job;
};

/* ---- a job ---- */

struct job_making {
    struct dispatch_part *parts;
    uint32_t part_count;
    uint32_t devices, most;
};

/* A job in that cell holds a channel, once. False: it has none. */
static bool cell_take(struct making *making, uint32_t cell) {
    const struct dispatch_input *input = making->input;
    uint32_t number = (uint32_t)making->decision->job_count + 1;
    if (!cell || !input->channels || making->cell_job[cell] == number)
        return true;
    if (input->limits.cell_channels &&
        input->channels[cell] >= input->limits.cell_channels)
        return false;
    input->channels[cell]++;
    making->cell_job[cell] = number;
    return true;
}

/* As many of the group as still go into the job. */
static void job_add(struct making *making, struct job_making *job,
                    uint32_t group) {
    const struct dispatch_group *from = &making->input->groups[group];
    uint32_t *left = &making->queue.left[group];
    if (!cell_take(making, from->cell)) {
        making->queue.waits[group] = DISPATCH_CELL;
        making->queue.pools[from->pool].left -= *left;
        return;
    }
    uint32_t rest = job->most - job->devices;
    uint32_t devices = *left < rest ? *left : rest;
    job->parts[job->part_count++] = (struct dispatch_part){group, devices};
    *left -= devices;
    job->devices += devices;
    making->queue.pools[from->pool].left -= devices;
    making->input->users[from->user].deficit -= devices;
}

/* That group first, then what else waits in its pool. */
static void job_fill(struct making *making, struct job_making *job,
                     uint32_t first) {
    struct dispatch_list *list =
        &making->queue.pools[making->input->groups[first].pool].list;
    uint32_t group;
    job_add(making, job, first);
    if (!job->devices)
        return;
    while (job->devices < job->most &&
           (group = queue_first(&making->queue, list)) != UINT32_MAX)
        job_add(making, job, group);
}

/* Would it be cut too short by the devices in flight? */
static bool job_waits_for_room(const struct making *making,
                               const struct dispatch_group *from,
                               uint32_t most) {
    return most < making->queue.pools[from->pool].left &&
           most < making->input->limits.job_devices / SHORTEST_CUT;
}

static const struct dispatch_part *parts_keep(struct making *making,
                                              const struct job_making *job) {
    size_t octets = job->part_count * sizeof *job->parts;
    return memcpy(arena_alloc(making->arena, octets), job->parts, octets);
}

/* A job that begins with the group, if it may. False: the group waits. */
static bool job_make(struct making *making, uint32_t group) {
    const struct dispatch_group *from = &making->input->groups[group];
    struct dispatch_queue *queue = &making->queue;
    struct job_making job = {.parts = making->parts,
                             .most =
                                 room_for_devices(&making->room, from->class)};
    instant until;
    if (!queue_gathered(queue, group, &until)) {
        room_changes_at(&making->room, until);
        queue->waits[group] = DISPATCH_GATHER;
        return false;
    }
    if (job_waits_for_room(making, from, job.most)) {
        queue->waits[group] = DISPATCH_DEVICES;
        return false;
    }
    job_fill(making, &job, group);
    if (!job.devices)
        return false;
    making->input->users[from->user].deficit -= WEIGHT_OF_JOB;
    making->devices += job.devices;
    room_take(&making->room, from->class, job.devices);
    making->jobs[making->decision->job_count++] =
        (struct dispatch_job){.parts = parts_keep(making, &job),
                              .part_count = job.part_count,
                              .devices = job.devices};
    return true;
}

/* ---- whose turn it is ---- */

/* A round of the Users: the next job of that class. False: of nobody. */
static bool class_next(struct making *making, enum dispatch_class class) {
    const struct dispatch_input *input = making->input;
    size_t *turn = &making->decision->turn, idle = 0;
    while (idle < input->user_count) {
        struct dispatch_user *user = &input->users[*turn];
        uint32_t group =
            queue_first(&making->queue, &making->queue.users[class][*turn]);
        if (group == UINT32_MAX) {
            idle++;
        } else if (user->deficit <= 0) {
            user->deficit += QUANTUM;
            idle = 0;
        } else if (job_make(making, group)) {
            return true;
        } else {
            continue; /* with his next group */
        }
        *turn = (*turn + 1) % input->user_count;
    }
    return false;
}

/* One job of each decision is left to HCALCS and PPMID, whatever the meters
 * have. */
static bool decision_is_full(const struct making *making,
                             enum dispatch_class class) {
    const struct dispatch_input *input = making->input;
    bool leaves = class == DISPATCH_METERS && making->queue.others_wait &&
                  input->most_jobs > 1;
    size_t jobs = making->decision->job_count;
    if (class == DISPATCH_OTHERS && jobs == making->meter_jobs)
        return jobs >= input->most_jobs;
    return jobs + leaves >= input->most_jobs ||
           making->devices >= input->most_devices;
}

/* Jobs of a class until nothing more goes; returns why. */
static enum dispatch_reason class_decide(struct making *making,
                                         enum dispatch_class class) {
    for (;;) {
        if (decision_is_full(making, class))
            return DISPATCH_TURN;
        enum dispatch_reason reason = room_for_job(&making->room, class);
        if (reason || !class_next(making, class))
            return reason;
        making->meter_jobs += class == DISPATCH_METERS;
    }
}

/* What waits for a channel of its cell, where a campaign may have them all for
 * days; or is of a request of few devices, which costs next to nothing. */
static bool group_may_be_overdue(const struct dispatch_group *group,
                                 bool only_few) {
    if (only_few)
        return group->request_devices && group->request_devices <= FEW;
    return group->cell != 0;
}

/* What has waited for so long goes before all else, the oldest first, whosever
 * and whatever it is. */
static void overdue_decide(struct making *making, instant patience,
                           bool only_few) {
    const struct dispatch_input *input = making->input;
    bool full[DISPATCH_CLASSES] = {false};
    if (!only_few && !input->limits.cell_channels)
        return;
    for (uint32_t i = 0; i < input->group_count; i++) {
        const struct dispatch_group *group = &input->groups[i];
        if (group->since > input->now - patience)
            return;
        if (!making->queue.left[i] || making->queue.waits[i] ||
            full[group->class] || !group_may_be_overdue(group, only_few))
            continue;
        full[group->class] = decision_is_full(making, group->class) ||
                             room_for_job(&making->room, group->class);
        if (!full[group->class] && job_make(making, i))
            making->meter_jobs += group->class == DISPATCH_METERS;
    }
}

/* ---- what waits ---- */

static void waits_explain(struct making *making,
                          const enum dispatch_reason *reasons) {
    const struct dispatch_input *input = making->input;
    struct dispatch_queue *queue = &making->queue;
    instant until;
    for (uint32_t i = 0; i < input->group_count; i++) {
        if (!queue->left[i])
            queue->waits[i] = DISPATCH_GOES;
        else if (queue->waits[i])
            continue;
        else if (!queue_gathered(queue, i, &until))
            queue->waits[i] = DISPATCH_GATHER;
        else
            queue->waits[i] = (uint8_t)reasons[input->groups[i].class];
    }
}

static void users_forget(const struct dispatch_input *input,
                         const struct dispatch_queue *queue) {
    for (size_t i = 0; i < input->user_count; i++)
        if (!queue->users[DISPATCH_METERS][i].count &&
            !queue->users[DISPATCH_OTHERS][i].count)
            input->users[i].deficit = 0;
}

/* A job has each group once, and a device of it at least. */
static struct dispatch_part *parts_room(const struct dispatch_input *input,
                                        struct arena *arena) {
    size_t most = input->group_count < input->limits.job_devices
                      ? input->group_count
                      : input->limits.job_devices;
    return arena_alloc(arena, most * sizeof(struct dispatch_part));
}

void dispatch_decide(const struct dispatch_input *input, struct arena *arena,
                     struct dispatch_decision *decision) {
    struct making making = {
        .input = input,
        .arena = arena,
        .decision = decision,
        .jobs = arena_zero(arena, input->most_jobs, sizeof *making.jobs),
        .parts = parts_room(input, arena),
        .cell_job =
            arena_zero(arena, input->cell_count, sizeof *making.cell_job)};
    *decision = (struct dispatch_decision){.jobs = making.jobs};
    decision->turn = input->turn < input->user_count ? input->turn : 0;
    queue_make(input, arena, &making.queue);
    room_open(input, making.queue.others_wait, &making.room);
    enum dispatch_reason reasons[DISPATCH_CLASSES];
    overdue_decide(&making, OVERDUE / 2, true);
    overdue_decide(&making, OVERDUE, false);
    for (enum dispatch_class class = 0; class < DISPATCH_CLASSES; class ++)
        reasons[class] = class_decide(&making, class);
    waits_explain(&making, reasons);
    users_forget(input, &making.queue);
    decision->waits = making.queue.waits;
    decision->pace = making.room.pace;
    decision->next = making.room.next;
}
