#include "csp_gateway/inbound.h"

void inbound_rows(struct inbound *in, size_t rows) {
    in->rows = rows;
    in->refused = arena_zero(in->arena, rows, sizeof *in->refused);
}

bool inbound_open(struct inbound *in, unsigned *status, const char **reason) {
    bool is_array = json_is_array(in->json);
    if (!is_array && !json_is_object(in->json)) {
        *status = 400;
        *reason = "neither an object nor an array";
        return false;
    }
    size_t entries = is_array ? json_array_size(in->json) : 1;
    if (entries > MOST_ENTRIES) {
        *status = 413;
        *reason = "more than 10,000 entries";
        return false;
    }
    inbound_rows(in, entries);
    return true;
}

/* ---- from JSON to structs ---- */

static const char *entry_read(const struct inbound *in, size_t index,
                              inbound_reader *read, void *to) {
    if (in->faults && in->faults[index])
        return in->faults[index];
    return read(in,
                json_is_array(in->json) ? json_array_get(in->json, index)
                                        : in->json,
                to);
}

static void message_read(struct inbound_entries *entries, struct inbound *in,
                         inbound_reader *read) {
    for (size_t i = 0; i < in->rows; i++) {
        void *to = (char *)entries->structs + entries->count * entries->size;
        memset(to, 0, entries->size);
        in->refused[i] = entry_read(in, i, read, to);
        if (!in->refused[i])
            entries->places[entries->count++] = (struct inbound_place){in, i};
    }
}

struct inbound_entries *inbound_read(const struct inbound_batch *batch,
                                     inbound_reader *read, size_t size) {
    size_t total = 0;
    for (size_t i = 0; i < batch->count; i++)
        total += batch->messages[i]->rows;
    struct inbound_entries *entries =
        arena_zero(batch->arena, 1, sizeof *entries);
    *entries = (struct inbound_entries){
        .batch = batch,
        .size = size,
        .structs = arena_zero(batch->arena, total, size),
        .places = arena_zero(batch->arena, total, sizeof *entries->places)};
    for (size_t i = 0; i < batch->count; i++)
        message_read(entries, batch->messages[i], read);
    return entries->count ? entries : NULL;
}

/* ---- what became of them ---- */

static void settle_begin(const struct inbound_entries *entries) {
    for (size_t i = 0; i < entries->count; i++) {
        const struct inbound_place *place = &entries->places[i];
        struct inbound *in = place->in;
        in->accepted = in->failures = in->others = in->duplicates = 0;
        in->refused[place->index] = NULL;
    }
    for (size_t i = 0; i < entries->count; i++)
        entries->places[i].in->duplicates++;
}

void inbound_settle(const struct inbound_entries *entries,
                    const struct db_rows *rows) {
    enum { TAKEN_ORDINALS, REFUSED_ORDINALS, REFUSED_REASONS };
    struct arena *arena = entries->batch->arena;
    int32_t *taken, *refused;
    const char **reasons;
    settle_begin(entries);
    size_t taken_count = db_get_int4s(rows, 0, TAKEN_ORDINALS, arena, &taken);
    for (size_t i = 0; i < taken_count; i++) {
        struct inbound *in = entries->places[taken[i] - 1].in;
        in->accepted++;
        in->duplicates--;
    }
    size_t refused_count =
        db_get_int4s(rows, 0, REFUSED_ORDINALS, arena, &refused);
    db_get_texts(rows, 0, REFUSED_REASONS, arena, &reasons);
    for (size_t i = 0; i < refused_count; i++) {
        const struct inbound_place *place = &entries->places[refused[i] - 1];
        place->in->refused[place->index] = reasons[i];
        place->in->duplicates--;
    }
}
