/* fotactl sat verify: the Service Audit Trail against its hash chain
 * (requirement H1). What may be missing of it the chain says, nobody else. */
#include "base/json.h"
#include "desk/view.h"
#include "fotactl/verbs.h"

#include <strings.h>

enum { AT_ONCE = 200 }; /* seals */

/* In the order of check_seals(). */
static const struct view_field seal_fields[] = {
    {"seal", "Seal", "SEAL", VIEW_COUNT},
    {"firstEntry", "First entry", "FIRST", VIEW_COUNT},
    {"lastEntry", "Last entry", "LAST", VIEW_COUNT},
    {"entries", "Entries", "ENTRIES", VIEW_COUNT},
    {"hash", "Hash", NULL, VIEW_TEXT},
    {"kept", "Kept", NULL, VIEW_BOOL},
    {"fault", "Fault", "FAULT", VIEW_TEXT},
    {"droppedUpTo", "Dropped up to", NULL, VIEW_COUNT},
    {"droppedBefore", "Dropped before", NULL, VIEW_INSTANT},
    {"retention", "Retention", NULL, VIEW_TEXT},
    {"droppedBy", "Dropped by", NULL, VIEW_TEXT},
};
enum {
    SEAL,
    LAST = 2,
    ENTRIES,
    HASH,
    KEPT,
    FAULT,
    UP_TO,
    BEFORE,
    RETENTION,
    BY,
    SEAL_FIELDS
};

struct verified {
    int64_t seals, entries, gone, last_entry, last_seal;
    int64_t open;     /* entries that are not sealed yet */
    const char *hash; /* of the last seal */
    bool found;       /* a seal has the hash of --hash */
    json_t *faults;
    json_t *drops; /* the last by each retention and fotad */
};

static bool is_same_dropper(json_t *a, json_t *b) {
    return json_equal(json_object_get(a, "retention"),
                      json_object_get(b, "retention")) &&
           json_equal(json_object_get(a, "droppedBy"),
                      json_object_get(b, "droppedBy"));
}

static void drop_take(struct verified *v, const struct db_rows *rows,
                      size_t i) {
    json_t *drop = view_object(seal_fields, SEAL_FIELDS, rows, i);
    size_t count = json_array_size(v->drops);
    if (count && is_same_dropper(json_array_get(v->drops, count - 1), drop))
        json_array_remove(v->drops, count - 1);
    json_add(v->drops, drop);
}

static void seal_take(struct verb_run *run, struct verified *v,
                      const struct db_rows *rows, size_t i) {
    v->seals++;
    v->entries += db_get_int(rows, i, ENTRIES);
    v->gone += !db_get_bool(rows, i, KEPT);
    v->last_entry = db_get_int(rows, i, LAST);
    v->last_seal = db_get_int(rows, i, SEAL);
    v->hash = arena_text(run->arena, span_text(db_get_text(rows, i, HASH)));
    v->found = v->found || (run->options.hash &&
                            strcasecmp(run->options.hash, v->hash) == 0);
    if (!db_is_null(rows, i, FAULT))
        json_add(v->faults, view_object(seal_fields, SEAL_FIELDS, rows, i));
    if (!db_is_null(rows, i, UP_TO) || !db_is_null(rows, i, BEFORE))
        drop_take(v, rows, i);
}

/* The next seals; when there are no more, what is not sealed at that moment. */
struct seal_look {
    struct arena *arena;
    const struct verified *verified;
    struct db_rows *seals, *end;
};

static enum outcome end_read(struct db *db, struct seal_look *look) {
    static const struct db_statement count = {
        "count_unsealed", "select (sat_counts(array[$1::bigint + 1], "
                          "array[9223372036854775807]))[1], seal_no"
                          " from sat_mark"};
    struct db_params params = DB_PARAMS(look->arena);
    db_int8(&params, look->verified->last_entry);
    return db_run(db, &count, &params, look->arena, &look->end);
}

static enum outcome seals_read(struct db *db, void *context) {
    static const struct db_statement check = {
        "check_seals",
        "select seal_no, first_no, last_no, entries, encode(hash, 'hex'),"
        " is_kept, fault, dropped_up_to, dropped_before, round(extract(epoch "
        "from retention)"
        " / 86400, 2)::float8 || ' days', dropped_by from check_seals($1, $2)"};
    struct seal_look *look = context;
    struct db_params params = DB_PARAMS(look->arena);
    db_int8(&params, look->verified->last_seal);
    db_int4(&params, AT_ONCE);
    look->end = NULL;
    enum outcome outcome =
        db_run(db, &check, &params, look->arena, &look->seals);
    if (outcome != DONE || db_row_count(look->seals))
        return outcome;
    return end_read(db, look);
}

