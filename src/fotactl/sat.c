/* fotactl sat export: the Service Audit Trail (requirement H1), in the order of
 * its entries, as it is read: it may be larger than memory. */
#include "desk/view.h"
#include "fotactl/verbs.h"

/* In the order of the cursor's columns. */
static const struct view_field entry_fields[] = {
    {"entry", "Entry", "ENTRY", VIEW_COUNT},
    {"at", "At", "AT", VIEW_INSTANT},
    {"kind", "Kind", "KIND", VIEW_TEXT},
    {"requestId", "Request", "REQUEST", VIEW_TEXT},
    {"deviceId", "Device", "DEVICE", VIEW_EUI64},
    {"party", "Party", "PARTY", VIEW_EUI64},
    {"csp", "CSP", "CSP", VIEW_TEXT},
    {"person", "Person", "PERSON", VIEW_TEXT},
    {"code", "Code", "CODE", VIEW_TEXT},
    {"detail", "Detail", "DETAIL", VIEW_TEXT},
};

enum { ENTRY_FIELDS = sizeof entry_fields / sizeof *entry_fields };

static void print_lines(struct verb_run *run, const struct db_rows *rows) {
    for (size_t i = 0; i < db_row_count(rows); i++) {
        json_t *line = view_object(entry_fields, ENTRY_FIELDS, rows, i);
        char *text = json_dumps(line, JSON_COMPACT);
        buffer_text(run->out, text);
        buffer_text(run->out, "\n");
        free(text);
        json_decref(line);
    }
}

static enum outcome open_cursor(struct db *db, const struct db_params *params,
                                struct arena *arena) {
    static const struct db_statement declare = {
        "sat_cursor",
        "declare sat cursor for"
        " select e.entry_no, e.at, e.kind,"
        " request_id_text(r.originator, r.target, r.counter), e.device_id,"
        " e.party, e.csp, e.person, e.code, e.detail"
        " from sat_entry e"
        " left join service_request r on r.request_no = e.request_no"
        " where ($1::timestamptz is null or e.at >= $1)"
        " and ($2::timestamptz is null or e.at < $2)"
        " order by e.entry_no"};
    return db_run(db, &declare, params, arena, NULL);
}

struct span_of_time {
    struct verb_run *run;
    instant from, to; /* 0: no limit */
    bool printed;
};

static void add_instant(struct db_params *params, instant when) {
    if (when)
        db_instant(params, when);
    else
        db_null(params);
}

/* A step that cannot be tried again once it has printed. */
static enum outcome print_trail(struct db *db, void *context) {
    static const struct db_statement fetch = {"sat_fetch",
                                              "fetch 5000 from sat"};
    struct span_of_time *span = context;
    struct arena *arena = arena_new();
    struct db_params params = DB_PARAMS(arena);
    add_instant(&params, span->from);
    add_instant(&params, span->to);
    enum outcome outcome = open_cursor(db, &params, arena);
    for (size_t count = 1; outcome == DONE && count;) {
        struct db_rows *rows;
        arena_reset(arena);
        outcome = db_run(db, &fetch, NULL, arena, &rows);
        count = outcome == DONE ? db_row_count(rows) : 0;
        span->printed |= count != 0;
        if (span->run->options.json && count)
            print_lines(span->run, rows);
        else if (count)
            view_table(span->run->out, entry_fields, ENTRY_FIELDS, rows);
        if (!run_flush(span->run))
            outcome = FAILED;
    }
    arena_free(arena);
    return outcome == RETRY && span->printed ? FAILED : outcome;
}

enum outcome verb_sat_export(struct verb_run *run) {
    struct span_of_time span = {.run = run};
    if (!run_read_instant(run, "--from", run->options.from, &span.from) ||
        !run_read_instant(run, "--to", run->options.to, &span.to))
        return REFUSED;
    db_is_for(run->db, DB_FOR_export);
    return run_database(run, db_transact(run->db, print_trail, &span, false));
}
