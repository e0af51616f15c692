/*
 * The Service Audit Trail as it is under its seals (requirement H1): entries
 * and seals as texts, what their hashes are, and one way of passing them on,
 * whether they come from the database or from an export. Needs neither.
 *
 * The text of an entry is a JSON array, written as PostgreSQL writes jsonb:
 *   [entry_no, "at", "kind", request_no, "device_id", "party", "csp",
 *    "person", "code", "detail"]
 * and, of a request that is recorded, its "record" behind them: the SHA-256, in
 * hexadecimal, of another such text (record_text), which has what was received
 * and answered, or its hashes. The entry's hash is the SHA-256 of its text.
 */
#ifndef FOTAD_TRAIL_TRAIL_H
#define FOTAD_TRAIL_TRAIL_H

#include "base/arena.h"
#include "base/buffer.h"
#include "base/clock.h"
#include "base/eui64.h"
#include "trail/anchor.h"

#include <stddef.h>

struct trail_entry {
    int64_t number;
    instant at;
    struct span text;
    bool has_record;
    uint8_t record[TRAIL_HASH];
    struct span record_text; /* empty: it is not there */
};

/* What an entry says; texts whose data is NULL say nothing. */
struct trail_fields {
    int64_t number, request;
    instant at;
    bool has_request, has_device, has_party;
    eui64 device, party;
    struct span kind, csp, person, code, detail, record;
};

/* Puts its text into the buffer, in place of what is in it. */
void trail_entry_write(const struct trail_fields *fields, struct buffer *text);

/* Reads number, time and record from its text, which stays the caller's. False:
 * it is no text of an entry. */
bool trail_entry_read(struct span text, struct trail_entry *entry);

/* A seal, from its text: a JSON array of [form, seal_no, first_no, last_no,
 * entries, "earliest", "latest", "sealed", "dropped_before", "retention",
 * "dropped_by", "earlier", running, dropped_up_to, "digest", "hash"]. */
enum {
    SEAL_FORM,
    SEAL_NO,
    SEAL_FIRST,
    SEAL_LAST,
    SEAL_ENTRIES,
    SEAL_EARLIEST,
    SEAL_LATEST,
    SEAL_SEALED,
    SEAL_DROPPED_BEFORE,
    SEAL_RETENTION,
    SEAL_DROPPED_BY,
    SEAL_EARLIER,
    SEAL_RUNNING,
    SEAL_DROPPED_UP_TO,
    SEAL_DIGEST,
    SEAL_HASH,
    SEAL_ELEMENTS
};
/* Times that it does not say are TRAIL_NEVER, numbers -1. */
#define TRAIL_NEVER INT64_MIN
struct trail_seal {
    int64_t form, seal, first, last, entries, running, dropped_up_to;
    instant earliest, latest, sealed, dropped_before;
    int64_t retention; /* seconds; -1: none is said */
    uint8_t digest[TRAIL_HASH], hash[TRAIL_HASH], earlier[TRAIL_HASH];
    bool has_earlier;
    struct span text, elements[SEAL_ELEMENTS];
};
/* The text stays the caller's, and must stay as long as the seal. False: it is
 * no seal. */
bool trail_seal_read(struct span text, struct trail_seal *seal);

/* Does it say that retention dropped something? */
bool trail_seal_drops(const struct trail_seal *seal);

/* Who dropped, or ""; in the arena. */
const char *trail_seal_dropper(const struct trail_seal *seal,
                               struct arena *arena);

/* Its hash, made anew, behind that of the seal before it (NULL: none). */
void trail_seal_hash(const struct trail_seal *seal, const uint8_t *previous,
                     uint8_t hash[TRAIL_HASH]);

/* What a seal that says that something was dropped says of it. */
struct trail_drop {
    int64_t seal, up_to; /* entry, -1: none is said */
    instant before;      /* TRAIL_NEVER: none is said */
};

/* What comes first: all drops, in the order of their seals, and the number that
 * the last seal is to have (0: not known). */
struct trail_head {
    const struct trail_drop *drops;
    size_t drop_count;
    int64_t last_seal;
};

/* Who takes a trail: the head, then each seal before its entries, at last what
 * no seal has; entries by their numbers. What is passed is the caller's and
 * lasts until the call returns. False: no more is wanted. */
struct trail_sink {
    bool (*head)(struct trail_sink *sink, const struct trail_head *head);
    bool (*seal)(struct trail_sink *sink, const struct trail_seal *seal);
    bool (*entry)(struct trail_sink *sink, const struct trail_entry *entry);
};

/* The elements of a JSON array, without what is around them; their number, or
 * -1 when it is none or has more than `most`. */
int trail_elements(struct span text, struct span *elements, int most);
/* "null"? */
bool trail_is_null(struct span element);

#endif
