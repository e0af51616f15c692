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
    struct inbound *in;
    size_t count, *positions;
    const char **ids, **counters;
    eui64 *chf_ids, *originators, *recipients;
    int32_t *cras, *codes;
    struct span *payloads;
};

static void add(struct messages *all, const struct entry *entry,
                const struct gbcs_header *header, size_t index) {
    size_t i = all->count++;
    all->positions[i] = index;
    all->ids[i] = entry->id;
    all->chf_ids[i] = entry->chf_id;
    all->originators[i] = header->originator;
    all->recipients[i] = header->recipient;
    all->cras[i] = (int32_t)header->cra;
    all->codes[i] = header->code;
    all->counters[i] =
        arena_printf(all->in->arena, "%ju", (uintmax_t)header->counter);
    all->payloads[i] = entry->payload;
}

/* NULL, or why the entry is refused: a device sends responses and alerts. */
static const char *read_one(struct messages *all, size_t index) {
    struct inbound *in = all->in;
    struct entry entry;
    const char *reason =
        entry_read(inbound_entry(in, index), fields,
                   sizeof fields / sizeof *fields, in->arena, &entry);
    if (reason)
        return reason;
    struct gbcs_message message;
    if (!gbcs_message_parse(entry.payload, &message, &reason))
        return arena_printf(in->arena, "payload: %s", reason);
    if (message.header.cra == GBCS_COMMAND)
        return "payload: a command";
    add(all, &entry, &message.header, index);
    return NULL;
}

static struct messages read_all(struct inbound *in) {
    struct messages all = {
        .in = in,
        .positions = arena_zero(in->arena, in->rows, sizeof(size_t)),
        .ids = arena_zero(in->arena, in->rows, sizeof(const char *)),
        .counters = arena_zero(in->arena, in->rows, sizeof(const char *)),
        .chf_ids = arena_zero(in->arena, in->rows, sizeof(eui64)),
        .originators = arena_zero(in->arena, in->rows, sizeof(eui64)),
        .recipients = arena_zero(in->arena, in->rows, sizeof(eui64)),
        .cras = arena_zero(in->arena, in->rows, sizeof(int32_t)),
        .codes = arena_zero(in->arena, in->rows, sizeof(int32_t)),
        .payloads = arena_zero(in->arena, in->rows, sizeof(struct span))};
    for (size_t i = 0; i < in->rows; i++)
        in->refused[i] = read_one(&all, i);
    return all;
}

static enum outcome take(struct db *db, void *context) {
    static const struct db_statement statement = {
        "take_gbcs_messages",
        "select accepted, duplicates, refused_ordinals, refused_reasons"
        " from take_gbcs_messages($1, $2, $3::text[], $4, $5, $6, $7, $8,"
        " $9::numeric[], $10, $11)"};
    const struct messages *all = context;
    struct inbound *in = all->in;
    struct db_params params = DB_PARAMS(in->arena);
    db_text(&params, in->csp->name);
    db_text(&params, in->csp->regions);
    db_texts(&params, all->ids, all->count);
    db_eui64s(&params, all->chf_ids, all->count);
    db_eui64s(&params, all->originators, all->count);
    db_eui64s(&params, all->recipients, all->count);
    db_int4s(&params, all->cras, all->count);
    db_int4s(&params, all->codes, all->count);
    db_texts(&params, all->counters, all->count);
    db_byteas(&params, all->payloads, all->count);
    db_instant(&params, in->now);
    struct db_rows *rows;
    enum outcome outcome = db_run(db, &statement, &params, in->arena, &rows);
    if (outcome != DONE)
        return outcome;
    crash_point(CRASH_messages_worked);
    in->accepted = (size_t)db_get_int(rows, 0, 0);
    in->duplicates = (size_t)db_get_int(rows, 0, 1);
    inbound_refuse(in, rows, 2, all->positions, all->count);
    return DONE;
}

enum outcome take_gbcs_messages(struct inbound *in) {
    struct messages all = read_all(in);
    return all.count ? db_transact(in->db, take, &all, true) : DONE;
}
