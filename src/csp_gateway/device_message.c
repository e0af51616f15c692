#include "csp_gateway/inbound.h"

#include "base/crash.h"

#include "gbcs/message.h"

struct entry {
    const char *id;
    eui64 chf_id;
    struct span payload;
};

static const struct field fields[] = {
    {"messageId", read_id, "1 to 128 characters", offsetof(struct entry, id),
     false},
    {"commsHubId", read_eui64, "an EUI-64", offsetof(struct entry, chf_id),
     false},
    {"payload", read_base64, "base64", offsetof(struct entry, payload), false},
};

/* The good ones, a column each. */
struct messages {
    const struct inbound_set *set;
    size_t count;
    struct inbound_place *places;
    const char **csps, **regions, **ids, **counters;
    eui64 *chf_ids, *originators, *recipients;
    int32_t *cras, *codes;
    struct span *payloads;
};

static void add(struct messages *all, const struct entry *entry,
                const struct gbcs_header *header, struct inbound_place place) {
    size_t i = all->count++;
    all->places[i] = place;
    all->csps[i] = place.in->csp->name;
    all->regions[i] = place.in->csp->regions;
    all->ids[i] = entry->id;
    all->chf_ids[i] = entry->chf_id;
    all->originators[i] = header->originator;
    all->recipients[i] = header->recipient;
    all->cras[i] = (int32_t)header->cra;
    all->codes[i] = header->code;
    all->counters[i] =
        arena_printf(all->set->arena, "%ju", (uintmax_t)header->counter);
    all->payloads[i] = entry->payload;
}

/* NULL, or why the entry is refused: a device sends responses and alerts. */
static const char *read_one(struct messages *all, struct inbound_place place) {
    struct inbound *in = place.in;
    struct entry entry;
    const char *reason =
        entry_read(inbound_entry(in, place.index), fields,
                   sizeof fields / sizeof *fields, in->arena, &entry);
    if (reason)
        return reason;
    struct gbcs_message message;
    if (!gbcs_message_parse(entry.payload, &message, &reason))
        return arena_printf(in->arena, "payload: %s", reason);
    if (message.header.cra == GBCS_COMMAND)
        return "payload: a command";
    add(all, &entry, &message.header, place);
    return NULL;
}

static struct messages read_all(const struct inbound_set *set) {
    struct arena *arena = set->arena;
    size_t total = inbound_total(set);
    struct messages all = {
        .set = set,
        .places = arena_zero(arena, total, sizeof(struct inbound_place)),
        .csps = arena_zero(arena, total, sizeof(const char *)),
        .regions = arena_zero(arena, total, sizeof(const char *)),
        .ids = arena_zero(arena, total, sizeof(const char *)),
        .counters = arena_zero(arena, total, sizeof(const char *)),
        .chf_ids = arena_zero(arena, total, sizeof(eui64)),
        .originators = arena_zero(arena, total, sizeof(eui64)),
        .recipients = arena_zero(arena, total, sizeof(eui64)),
        .cras = arena_zero(arena, total, sizeof(int32_t)),
        .codes = arena_zero(arena, total, sizeof(int32_t)),
        .payloads = arena_zero(arena, total, sizeof(struct span))};
    for (size_t i = 0; i < set->count; i++) {
        struct inbound *in = set->messages[i];
        for (size_t j = 0; j < in->rows; j++)
            in->refused[j] = read_one(&all, (struct inbound_place){in, j});
    }
    return all;
}

static enum outcome take(struct db *db, void *context) {
    static const struct db_statement statement = {
        "take_gbcs_messages",
        "select taken_ordinals, refused_ordinals, refused_reasons"
        " from take_gbcs_messages($1::text[], $2::text[], $3::text[], $4, $5, "
        "$6, $7, $8,"
        " $9::numeric[], $10, $11)"};
    const struct messages *all = context;
    const struct inbound_set *set = all->set;
    struct db_params params = DB_PARAMS(set->arena);
    db_texts(&params, all->csps, all->count);
    db_texts(&params, all->regions, all->count);
    db_texts(&params, all->ids, all->count);
    db_eui64s(&params, all->chf_ids, all->count);
    db_eui64s(&params, all->originators, all->count);
    db_eui64s(&params, all->recipients, all->count);
    db_int4s(&params, all->cras, all->count);
    db_int4s(&params, all->codes, all->count);
    db_texts(&params, all->counters, all->count);
    db_byteas(&params, all->payloads, all->count);
    db_instant(&params, set->now);
    struct db_rows *rows;
    enum outcome outcome = db_run(db, &statement, &params, set->arena, &rows);
    if (outcome != DONE)
        return outcome;
    crash_point(CRASH_messages_worked);
    inbound_settle(set, rows, 0, all->places, all->count);
    return DONE;
}

enum outcome take_gbcs_messages(struct inbound_set *set) {
    struct messages all = read_all(set);
    return all.count ? db_transact(set->db, take, &all, true) : DONE;
}
