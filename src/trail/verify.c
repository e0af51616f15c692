#include "trail/verify.h"

#include "base/hex.h"
#include "base/json.h"
#include "base/memory.h"
#include "trail/chain.h"
#include "trail/verified.h"

#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* The entries of a seal, or what stayed of several. */
struct pile {
    EVP_MD_CTX *digest;
    int64_t entries, without_record;
    instant earliest, latest;
};

struct trail_verify {
    struct trail_sink sink; /* first: it is the same address */
    struct trail_verified found;
    struct chain chain;
    EVP_MD *sha256;
    EVP_MD_CTX *scratch;
    const char *wanted;     /* hash; NULL: none, or it was found */
    struct trail_seal seal; /* whose entries come; its text is in `text` */
    bool open;              /* there is one */
    bool partly;            /* of which retention took a part, by time */
    const char *chain_fault;
    struct buffer text;
    struct pile pile, stayed;
    int64_t last_seal; /* as the head has it */
};

static struct trail_verify *verify_of(struct trail_sink *sink) {
    return (struct trail_verify *)sink;
}

/* ---- piles ---- */

static void pile_begin(struct trail_verify *v, struct pile *pile) {
    chain_digested(EVP_DigestInit_ex2(pile->digest, v->sha256, NULL));
    *pile = (struct pile){
        .digest = pile->digest, .earliest = TRAIL_NEVER, .latest = TRAIL_NEVER};
}

static void pile_end(struct pile *pile, uint8_t digest[TRAIL_HASH]) {
    chain_digested(EVP_DigestFinal_ex(pile->digest, digest, NULL));
}

static void text_hash(struct trail_verify *v, struct span text,
                      uint8_t hash[TRAIL_HASH]) {
    chain_digested(EVP_DigestInit_ex2(v->scratch, v->sha256, NULL));
    chain_digested(EVP_DigestUpdate(v->scratch, text.data, text.len));
    chain_digested(EVP_DigestFinal_ex(v->scratch, hash, NULL));
}

static void pile_add(struct trail_verify *v, struct pile *pile,
                     const struct trail_entry *entry) {
    uint8_t hash[TRAIL_HASH], record[TRAIL_HASH];
    text_hash(v, entry->text, hash);
    chain_digested(EVP_DigestUpdate(pile->digest, hash, sizeof hash));
    if (!pile->entries++ || entry->at < pile->earliest)
        pile->earliest = entry->at;
    if (pile->entries == 1 || entry->at > pile->latest)
        pile->latest = entry->at;
    if (entry->has_record) {
        text_hash(v, entry->record_text, record);
        pile->without_record +=
            memcmp(record, entry->record, sizeof record) != 0;
    }
}

/* What is wrong with a pile that a seal says is whole, or NULL. */
static const char *pile_fault(struct pile *pile, const struct trail_seal *s) {
    uint8_t digest[TRAIL_HASH];
    pile_end(pile, digest);
    if (pile->entries < s->entries)
        return "entries are missing";
    if (pile->entries > s->entries)
        return "entries were added";
    if (memcmp(digest, s->digest, sizeof digest) != 0)
        return "an entry was changed";
    if (!trail_seal_drops(s) && s->form > 1 &&
        (pile->earliest != s->earliest || pile->latest != s->latest))
        return "its times are not those of its entries";
    return pile->without_record ? "a request is missing or was changed" : NULL;
}

/* ---- seals ---- */

/* After the day that a seal of form 1 was made it has no entry. */
static instant seal_latest(const struct trail_seal *s) {
    return s->latest == TRAIL_NEVER ? s->sealed + 24 * HOUR : s->latest;
}

/* Retention took what came before a time: earlier releases did so. */
static bool seal_began_before(const struct trail_seal *s, instant before) {
    return before != TRAIL_NEVER && s->earliest != TRAIL_NEVER &&
           s->earliest < before;
}

static bool seal_is_partly_gone(const struct chain *chain,
                                const struct trail_seal *s) {
    struct trail_drop later = chain_later(chain, s->seal);
    return s->last > later.up_to && seal_began_before(s, later.before) &&
           seal_latest(s) >= later.before;
}

static const char *entries_fault(struct trail_verify *v) {
    const struct trail_seal *s = &v->seal;
    struct trail_drop later = chain_later(&v->chain, s->seal);
    if (trail_seal_drops(s))
        return later.seal ? NULL : pile_fault(&v->stayed, s);
    if (v->partly)
        return NULL;
    if (s->last <= later.up_to || seal_began_before(s, later.before))
        return v->pile.entries ? "entries were added" : NULL;
    return pile_fault(&v->pile, s);
}

static bool seal_is_kept(const struct trail_verify *v) {
    const struct trail_seal *s = &v->seal;
    struct trail_drop later = chain_later(&v->chain, s->seal);
    return s->first > s->last ||
           (!seal_began_before(s, later.before) && s->last > later.up_to);
}

static void seal_count(struct trail_verify *v, const struct trail_seal *s) {
    char hex[2 * TRAIL_HASH + 1];
    v->found.seals++;
    v->found.entries += s->first <= s->last ? s->entries : 0;
    v->found.last_entry = s->last;
    v->found.last_seal = s->seal;
    memcpy(v->found.hash, s->hash, TRAIL_HASH);
    hex_format(span_of(s->hash, TRAIL_HASH), hex);
    if (v->wanted && strcasecmp(v->wanted, hex) == 0)
        v->wanted = NULL;
}

