/* fotactl sat export: the Service Audit Trail (requirement H1), day by day, in
 * each in the order of its entries, as it is read: it may be larger than
 * memory, and so may the locks of all its days be. */
#include "desk/view.h"
#include "fotactl/sat_trail.h"
#include "fotactl/verbs.h"
#include "trail/export.h"

#include <stdio.h>
#include <unistd.h>

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
        " select e.entry_no, e.at, e.kind, (select request_id_text("
        "r.originator, r.target, r.counter) from service_request r"
        " where r.request_no = e.request_no), e.device_id,"
        " e.party, e.csp, e.person, e.code, e.detail"
        " from sat_part($1, $2, $3) e"};
    return db_run(db, &declare, params, arena, NULL);
}

/* A row of sat_parts(). */
struct part {
    const char *name;
    instant low, high;
};

struct export {
    struct verb_run *run;
    const struct part *part;
    bool printed;
};

/* A step that cannot be tried again once it has printed. */
static enum outcome print_part(struct db *db, void *context) {
    static const struct db_statement fetch = {"sat_fetch",
                                              "fetch 5000 from sat"};
    struct export *export = context;
    struct arena *arena = arena_new();
    struct db_params params = DB_PARAMS(arena);
    db_text(&params, export->part->name);
    db_instant(&params, export->part->low);
    db_instant(&params, export->part->high);
    export->printed = false;
    enum outcome outcome = open_cursor(db, &params, arena);
    for (size_t count = 1; outcome == DONE && count;) {
        struct db_rows *rows;
        arena_reset(arena);
        outcome = db_run(db, &fetch, NULL, arena, &rows);
        count = outcome == DONE ? db_row_count(rows) : 0;
        export->printed |= count != 0;
        if (export->run->options.json && count)
            print_lines(export->run, rows);
        else if (count)
            view_table(export->run->out, entry_fields, ENTRY_FIELDS, rows);
        if (!run_flush(export->run))
            outcome = FAILED;
    }
    arena_free(arena);
    return outcome == RETRY && export->printed ? FAILED : outcome;
}

static enum outcome find_parts(struct verb_run *run, instant from, instant to,
                               const struct part **parts, size_t *count) {
    static const struct db_statement find = {
        "sat_parts", "select part, low, high from sat_parts($1, $2)"};
    static const struct db_column columns[] = {
        DB_COLUMN(TEXT, struct part, name),
        DB_COLUMN(INSTANT, struct part, low),
        DB_COLUMN(INSTANT, struct part, high),
    };
    struct db_params params = DB_PARAMS(run->arena);
    db_instant_if(&params, from, from);
    db_instant_if(&params, to, to);
    struct db_rows *rows;
    enum outcome outcome = run_query(run, &find, &params, &rows);
    *count = outcome == DONE ? db_row_count(rows) : 0;
    if (outcome == DONE)
        *parts =
            db_structs(rows, DB_COLUMNS(columns), sizeof **parts, run->arena);
    return outcome;
}

static bool sealed_flush(void *context) {
    return run_flush(context);
}

/* As it is under its seals: all of it, for they are one chain. */
static enum outcome export_sealed(struct verb_run *run) {
    if (run->options.from || run->options.to)
        return run_misuse(run, "--sealed is the whole trail: without --from "
                               "and --to");
    if (run->stream && isatty(fileno(run->stream)))
        return run_misuse(run, "--sealed is for a file: its octets are what "
                               "was hashed, whatever they do to a terminal");
    run->raw = true;
    db_is_for(run->db, DB_FOR_export);
    struct trail_writer writer = trail_writer(run->out, sealed_flush, run);
    return sat_trail_pass(run, &writer.sink);
}

enum outcome verb_sat_export(struct verb_run *run) {
    instant from, to;
    if (run->options.sealed)
        return export_sealed(run);
    if (!run_read_instant(run, "--from", run->options.from, &from) ||
        !run_read_instant(run, "--to", run->options.to, &to))
        return REFUSED;
    db_is_for(run->db, DB_FOR_export);
    const struct part *parts;
    size_t count;
    enum outcome outcome = find_parts(run, from, to, &parts, &count);
    struct export export = {.run = run};
    for (size_t i = 0; i < count && outcome == DONE; i++) {
        export.part = &parts[i];
        outcome =
            run_database(run, db_transact(run->db, print_part, &export, false));
    }
    return outcome;
}
