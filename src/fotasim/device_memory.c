/* What an emulated world remembers, in tables by number, and its faults. */
#include "fotasim/device_sim.h"
#include "fotasim/estate.h"

#include "base/memory.h"

#include <stdlib.h>
#include <sys/stat.h>

/* ---- tables ---- */

/* The row's number; 0: an empty place. */
static uint64_t *row_number(const struct sim_table *table, size_t at) {
    return (uint64_t *)(void *)(table->rows + at * table->row);
}

static size_t place_of(const struct sim_table *table, uint64_t id) {
    size_t mask = table->size - 1;
    size_t at = (size_t)(id * UINT64_C(0x9E3779B97F4A7C15) >> 20) & mask;
    while (*row_number(table, at) && *row_number(table, at) != id)
        at = (at + 1) & mask;
    return at;
}

static void table_grow(struct sim_table *table) {
    struct sim_table old = *table;
    table->size = old.size ? 2 * old.size : 1024;
    table->rows = memory_alloc(table->size * table->row);
    memset(table->rows, 0, table->size * table->row);
    for (size_t at = 0; at < old.size; at++)
        if (*row_number(&old, at))
            memcpy(row_number(table, place_of(table, *row_number(&old, at))),
                   row_number(&old, at), table->row);
    free(old.rows);
}

void *sim_table_find(struct sim_table *table, uint64_t id, bool *is_new) {
    if (2 * table->count >= table->size)
        table_grow(table);
    uint64_t *row = row_number(table, place_of(table, id));
    *is_new = !*row;
    table->count += *is_new;
    *row = id;
    return row;
}

void *sim_table_at(const struct sim_table *table, size_t at) {
    uint64_t *row = row_number(table, at);
    return *row ? row : NULL;
}

/* ---- faults ---- */

void sim_faults_look(struct sim_han *han, struct sim_faults *faults) {
    struct stat file;
    pthread_mutex_lock(&han->lock);
    if (han->faults_path && stat(han->faults_path, &file) == 0 &&
        (file.st_mtim.tv_sec != han->faults_changed.tv_sec ||
         file.st_mtim.tv_nsec != han->faults_changed.tv_nsec ||
         file.st_size != han->faults_octets)) {
        han->faults_changed = file.st_mtim;
        han->faults_octets = file.st_size;
        sim_faults_read(han->faults_path, &han->faults);
    }
    *faults = han->faults;
    pthread_mutex_unlock(&han->lock);
}

/* ---- devices ---- */

/* As the sample estate has it; 0 for a device that is not in it. */
static uint32_t first_version(uint64_t seed, eui64 id) {
    struct sim_home home;
    size_t place;
    return sim_home_of(seed, id, &home, &place) ? home.devices[place].firmware
                                                : 0;
}

struct sim_memory *sim_remember(struct sim_han *han, eui64 id) {
    bool is_new;
    struct sim_memory *memory = sim_table_find(&han->memories, id, &is_new);
    if (is_new)
        memory->running = first_version(han->seed, id);
    return memory;
}

struct sim_memory sim_recall(struct sim_han *han, eui64 id) {
    pthread_mutex_lock(&han->lock);
    struct sim_memory memory = *sim_remember(han, id);
    pthread_mutex_unlock(&han->lock);
    return memory;
}

void sim_keep(struct sim_han *han, const struct sim_memory *memory) {
    pthread_mutex_lock(&han->lock);
    *sim_remember(han, memory->id) = *memory;
    pthread_mutex_unlock(&han->lock);
}
