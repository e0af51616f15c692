/*
 * A trail against its seals, and its seals against anchors (requirement H1).
 * What may be missing the chain says, and nobody else. Anchors say which seals
 * there were and when, whatever the database says: what was cut off, rewritten,
 * or dropped earlier than retention allows shows.
 */
#ifndef FOTAD_TRAIL_VERIFY_H
#define FOTAD_TRAIL_VERIFY_H

#include "trail/anchors.h"
#include "trail/trail.h"

struct trail_verify;

/* `anchors`: sorted, or NULL; they stay the caller's and must last. `hash`: one
 * that a seal must have, in hexadecimal; NULL: none. `now`: when what no anchor
 * has is looked at. Ends with the arena. */
struct trail_verify *trail_verify_new(struct arena *arena,
                                      const struct anchors *anchors,
                                      const char *hash, instant now);
struct trail_sink *trail_verify_sink(struct trail_verify *verify);

/* All was passed. */
void trail_verify_end(struct trail_verify *verify);

/* How many faults were found. */
size_t trail_verify_faults(const struct trail_verify *verify);

/* What was found, for people and for scripts. */
void trail_verify_print(const struct trail_verify *verify, struct buffer *out);
void trail_verify_print_json(const struct trail_verify *verify,
                             struct buffer *out);

#endif
