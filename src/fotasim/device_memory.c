#include "fotasim/device_sim.h"
#include "fotasim/estate.h"

#include "base/memory.h"

#include <stdlib.h>

static size_t place_of(const struct sim_memory *memories, size_t size,
                       eui64 id) {
    size_t at = (size_t)(id * UINT64_C(0x9E3779B97F4A7C15) >> 20) & (size - 1);
    while (memories[at].id && memories[at].id != id)
        at = (at + 1) & (size - 1);
    return at;
}

static void memories_grow(struct sim_han *han) {
    size_t size = han->memory_size ? 2 * han->memory_size : 1024;
    struct sim_memory *memories = memory_alloc(size * sizeof *memories);
    memset(memories, 0, size * sizeof *memories);
    for (size_t i = 0; i < han->memory_size; i++)
        if (han->memories[i].id)
            memories[place_of(memories, size, han->memories[i].id)] =
                han->memories[i];
    free(han->memories);
    han->memories = memories;
    han->memory_size = size;
}

/* As the sample estate has it; 0 for a device that is not in it. */
static uint32_t first_version(uint64_t seed, eui64 id) {
    struct sim_home home;
    size_t place;
    return sim_home_of(seed, id, &home, &place) ? home.devices[place].firmware
                                                : 0;
}

struct sim_memory *sim_remember(struct sim_han *han, eui64 id) {
    if (2 * han->memory_count >= han->memory_size)
        memories_grow(han);
    struct sim_memory *memory =
        &han->memories[place_of(han->memories, han->memory_size, id)];
    if (!memory->id) {
        memory->id = id;
        memory->running = first_version(han->seed, id);
        han->memory_count++;
    }
    return memory;
}
