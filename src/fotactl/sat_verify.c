/* fotactl sat verify: the Service Audit Trail against its hash chain
 * (requirement H1). */
#include "desk/view.h"
#include "fotactl/verbs.h"

enum { AT_ONCE = 50 }; /* seals */

/* In the order of check_seals(). */
static const struct view_field seal_fields[] = {
    {"seal", "Seal", "SEAL", VIEW_COUNT},
    {"firstEntry", "First entry", "FIRST", VIEW_COUNT},
    {"lastEntry", "Last entry", "LAST", VIEW_COUNT},
    {"entries", "Entries", "ENTRIES", VIEW_COUNT},
    {"hash", "Hash", NULL, VIEW_TEXT},
    {"kept", "Kept", NULL, VIEW_BOOL},
    {"fault", "Fault", "FAULT", VIEW_TEXT},
};
enum { SEAL, LAST = 2, ENTRIES, HASH, KEPT, FAULT, SEAL_FIELDS };

struct verified {
    int64_t seals, entries, gone, last_entry;
    const char *hash; /* of the last seal */
    json_t *faults;
};

static void seal_take(struct verified *v, struct arena *arena,
                      const struct db_rows *rows, size_t i) {
    v->seals++;
    v->entries += db_get_int(rows, i, ENTRIES);
    v->gone += !db_get_bool(rows, i, KEPT);
    v->last_entry = db_get_int(rows, i, LAST);
    v->hash = arena_text(arena, span_text(db_get_text(rows, i, HASH)));
    if (!db_is_null(rows, i, FAULT))
        json_array_append_new(v->faults,
                              view_object(seal_fields, SEAL_FIELDS, rows, i));
}

static enum outcome check_all(struct verb_run *run, struct verified *v) {
    static const struct db_statement check = {
        "check_seals",
        "select seal_no, first_no, last_no, entries, encode(hash, 'hex'),"
        " is_kept, fault from check_seals($1, $2, $3)"};
    int64_t after = 0;
    for (size_t count = 1; count;) {
        struct arena *arena = arena_new();
        struct db_params params = DB_PARAMS(arena);
        db_int8(&params, after);
        db_int4(&params, AT_ONCE);
        db_instant(&params, clock_now() - run->config.sat_retention);
        struct db_rows *rows;
        enum outcome outcome = db_run(run->db, &check, &params, arena, &rows);
        count = outcome == DONE ? db_row_count(rows) : 0;
        for (size_t i = 0; i < count; i++)
            seal_take(v, run->arena, rows, i);
        if (count)
            after = db_get_int(rows, count - 1, SEAL);
        arena_free(arena);
        if (outcome != DONE)
            return outcome;
    }
    return DONE;
}

static enum outcome count_open(struct verb_run *run, const struct verified *v,
                               int64_t *open) {
    static const struct db_statement count = {
        "count_unsealed", "select count(*) from sat_entry where entry_no > $1"};
    struct db_params params = DB_PARAMS(run->arena);
    db_int8(&params, v->last_entry);
    struct db_rows *rows;
    enum outcome outcome = db_run(run->db, &count, &params, run->arena, &rows);
    if (outcome == DONE)
        *open = db_get_int(rows, 0, 0);
    return outcome;
}

static void print_faults(struct verb_run *run, const struct verified *v) {
    size_t i;
    json_t *fault;
    json_array_foreach(v->faults, i, fault) {
        buffer_printf(
            run->out, "seal %jd, entries %jd to %jd: %s\n",
            (intmax_t)json_integer_value(json_object_get(fault, "seal")),
            (intmax_t)json_integer_value(json_object_get(fault, "firstEntry")),
            (intmax_t)json_integer_value(json_object_get(fault, "lastEntry")),
            json_string_value(json_object_get(fault, "fault")));
    }
}

static void print_verified(struct verb_run *run, const struct verified *v,
                           int64_t open) {
    if (run->options.json) {
        run_print_json(run,
                       json_pack("{s:I, s:I, s:I, s:I, s:s?, s:O}", "seals",
                                 (json_int_t)v->seals, "entries",
                                 (json_int_t)v->entries, "sealsPastRetention",
                                 (json_int_t)v->gone, "entriesNotYetSealed",
                                 (json_int_t)open, "lastHash", v->hash,
                                 "faults", v->faults));
        return;
    }
    print_faults(run, v);
    buffer_printf(run->out,
                  "%jd seals over %jd entries; %jd seals have entries past "
                  "retention; %jd entries are not sealed yet\n",
                  (intmax_t)v->seals, (intmax_t)v->entries, (intmax_t)v->gone,
                  (intmax_t)open);
    if (v->hash)
        buffer_printf(run->out,
                      "last hash %s (the journal has it: sat.sealed seal=%jd)"
                      "\n",
                      v->hash, (intmax_t)v->seals);
}

enum outcome verb_sat_verify(struct verb_run *run) {
    struct verified v = {.faults = json_array()};
    int64_t open;
    enum outcome outcome = check_all(run, &v);
    if (outcome == DONE)
        outcome = count_open(run, &v, &open);
    if (outcome == DONE)
        print_verified(run, &v, open);
    size_t faults = json_array_size(v.faults);
    json_decref(v.faults);
    if (outcome == DONE && faults)
        return run_refuse(run,
                          "the service audit trail is not as it was written: "
                          "%zu faults; compare with the journal and backups",
                          faults);
    return run_database(run, outcome);
}
