/* The lines of anchor files, for who holds a trail against them. */
#ifndef FOTAD_TRAIL_ANCHORS_H
#define FOTAD_TRAIL_ANCHORS_H

#include "trail/anchor.h"

struct anchors {
    struct arena *arena;
    const struct anchor_keys *keys;
    struct anchor *list; /* by their seals once anchors_sort() was called */
    size_t count, size;
    size_t torn;          /* lines whose writer was ended */
    struct buffer faults; /* a line of text for each that is not good */
    size_t fault_count;
};

/* Reads a file's lines; more files may follow. False with *reason (in the
 * arena) when it cannot be read, or has no anchor at all. */
bool anchors_load(struct anchors *anchors, const char *path,
                  const char **reason);

/* By their seals; those of one seal by the time they were written. */
void anchors_sort(struct anchors *anchors);

void anchors_free(struct anchors *anchors);

#endif
