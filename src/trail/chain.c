#include "trail/chain.h"

#include "base/memory.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- what was dropped ---- */

static int mark_order(const void *one, const void *other) {
    const struct chain_mark *a = one, *b = other;
    return a->up_to < b->up_to ? -1 : a->up_to > b->up_to;
}

void chain_digested(int good) {
    if (good != 1)
        memory_exhausted(0);
}

void chain_begin(struct chain *chain, const struct trail_head *head) {
    size_t count = head->drop_count;
    chain->drop_count = count;
    chain->drops = memory_zeros(count + 1, sizeof *chain->drops);
    chain->later = memory_zeros(count + 1, sizeof *chain->later);
    chain->marks = memory_zeros(count + 1, sizeof *chain->marks);
    chain->later[count] =
        (struct trail_drop){.up_to = -1, .before = TRAIL_NEVER};
    for (size_t i = count; i-- > 0;) {
        const struct trail_drop *drop = &head->drops[i];
        struct trail_drop *later = &chain->later[i];
        chain->drops[i] = *drop;
        *later = chain->later[i + 1];
        later->seal = drop->seal;
        if (drop->up_to > later->up_to)
            later->up_to = drop->up_to;
        if (drop->before > later->before)
            later->before = drop->before;
        chain->marks[i].up_to = drop->up_to;
    }
    if (count)
        qsort(chain->marks, count, sizeof *chain->marks, mark_order);
    chain->written = chain->before = TRAIL_NEVER;
    for (size_t i = 0; i < 2; i++) {
        chain->earlier[i] = EVP_MD_CTX_new();
        chain_digested(
            chain->earlier[i] &&
            EVP_DigestInit_ex(chain->earlier[i], EVP_sha256(), NULL));
    }
}

void chain_free(struct chain *chain) {
    free(chain->drops);
    free(chain->later);
    free(chain->marks);
    EVP_MD_CTX_free(chain->earlier[0]);
    EVP_MD_CTX_free(chain->earlier[1]);
}

struct trail_drop chain_later(const struct chain *chain, int64_t seal) {
    size_t low = 0, high = chain->drop_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (chain->drops[middle].seal > seal)
            high = middle;
        else
            low = middle + 1;
    }
    return chain->later[low];
}

bool chain_drops_are_met(const struct chain *chain) {
    return !chain->drops_differ && chain->drops_met == chain->drop_count;
}

static void drop_meet(struct chain *chain, const struct trail_seal *s) {
    const struct trail_drop *drop = &chain->drops[chain->drops_met];
    if (!trail_seal_drops(s))
        return;
    if (chain->drops_met < chain->drop_count && drop->seal == s->seal &&
        drop->up_to == s->dropped_up_to && drop->before == s->dropped_before)
        chain->drops_met++;
    else
        chain->drops_differ = true;
}

/* The first mark with this number or a higher one. */
static struct chain_mark *mark_find(struct chain *chain, int64_t up_to) {
    size_t low = 0, high = chain->drop_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (chain->marks[middle].up_to < up_to)
            low = middle + 1;
        else
            high = middle;
    }
    return &chain->marks[low];
}

static void mark_meet(struct chain *chain, const struct trail_seal *s) {
    const struct chain_mark *end = chain->marks + chain->drop_count;
    if (s->first > s->last)
        return;
    for (struct chain_mark *mark = mark_find(chain, s->last);
         mark < end && mark->up_to == s->last; mark++) {
        mark->met = true;
        mark->running = s->running;
        mark->not_before = chain->before;
    }
}

/* Is what a seal says to have been dropped older than its retention allows? */
static bool drop_is_old_enough(struct chain *chain,
                               const struct trail_seal *s) {
    const struct chain_mark *mark = mark_find(chain, s->dropped_up_to);
    return mark < chain->marks + chain->drop_count &&
           mark->up_to == s->dropped_up_to && mark->met &&
           mark->running <= s->running - s->retention;
}

/* ---- what earlier forms left out ---- */

/* A time of a seal as PostgreSQL prints it: "2026-11-29 17:00:00.25+00". */
static void time_text(struct buffer *text, struct span element) {
    char time[64];
    if (trail_is_null(element) || element.len < 8 ||
        element.len >= sizeof time) {
        buffer_text(text, " infinity");
        return;
    }
    /* without the quotes, and ":00" of the time zone */
    size_t len = element.len - 5;
    memcpy(time, element.data + 1, len);
    time[len] = 0;
    char *t = strchr(time, 'T');
    if (t)
        *t = ' ';
    buffer_printf(text, " %s", time);
}

/* For the first seal of form 2 and of form 3. */
static void earlier_add(struct chain *chain, const struct trail_seal *s) {
    for (int form = 2; form <= 3; form++) {
        size_t i = (size_t)form - 2;
        if (s->form >= form)
            continue;
        struct buffer text = {0};
        buffer_printf(&text, "%s%" PRId64, chain->earlier_count[i]++ ? "," : "",
                      s->seal);
        if (s->form == 1) {
            time_text(&text, s->elements[SEAL_EARLIEST]);
            time_text(&text, s->elements[SEAL_SEALED]);
        }
        if (form > 2)
            buffer_printf(&text, " %" PRId64, s->running);
        chain_digested(
            EVP_DigestUpdate(chain->earlier[i], text.data, text.len));
        buffer_free(&text);
    }
}

