#include "fotactl/call.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>

enum outcome call_refuse(struct call *call, const char *format, ...) {
    va_list args;
    va_start(args, format);
    call->problem = arena_vprintf(call->arena, format, args);
    va_end(args);
    return REFUSED;
}

enum outcome call_misuse(struct call *call, const char *format, ...) {
    va_list args;
    va_start(args, format);
    call->problem = arena_vprintf(call->arena, format, args);
    va_end(args);
    call->misused = true;
    return REFUSED;
}

/* The server's words may come in several lines. */
static const char *one_line(struct call *call, const char *text) {
    char *line = arena_text(call->arena, span_text(text));
    for (char *c = line; *c; c++)
        if ((unsigned char)*c < ' ')
            *c = ' ';
    return line;
}

enum outcome call_database(struct call *call, enum outcome outcome) {
    if (outcome == DONE || call->problem)
        return outcome;
    const char *reason = one_line(call, db_reason(call->db));
    if (outcome == RETRY)
        call_refuse(call,
                    "the database cannot be used now; check [database] "
                    "conninfo and the server, then try again: %s",
                    reason);
    else
        call_refuse(call, "the database refused; nothing was changed: %s",
                    *reason ? reason : "see the log of the server");
    return outcome;
}

enum outcome call_run(struct call *call, const struct db_statement *statement,
                      const struct db_params *params, struct db_rows **rows) {
    return call_database(
        call, db_run(call->db, statement, params, call->arena, rows));
}

struct changing {
    struct call *call;
    const struct call_statement *statements;
    size_t count;
    struct db_rows **rows;
};

static enum outcome change(struct db *db, void *context) {
    const struct changing *c = context;
    struct db_rows *rows = NULL;
    enum outcome outcome = DONE;
    for (size_t i = 0; i < c->count && outcome == DONE; i++)
        outcome = db_run(db, c->statements[i].statement,
                         c->statements[i].params, c->call->arena, &rows);
    if (outcome == DONE && c->rows)
        *c->rows = rows;
    return outcome;
}

enum outcome call_change(struct call *call,
                         const struct call_statement *statements, size_t count,
                         struct db_rows **rows) {
    struct changing changing = {call, statements, count, rows};
    return call_database(call, db_transact(call->db, change, &changing, false));
}

bool call_read_eui64(struct call *call, const char *text, eui64 *id) {
    if (eui64_parse(span_text(text), id))
        return true;
    call_misuse(call, "'%s' is not an EUI-64 such as 00-DB-12-34-56-78-90-A0",
                text);
    return false;
}

bool call_add_user(struct call *call, struct db_params *params) {
    eui64 user;
    if (!call->options.user) {
        db_null(params);
        return true;
    }
    if (!call_read_eui64(call, call->options.user, &user))
        return false;
    db_eui64(params, user);
    return true;
}

bool call_read_limit(struct call *call, const char *text, int64_t *limit) {
    enum { USUAL = 100, MOST = 1000000 };
    *limit = USUAL;
    if (!text)
        return true;
    char *end;
    errno = 0;
    *limit = strtoll(text, &end, 10);
    if (!errno && end != text && !*end && *limit >= 1 && *limit <= MOST)
        return true;
    call_misuse(call, "--limit '%s' is not a number from 1 to %d", text, MOST);
    return false;
}

bool call_read_instant(struct call *call, const char *option, const char *text,
                       instant *when) {
    *when = 0;
    if (!text)
        return true;
    bool day = strlen(text) == strlen("2026-11-21");
    const char *whole =
        day ? arena_printf(call->arena, "%sT00:00:00Z", text) : text;
    if (instant_parse(span_text(whole), when))
        return true;
    call_misuse(call,
                "%s '%s' is not a day such as 2026-11-21 or a time such as "
                "2026-11-21T09:15:00Z",
                option, text);
    return false;
}

bool call_flush(struct call *call) {
    struct buffer *out = call->out;
    if (!call->stream || !out->len)
        return true;
    bool good = span_write(buffer_span(out), call->stream);
    out->len = 0;
    if (!good)
        call_refuse(call, "stdout cannot be written");
    return good;
}

void call_print_json(struct call *call, json_t *value) {
    char *text = json_dumps(value, JSON_INDENT(2));
    buffer_printf(call->out, "%s\n", text);
    free(text);
    json_decref(value);
}

void call_print_rows(struct call *call, const struct view_field *fields,
                     size_t count, const struct db_rows *rows,
                     const char *none) {
    if (call->options.json)
        call_print_json(call, view_array(fields, count, rows));
    else if (db_row_count(rows) == 0)
        buffer_printf(call->out, "%s\n", none);
    else
        view_table(call->out, fields, count, rows);
}

enum outcome call_list(struct call *call, const struct db_statement *statement,
                       const struct db_params *params,
                       const struct view_field *fields, size_t count,
                       const char *none) {
    struct db_rows *rows;
    enum outcome outcome = call_run(call, statement, params, &rows);
    if (outcome == DONE)
        call_print_rows(call, fields, count, rows, none);
    return outcome;
}
