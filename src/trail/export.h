/*
 * A trail as a file: lines of JSON, each of which is hashed as it stands.
 *
 *   {"fotadTrail": 1, "lastSeal": 12, "drops": [[SEAL, BEFORE, UP_TO], ...]}
 *   {"seal": [...]}       as struct trail_seal has it, before its entries
 *   [17, "2026-11-29..."] an entry
 *   {"request": [...]}    behind an entry with a record, if it is there
 *
 * BEFORE: microseconds since 1970, or null; UP_TO: an entry, or null. What no
 * seal has yet comes last.
 */
#ifndef FOTAD_TRAIL_EXPORT_H
#define FOTAD_TRAIL_EXPORT_H

#include "trail/trail.h"

#include <stdio.h>

/* A sink that writes such lines into `out`, and calls `flush` now and then,
 * which takes them away; false: no more can be written. */
struct trail_writer {
    struct trail_sink sink; /* as trail_writer() fills it */
    struct buffer *out;
    bool (*flush)(void *context);
    void *context;
};
struct trail_writer trail_writer(struct buffer *out,
                                 bool (*flush)(void *context), void *context);

/* Passes such a file on. False: *reason (in the arena) says in which line it is
 * no export, or why it cannot be read. */
bool trail_export_read(FILE *file, struct trail_sink *sink, struct arena *arena,
                       const char **reason);

#endif
