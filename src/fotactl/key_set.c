#include "fotactl/key_set.h"

#include "base/memory.h"

#include <stdlib.h>

enum { FIRST_SIZE = 1024 };

/* A copy is kept as its length followed by its octets. */
struct copy {
    size_t len;
    uint8_t octets[];
};

static const struct copy *copy_at(uint64_t slot) {
    return (const struct copy *)(uintptr_t)slot;
}

/* Spreads numbers that differ in few bits (the finaliser of SplitMix64). */
static uint64_t mix_number(uint64_t x) {
    x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9;
    x = (x ^ x >> 27) * 0x94d049bb133111eb;
    return x ^ x >> 31;
}

/* FNV-1a */
static uint64_t hash_octets(struct span key) {
    uint64_t hash = 0xcbf29ce484222325;
    for (size_t i = 0; i < key.len; i++)
        hash = (hash ^ key.data[i]) * 0x100000001b3;
    return mix_number(hash);
}

static uint64_t hash_slot(const struct key_set *set, uint64_t slot) {
    if (!set->copies)
        return mix_number(slot);
    const struct copy *copy = copy_at(slot);
    return hash_octets(span_of(copy->octets, copy->len));
}

static void key_set_grow(struct key_set *set) {
    struct key_set old = *set;
    set->size = old.size ? 2 * old.size : FIRST_SIZE;
    set->slots = memory_zeros(set->size, sizeof *set->slots);
    set->lines = memory_zeros(set->size, sizeof *set->lines);
    for (size_t i = 0; i < old.size; i++) {
        if (!old.slots[i])
            continue;
        size_t at = hash_slot(set, old.slots[i]) & (set->size - 1);
        while (set->slots[at])
            at = (at + 1) & (set->size - 1);
        set->slots[at] = old.slots[i];
        set->lines[at] = old.lines[i];
    }
    free(old.slots);
    free(old.lines);
}

static bool is_same(const struct key_set *set, uint64_t slot, struct span key,
                    uint64_t number) {
    if (!set->copies)
        return slot == number;
    return span_equal(span_of(copy_at(slot)->octets, copy_at(slot)->len), key);
}

static uint64_t keep_copy(struct key_set *set, struct span key) {
    struct copy *copy = arena_alloc(set->arena, sizeof *copy + key.len);
    copy->len = key.len;
    memcpy(copy->octets, key.data, key.len);
    return (uintptr_t)copy;
}

uint32_t key_set_add(struct key_set *set, struct span key, uint32_t line) {
    uint64_t number = 0;
    if (!set->copies)
        memcpy(&number, key.data, sizeof number);
    if (!set->copies && !number) {
        uint32_t first = set->zero_line;
        set->zero_line = first ? first : line;
        return first;
    }
    if (set->count >= set->size / 4 * 3)
        key_set_grow(set);
    uint64_t hash = set->copies ? hash_octets(key) : mix_number(number);
    size_t at = hash & (set->size - 1);
    for (; set->slots[at]; at = (at + 1) & (set->size - 1))
        if (is_same(set, set->slots[at], key, number))
            return set->lines[at];
    set->slots[at] = set->copies ? keep_copy(set, key) : number;
    set->lines[at] = line;
    set->count++;
    return 0;
}

void key_set_free(struct key_set *set) {
    free(set->slots);
    free(set->lines);
    set->slots = NULL;
    set->lines = NULL;
    set->size = set->count = 0;
    set->zero_line = 0;
}
