/*
 * What fotad should say of a life, from what the emulators know. The rules are
 * written from the text of the requirements (§2.3.2, §3.2.2 Table 3, §3.5.1
 * Table 4, Appendix B), not from fotad's tables:
 *
 * An event belongs to one update of its device: of those with that firmware
 * version, handed to a CSP for that hub before the event, or to none.
 *   8F8A; 8F89, 3 and 2   the newest that had reached the hub by then, else the
 *                         newest
 *   8F89, 1               the newest that had reached the hub before, else the
 *                         older one
 *   a version that runs   the newest
 *   8F8B with the version that it ran when the request came, after the image
 *   can have reached the hub: of the newest update, which is stored
 * What a device says of itself beats what its hub says, that beats what the CSP
 * says of the delivery, and that its report; success beats failure. A reset
 * stays a reset.
 */
#ifndef FOTAD_FOTASIM_LIVES_ORACLE_H
#define FOTAD_FOTASIM_LIVES_ORACLE_H

#include "base/buffer.h"
#include "fotasim/lives.h"

struct lives_verdict {
    /* all messages of the device arrived, and a record, the inventory or what
     * Users were told is not as it was */
    bool contradiction;
    /* some were lost, and one of these claims what nothing said */
    bool overclaim;
};

/* Compares; sets life->complete and life->wrong. Appends to `why` (may be NULL)
 * a line for each thing that is wrong. */
struct lives_verdict life_judge(struct life *life, struct buffer *why);

/* The life as a list of events with times, planned and as they came, and what
 * is said of it. */
void life_print(const struct life *life, struct buffer *out);

#endif