static bool earlier_is_so(struct chain *chain, const struct trail_seal *s) {
    uint8_t hash[TRAIL_HASH];
    size_t i = s->form == 2 ? 0 : 1;
    EVP_MD_CTX *copy = EVP_MD_CTX_new();
    bool same = copy && EVP_MD_CTX_copy_ex(copy, chain->earlier[i]) == 1 &&
                EVP_DigestFinal_ex(copy, hash, NULL) == 1 && s->has_earlier &&
                memcmp(hash, s->earlier, sizeof hash) == 0;
    EVP_MD_CTX_free(copy);
    return same;
}

/* ---- anchors ---- */

/* The next anchor that is of this seal or a later one; NULL: there is none. */
static const struct anchor *anchor_next(struct chain *chain, int64_t seal) {
    const struct anchors *a = chain->anchors;
    while (chain->next_anchor < a->count &&
           a->list[chain->next_anchor].seal < seal)
        chain->next_anchor++;
    return chain->next_anchor < a->count ? &a->list[chain->next_anchor] : NULL;
}

/* Lines of one time were written together: what they are of was not there when
 * the lines before were written. */
static void anchor_time(struct chain *chain, const struct anchor *anchor) {
    if (anchor->at > chain->written) {
        chain->before = chain->written;
        chain->written = anchor->at;
    }
}

/* By the anchors' clock, which is fotad's: whoever has the database does not
 * set it, nor what [sat] retention was. */
static bool drop_is_too_young(struct chain *chain, const struct trail_seal *s,
                              const struct anchor *next) {
    const struct anchors *a = chain->anchors;
    const struct chain_mark *mark = mark_find(chain, s->dropped_up_to);
    instant dropped = next ? next->at : chain->now;
    int64_t keep = next ? next->keep : a->list[a->count - 1].keep;
    return s->dropped_up_to >= 0 && mark < chain->marks + chain->drop_count &&
           mark->up_to == s->dropped_up_to && mark->met &&
           mark->not_before != TRAIL_NEVER &&
           dropped - mark->not_before < keep * SECOND;
}

static const char *anchor_fault(struct chain *chain,
                                const struct trail_seal *s) {
    if (!chain->anchors || !chain->anchors->count)
        return NULL;
    const struct anchor *next = anchor_next(chain, s->seal);
    const char *fault = NULL;
    const struct anchors *a = chain->anchors;
    if (next && next->seal == s->seal)
        anchor_time(chain, next);
    const struct anchor *end = a->list + a->count;
    for (const struct anchor *one = next;
         one && one < end && one->seal == s->seal && !fault; one++)
        if (memcmp(one->hash, s->hash, TRAIL_HASH) != 0)
            fault = "it is not the one that was anchored";
    if (!fault && next && next->seal == s->seal) {
        chain->anchored++;
        chain->last_anchored = s->seal;
        chain->anchored_at = next->at;
    }
    if (!fault && drop_is_too_young(chain, s, next))
        fault = "by the anchors, entries were dropped that were younger than "
                "retention allows";
    return fault;
}

bool chain_was_cut(const struct chain *chain, int64_t *first, int64_t *last) {
    const struct anchors *a = chain->anchors;
    size_t i = chain->next_anchor;
    while (a && i < a->count && a->list[i].seal <= chain->previous.seal)
        i++;
    if (!a || i >= a->count)
        return false;
    *first = a->list[i].seal;
    *last = a->list[a->count - 1].seal;
    return true;
}

/* ---- a seal ---- */

static const char *seal_fault(struct chain *chain, const struct trail_seal *s) {
    const struct trail_seal *p = &chain->previous;
    uint8_t hash[TRAIL_HASH];
    trail_seal_hash(s, p->seal ? p->hash : NULL, hash);
    if (s->seal != p->seal + 1 || s->first != p->last + 1)
        return "a seal is missing before it";
    if (memcmp(hash, s->hash, sizeof hash) != 0 || s->form < p->form)
        return "the seal itself was changed";
    if (s->form == 3 && p->seal && s->running < p->running)
        return "it was made at an earlier running time than the one before";
    if (s->retention >= 0 &&
        ((s->dropped_before != TRAIL_NEVER &&
          s->dropped_before > s->sealed - s->retention * SECOND) ||
         (s->dropped_up_to >= 0 && !drop_is_old_enough(chain, s))))
        return "younger entries were dropped than its retention allows";
    if (trail_seal_drops(s) && s->retention < 0 &&
        (s->dropped_up_to >= 0 || p->form != 1))
        return "it says that entries were dropped, but not by which retention";
    if (p->seal && s->form > p->form && s->form > 1 && !earlier_is_so(chain, s))
        return "what the seals before it say was changed";
    return NULL;
}

const char *chain_fault(struct chain *chain, const struct trail_seal *s) {
    const char *fault = seal_fault(chain, s);
    const char *of_anchor = anchor_fault(chain, s);
    drop_meet(chain, s);
    mark_meet(chain, s);
    earlier_add(chain, s);
    chain->previous = (struct trail_seal){.form = s->form,
                                          .seal = s->seal,
                                          .last = s->last,
                                          .running = s->running};
    memcpy(chain->previous.hash, s->hash, TRAIL_HASH);
    return fault ? fault : of_anchor;
}
