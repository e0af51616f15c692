/*
 * The keys of the lines of a file, to find one that comes twice. Exact: a key
 * of 8 octets is kept as a number, a longer or shorter one as a copy. Takes
 * some 20 octets for each number, so 20 million EUI-64 take 384 MiB.
 */
#ifndef FOTAD_FOTACTL_KEY_SET_H
#define FOTAD_FOTACTL_KEY_SET_H

#include "base/arena.h"

struct key_set {
    struct arena *arena; /* for copies */
    uint64_t *slots;     /* 0: empty */
    uint32_t *lines;     /* that the keys came in */
    size_t size, count;  /* size: a power of two, or 0 */
    uint32_t zero_line;  /* of the number 0; 0: it is not in it */
    bool copies;         /* keys are texts, slots are pointers to copies */
};

/* Adds a key that came in `line`, not 0. Returns 0, or the line that it came in
 * before. All keys of a set have 8 octets, unless `copies` is set. */
uint32_t key_set_add(struct key_set *set, struct span key, uint32_t line);

/* Frees the slots, not the arena; the set is then empty and usable. */
void key_set_free(struct key_set *set);

#endif