static void end_fault(struct verified *v, const char *fault) {
    json_add(v->faults,
             json_pack("{s:I, s:I, s:I, s:s}", "seal",
                       (json_int_t)v->last_seal + 1, "firstEntry",
                       (json_int_t)v->last_entry + 1, "lastEntry",
                       (json_int_t)v->last_entry + 1, "fault", fault));
}

/* A chain whose last seals are gone is whole in itself. */
static void end_take(struct verb_run *run, struct verified *v,
                     const struct db_rows *end) {
    v->open = db_get_int(end, 0, 0);
    if (db_get_int(end, 0, 1) > v->last_seal)
        end_fault(v, "the last seals are missing");
    if (run->options.hash && !v->found)
        end_fault(v, "no seal has the hash of --hash");
}

static enum outcome check_all(struct verb_run *run, struct verified *v) {
    enum outcome outcome = DONE;
    for (bool more = true; more && outcome == DONE;) {
        struct seal_look look = {.arena = arena_new(), .verified = v};
        outcome = run_look(run, seals_read, &look);
        more = outcome == DONE && !look.end;
        for (size_t i = 0; more && i < db_row_count(look.seals); i++)
            seal_take(run, v, look.seals, i);
        if (outcome == DONE && look.end)
            end_take(run, v, look.end);
        arena_free(look.arena);
    }
    return outcome;
}

static const char *text_of(json_t *object, const char *name) {
    const char *text = json_string_value(json_object_get(object, name));
    return text ? text : "-";
}

static intmax_t number_of(json_t *object, const char *name) {
    return json_integer_value(json_object_get(object, name));
}

static void print_faults(struct verb_run *run, const struct verified *v) {
    size_t i;
    json_t *fault;
    json_array_foreach(v->faults, i, fault) {
        buffer_printf(run->out, "seal %jd, entries %jd to %jd: %s\n",
                      number_of(fault, "seal"), number_of(fault, "firstEntry"),
                      number_of(fault, "lastEntry"), text_of(fault, "fault"));
    }
}

static void print_drops(struct verb_run *run, const struct verified *v) {
    size_t i;
    json_t *drop;
    json_array_foreach(v->drops, i, drop) {
        buffer_printf(run->out, "seal %jd: entries ", number_of(drop, "seal"));
        if (json_is_integer(json_object_get(drop, "droppedUpTo")))
            buffer_printf(run->out, "up to %jd",
                          number_of(drop, "droppedUpTo"));
        else
            buffer_printf(run->out, "from before %s",
                          text_of(drop, "droppedBefore"));
        buffer_printf(run->out, " were dropped; retention %s, by %s\n",
                      text_of(drop, "retention"), text_of(drop, "droppedBy"));
    }
}

static void print_verified(struct verb_run *run, const struct verified *v) {
    if (run->options.json) {
        run_print_json(run,
                       json_pack("{s:I, s:I, s:I, s:I, s:s?, s:O, s:O}",
                                 "seals", (json_int_t)v->seals, "entries",
                                 (json_int_t)v->entries, "sealsPastRetention",
                                 (json_int_t)v->gone, "entriesNotYetSealed",
                                 (json_int_t)v->open, "lastHash", v->hash,
                                 "drops", v->drops, "faults", v->faults));
        return;
    }
    print_faults(run, v);
    print_drops(run, v);
    buffer_printf(run->out,
                  "%jd seals over %jd entries; %jd seals have entries past "
                  "retention; %jd entries are not sealed yet\n",
                  (intmax_t)v->seals, (intmax_t)v->entries, (intmax_t)v->gone,
                  (intmax_t)v->open);
    if (v->hash)
        buffer_printf(run->out,
                      "last hash %s (the journal has it: seal=%jd of sat.sealed"
                      " or sat.dropped)\n",
                      v->hash, (intmax_t)v->last_seal);
}

enum outcome verb_sat_verify(struct verb_run *run) {
    struct verified v = {.faults = json_array(), .drops = json_array()};
    enum outcome outcome = check_all(run, &v);
    if (outcome == DONE)
        print_verified(run, &v);
    size_t faults = json_array_size(v.faults);
    json_decref(v.faults);
    json_decref(v.drops);
    if (outcome == DONE && faults)
        return run_refuse(run,
                          "the service audit trail is not as it was written: "
                          "%zu faults; compare with the journal and backups",
                          faults);
    return outcome;
}