/* Its entries have come. */
static void seal_close(struct trail_verify *v) {
    if (!v->open)
        return;
    v->open = false;
    bool kept = seal_is_kept(v);
    v->found.gone += !kept;
    const char *of_entries = entries_fault(v);
    const char *fault = v->chain_fault ? v->chain_fault : of_entries;
    bool drops = trail_seal_drops(&v->seal);
    if (!fault && !drops)
        return;
    json_t *json = trail_seal_json(&v->seal, kept, fault, v->found.arena);
    if (fault)
        json_add(v->found.faults, json_incref(json));
    if (drops)
        trail_drop_take(&v->found, json);
    json_decref(json);
}

static bool take_head(struct trail_sink *sink, const struct trail_head *head) {
    struct trail_verify *v = verify_of(sink);
    chain_begin(&v->chain, head);
    v->last_seal = head->last_seal;
    pile_begin(v, &v->stayed);
    return true;
}

static bool take_seal(struct trail_sink *sink, const struct trail_seal *seal) {
    struct trail_verify *v = verify_of(sink);
    seal_close(v);
    v->chain_fault = chain_fault(&v->chain, seal);
    v->text.len = 0;
    buffer_add(&v->text, seal->text);
    if (!trail_seal_read(buffer_span(&v->text), &v->seal))
        return false;
    v->open = true;
    v->partly = !trail_seal_drops(seal) && seal_is_partly_gone(&v->chain, seal);
    seal_count(v, seal);
    if (!v->partly)
        pile_begin(v, &v->pile);
    return true;
}

static bool take_entry(struct trail_sink *sink,
                       const struct trail_entry *entry) {
    struct trail_verify *v = verify_of(sink);
    if (entry->number > v->found.last_entry)
        v->found.open++;
    else
        pile_add(v, v->partly ? &v->stayed : &v->pile, entry);
    return true;
}

/* ---- the end ---- */

static void end_fault(struct trail_verify *v, const char *fault) {
    json_add(v->found.faults,
             json_pack("{s:I, s:I, s:I, s:s}", "seal",
                       (json_int_t)v->found.last_seal + 1, "firstEntry",
                       (json_int_t)v->found.last_entry + 1, "lastEntry",
                       (json_int_t)v->found.last_entry + 1, "fault", fault));
}

/* A chain whose last seals are gone is whole in itself. */
void trail_verify_end(struct trail_verify *v) {
    seal_close(v);
    if (v->last_seal > v->found.last_seal)
        end_fault(v, "the last seals are missing");
    if (v->wanted)
        end_fault(v, "no seal has the hash of --hash");
    if (!chain_drops_are_met(&v->chain))
        end_fault(v, "the export begins with drops that no seal says");
    int64_t first, last;
    if (chain_was_cut(&v->chain, &first, &last))
        end_fault(v, arena_printf(v->found.arena,
                                  "seals %jd to %jd, which were anchored, are "
                                  "missing: the end was cut off",
                                  (intmax_t)first, (intmax_t)last));
    v->found.anchored = v->chain.anchored;
    v->found.anchored_at = v->chain.anchored_at;
    v->found.unanchored = v->found.last_seal - v->chain.last_anchored;
}

const struct trail_verified *trail_verified_of(const struct trail_verify *v) {
    return &v->found;
}

size_t trail_verify_faults(const struct trail_verify *v) {
    const struct anchors *anchors = v->found.anchors;
    return json_array_size(v->found.faults) +
           (anchors ? anchors->fault_count : 0);
}

static void verify_free(void *context) {
    struct trail_verify *v = context;
    EVP_MD_free(v->sha256);
    EVP_MD_CTX_free(v->scratch);
    EVP_MD_CTX_free(v->pile.digest);
    EVP_MD_CTX_free(v->stayed.digest);
    chain_free(&v->chain);
    buffer_free(&v->text);
    json_decref(v->found.faults);
    json_decref(v->found.drops);
}

struct trail_verify *trail_verify_new(struct arena *arena,
                                      const struct anchors *anchors,
                                      const char *hash, instant now) {
    struct trail_verify *v = arena_zero(arena, 1, sizeof *v);
    v->sink = (struct trail_sink){
        .head = take_head, .seal = take_seal, .entry = take_entry};
    v->found = (struct trail_verified){.arena = arena,
                                       .anchors = anchors,
                                       .faults = json_array(),
                                       .drops = json_array()};
    v->chain.anchors = anchors;
    v->chain.now = now;
    v->wanted = hash;
    v->sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
    v->scratch = EVP_MD_CTX_new();
    v->pile.digest = EVP_MD_CTX_new();
    v->stayed.digest = EVP_MD_CTX_new();
    if (!v->sha256 || !v->found.faults || !v->found.drops || !v->scratch ||
        !v->pile.digest || !v->stayed.digest)
        memory_exhausted(0);
    return arena_adopt(arena, v, verify_free);
}

struct trail_sink *trail_verify_sink(struct trail_verify *v) {
    return &v->sink;
}
