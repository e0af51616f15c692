/*
 * The keys of the lines of a file, to find one that comes twice. Exact: a key
 * of 8 octets is kept as a number, a longer or shorter one as a copy. Takes
 * some 13 octets for each number, so 20 million EUI-64 take 256 MiB.
 */
#ifndef FOTAD_FOTACTL_KEY_SET_H
#define FOTAD_FOTACTL_KEY_SET_H

#include "base/arena.h"

struct key_set {
    struct arena *arena; /* for copies */
    uint64_t *slots;     /* 0: empty */
    size_t size, count;  /* size: a power of two, or 0 */
    bool has_zero;       /* the number 0 is in it */
    bool copies;         /* keys are texts, slots are pointers to copies */
};

/* Adds a key; false when it is there already. All keys of a set have 8 octets,
 * unless `copies` is set. */
bool key_set_add(struct key_set *set, struct span key);

/* Frees the slots, not the arena; the set is then empty and usable. */
void key_set_free(struct key_set *set);

#endif
