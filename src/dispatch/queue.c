#include "dispatch/queue.h"

static struct dispatch_list *list_of_user(const struct dispatch_queue *queue,
                                          const struct dispatch_group *group) {
    return &queue->users[group->class][group->user];
}

static void groups_count(struct dispatch_queue *queue) {
    const struct dispatch_input *input = queue->input;
    for (size_t i = 0; i < input->group_count; i++) {
        const struct dispatch_group *group = &input->groups[i];
        if (!group->ready)
            continue;
        struct dispatch_pool *pool = &queue->pools[group->pool];
        if (!pool->list.count++ || group->since < pool->since)
            pool->since = group->since;
        pool->left += group->ready;
        list_of_user(queue, group)->count++;
        queue->others_wait |= group->class == DISPATCH_OTHERS;
    }
}

/* Its place among all, of which those of the lists before it are taken. */
static uint32_t *list_place(struct dispatch_list *list, uint32_t *places) {
    list->groups = places;
    places += list->count;
    list->count = 0;
    return places;
}

static void lists_place(struct dispatch_queue *queue, struct arena *arena) {
    const struct dispatch_input *input = queue->input;
    size_t octets = input->group_count * sizeof(uint32_t);
    uint32_t *places = arena_alloc(arena, octets);
    for (size_t i = 0; i < input->pool_count; i++)
        places = list_place(&queue->pools[i].list, places);
    places = arena_alloc(arena, octets);
    for (enum dispatch_class class = 0; class < DISPATCH_CLASSES; class ++)
        for (size_t i = 0; i < input->user_count; i++)
            places = list_place(&queue->users[class][i], places);
}

static void list_append(struct dispatch_list *list, size_t group) {
    list->groups[list->count++] = (uint32_t)group;
}

/* Counted first, then put in their places: each list is in their order. */
void queue_make(const struct dispatch_input *input, struct arena *arena,
                struct dispatch_queue *queue) {
    size_t count = input->group_count;
    *queue = (struct dispatch_queue){
        .input = input,
        .left = arena_alloc(arena, count * sizeof *queue->left),
        .waits = arena_zero(arena, count, sizeof *queue->waits),
        .pools = arena_zero(arena, input->pool_count, sizeof *queue->pools)};
    for (enum dispatch_class class = 0; class < DISPATCH_CLASSES; class ++)
        queue->users[class] =
            arena_zero(arena, input->user_count, sizeof(struct dispatch_list));
    groups_count(queue);
    lists_place(queue, arena);
    for (size_t i = 0; i < count; i++) {
        const struct dispatch_group *group = &input->groups[i];
        queue->left[i] = group->ready;
        if (!group->ready)
            continue;
        list_append(&queue->pools[group->pool].list, i);
        list_append(list_of_user(queue, group), i);
    }
}

uint32_t queue_first(const struct dispatch_queue *queue,
                     struct dispatch_list *list) {
    enum { AHEAD = 16 }; /* they lie far apart */
    while (list->next < list->count) {
        uint32_t group = list->groups[list->next];
        if (list->next + AHEAD < list->count) {
            uint32_t later = list->groups[list->next + AHEAD];
            __builtin_prefetch(&queue->input->groups[later]);
            __builtin_prefetch(&queue->left[later]);
        }
        if (queue->left[group] && !queue->waits[group])
            return group;
        list->next++;
    }
    return UINT32_MAX;
}

bool queue_gathered(const struct dispatch_queue *queue, uint32_t group,
                    instant *until) {
    const struct dispatch_input *input = queue->input;
    const struct dispatch_pool *pool = &queue->pools[input->groups[group].pool];
    *until = pool->since + input->limits.gather;
    return !input->limits.gather || input->now >= *until ||
           pool->left >= input->limits.job_devices;
}
