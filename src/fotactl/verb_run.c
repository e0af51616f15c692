#include "fotactl/verb_run.h"

#include "base/file.h"
#include "base/safe_text.h"
#include "base/value.h"
#include "fotactl/person.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>

enum outcome run_refuse(struct verb_run *run, const char *format, ...) {
    va_list args;
    va_start(args, format);
    run->problem = arena_vprintf(run->arena, format, args);
    va_end(args);
    return REFUSED;
}

enum outcome run_misuse(struct verb_run *run, const char *format, ...) {
    va_list args;
    va_start(args, format);
    run->problem = arena_vprintf(run->arena, format, args);
    va_end(args);
    run->misused = true;
    return REFUSED;
}

enum outcome run_database(struct verb_run *run, enum outcome outcome) {
    if (outcome == DONE || run->problem)
        return outcome;
    const char *reason = db_reason(run->db);
    char advice[DB_ADVICE_SIZE];
    if (outcome == RETRY && db_lasting_error(advice))
        (void)run_refuse(run, "the database cannot be used now: %s; %s", reason,
                         advice);
    else if (outcome == RETRY)
        (void)run_refuse(run, "the database cannot be used now; try again: %s",
                         reason);
    else
        (void)run_refuse(run, "the database refused; nothing was changed: %s",
                         *reason ? reason : "see the log of the server");
    return outcome;
}

enum outcome run_query(struct verb_run *run,
                       const struct db_statement *statement,
                       const struct db_params *params, struct db_rows **rows) {
    return run_database(
        run, db_insist(run->db, statement, params, run->arena, rows, true));
}

struct looking {
    db_step *step;
    void *context;
};

static enum outcome look_once(struct db *db, void *context) {
    const struct looking *looking = context;
    enum outcome outcome = db_script(
        db, "set transaction isolation level repeatable read, read only");
    return outcome == DONE ? looking->step(db, looking->context) : outcome;
}

enum outcome run_look(struct verb_run *run, db_step *step, void *context) {
    struct looking looking = {step, context};
    return run_database(run, db_transact(run->db, look_once, &looking, true));
}

struct changing {
    struct verb_run *run;
    const struct verb_statement *statements;
    size_t count;
    struct db_rows **rows;
};

static enum outcome statements_run(struct db *db, void *context) {
    const struct changing *c = context;
    struct db_rows *rows = NULL;
    enum outcome outcome = DONE;
    for (size_t i = 0; i < c->count && outcome == DONE; i++)
        outcome = db_run(db, c->statements[i].statement,
                         c->statements[i].params, c->run->arena, &rows);
    if (outcome == DONE && c->rows)
        *c->rows = rows;
    return outcome;
}

enum outcome run_transact(struct verb_run *run,
                          const struct verb_statement *statements, size_t count,
                          struct db_rows **rows) {
    struct changing changing = {run, statements, count, rows};
    return run_database(run,
                        db_transact(run->db, statements_run, &changing, false));
}

bool run_read_eui64(struct verb_run *run, const char *text, eui64 *id) {
    if (eui64_parse(span_text(text), id))
        return true;
    (void)run_misuse(
        run, "'%s' is not an EUI-64 such as 00-DB-12-34-56-78-90-A0", text);
    return false;
}

bool run_read_request_id(struct verb_run *run, struct request_id *id) {
    if (request_id_parse(run->argument, id))
        return true;
    (void)run_misuse(run,
                     "'%s' is not a RequestID: EUI-64 of the sender, EUI-64 of "
                     "the target and counter with ':' between",
                     run->argument);
    return false;
}

bool run_read_file(struct verb_run *run, size_t most, struct span *octets) {
    const char *reason;
    return file_load(run->arena, run->argument, most, octets, &reason) ||
           run_refuse(run, "%s: %s", run->argument, reason) == DONE;
}

bool run_add_user(struct verb_run *run, struct db_params *params) {
    eui64 user;
    if (!run->options.user) {
        db_null(params);
        return true;
    }
    if (!run_read_eui64(run, run->options.user, &user))
        return false;
    db_eui64(params, user);
    return true;
}

