/* The seals one after the other: what is wrong with one in itself, with what it
 * says of those before it, or against its anchor. For this room only. */
#ifndef FOTAD_TRAIL_CHAIN_H
#define FOTAD_TRAIL_CHAIN_H

#include "trail/anchors.h"
#include "trail/trail.h"

#include <openssl/evp.h>

/* The seal that ends with an entry up to which something is dropped later. */
struct chain_mark {
    int64_t up_to, running;
    instant not_before; /* by the anchors it was not there yet; TRAIL_NEVER: not
                           known */
    bool met;
};

struct chain {
    const struct anchors *anchors; /* NULL: none */
    instant now;
    struct trail_drop *drops,
        *later;               /* later[i]: of drops i and on, together */
    struct chain_mark *marks; /* by up_to */
    size_t drop_count, drops_met;
    bool drops_differ;
    size_t next_anchor;
    instant written, before; /* the last anchors' time, and the one before */
    int64_t anchored, last_anchored;
    instant anchored_at;
    struct trail_seal previous; /* numbers and hash alone; seal 0: none */
    EVP_MD_CTX *earlier[2];     /* over the seals of forms before 2, before 3 */
    int64_t earlier_count[2];
};

void chain_begin(struct chain *chain, const struct trail_head *head);
void chain_free(struct chain *chain);

/* What a digest of libcrypto answered: it fails for want of memory alone, which
 * ends the program. */
void chain_digested(int good);

/* The next seal; NULL or what is wrong with it. */
const char *chain_fault(struct chain *chain, const struct trail_seal *seal);

/* What the seals after this one say was dropped, together: seal 0: none says
 * so; -1 and TRAIL_NEVER as in struct trail_drop. */
struct trail_drop chain_later(const struct chain *chain, int64_t seal);

/* Did the seals say what the head said they do? */
bool chain_drops_are_met(const struct chain *chain);

/* After the last seal: anchored ones that did not come; false: none. */
bool chain_was_cut(const struct chain *chain, int64_t *first, int64_t *last);

#endif