bool run_read_limit(struct verb_run *run, int64_t *limit) {
    const char *text = run->options.limit;
    enum { USUAL = 100, MOST = 1000000 };
    *limit = run->options.all ? MOST : USUAL;
    if (!text || run->options.all)
        return true;
    char *end;
    errno = 0;
    *limit = strtoll(text, &end, 10);
    if (!errno && end != text && !*end && *limit >= 1 && *limit <= MOST)
        return true;
    (void)run_misuse(run, "--limit '%s' is not a number from 1 to %d", text,
                     MOST);
    return false;
}

bool run_read_instant(struct verb_run *run, const char *option,
                      const char *text, instant *when) {
    *when = 0;
    if (!text)
        return true;
    bool day = strlen(text) == strlen("2026-11-21");
    const char *whole =
        day ? arena_printf(run->arena, "%sT00:00:00Z", text) : text;
    if (instant_parse(span_text(whole), when))
        return true;
    (void)run_misuse(
        run,
        "%s '%s' is not a day such as 2026-11-21 or a time such as "
        "2026-11-21T09:15:00Z",
        option, text);
    return false;
}

bool run_read_past(struct verb_run *run, const char *option, const char *text,
                   instant *when) {
    instant ago;
    if (!text || !value_duration(text, &ago))
        return run_read_instant(run, option, text, when);
    *when = clock_now() - ago;
    return true;
}

void run_make_safe(struct buffer *text, bool lines) {
    struct buffer safe = {0};
    if (!text->len)
        return;
    safe_add(&safe, buffer_span(text), lines);
    buffer_free(text);
    *text = safe;
}

bool run_flush(struct verb_run *run) {
    struct buffer *out = run->out;
    if (!run->stream || !out->len)
        return true;
    if (!run->raw)
        run_make_safe(out, true);
    bool good = span_write(buffer_span(out), run->stream);
    out->len = 0;
    if (!good)
        (void)run_refuse(run, "stdout cannot be written");
    return good;
}

void run_print_json(struct verb_run *run, json_t *value) {
    char *text = json_dumps(value, JSON_INDENT(2) | JSON_REAL_PRECISION(10));
    buffer_printf(run->out, "%s\n", text);
    free(text);
    json_decref(value);
}

void run_print_csv(struct verb_run *run, const struct view_field *fields,
                   size_t count, const struct db_rows *rows) {
    struct buffer csv = {0};
    view_csv_header(&csv, fields, count);
    for (size_t i = 0; i < db_row_count(rows); i++)
        view_csv_line(&csv, fields, count, rows, i);
    for (size_t i = 0; i < csv.len; i++)
        if (csv.data[i] != '\r')
            buffer_add(run->out, span_of(csv.data + i, 1));
    buffer_free(&csv);
}

void run_print_rows(struct verb_run *run, const struct view_field *fields,
                    size_t count, const struct db_rows *rows,
                    const char *none) {
    if (run->options.json)
        run_print_json(run, view_array(fields, count, rows));
    else if (run->options.csv)
        run_print_csv(run, fields, count, rows);
    else if (db_row_count(rows))
        view_table(run->out, fields, count, rows);
    else
        buffer_printf(run->out, "%s\n", none);
}

struct desk run_desk(struct verb_run *run) {
    return (struct desk){.db = run->db,
                         .arena = run->arena,
                         .config = &run->config,
                         .person = operator_name(run->arena),
                         .now = clock_now()};
}

enum outcome run_desk_end(struct verb_run *run, const struct desk *desk,
                          enum outcome outcome, const char *hint) {
    if (outcome != REFUSED)
        return run_database(run, outcome);
    if (desk->fault == DESK_MALFORMED)
        return run_misuse(run, "%s", desk->refusal);
    return run_refuse(run, "%s%s%s", desk->refusal, hint ? "; " : "",
                      hint ? hint : "");
}

enum outcome run_note(struct verb_run *run, const char *detail) {
    static const struct db_statement note = {
        "person_did", "select person_did($1, $2, $3, $4)"};
    struct db_params params = DB_PARAMS(run->arena);
    db_text(&params, operator_name(run->arena));
    db_text(&params, run->words);
    db_text(&params, detail);
    db_instant(&params, clock_now());
    return run_database(run, db_run(run->db, &note, &params, run->arena, NULL));
}
