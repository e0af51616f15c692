#include "support/sql.h"
#include "support/check.h"

#include "base/arena.h"
#include "base/buffer.h"
#include "base/memory.h"

#include <libpq-fe.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct sql {
    PGconn *connection;
    struct arena *arena; /* of texts */
};

struct sql *sql_open(const char *conninfo) {
    struct sql *sql = memory_alloc(sizeof *sql);
    *sql =
        (struct sql){.connection = PQconnectdb(conninfo), .arena = arena_new()};
    if (PQstatus(sql->connection) != CONNECTION_OK)
        fail_msg("%s: %s", conninfo, PQerrorMessage(sql->connection));
    sql_do(sql, "set client_min_messages = warning");
    return sql;
}

void sql_close(struct sql *sql) {
    if (!sql)
        return;
    PQfinish(sql->connection);
    arena_free(sql->arena);
    free(sql);
}

void sql_forget(struct sql *sql) {
    arena_reset(sql->arena);
}

PGconn *sql_connection(struct sql *sql) {
    return sql->connection;
}

static bool result_is_good(const PGresult *result) {
    ExecStatusType status = PQresultStatus(result);
    return status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK;
}

/* The caller has looked at what may be wrong with it. */
static void result_check(const PGresult *result, const char *text) {
    if (!result_is_good(result))
        fail_msg("%s%s", PQresultErrorMessage(result), text);
}

#define FORMATTED(sql, format, text)                                           \
    va_list args_;                                                             \
    va_start(args_, format);                                                   \
    const char *text = arena_vprintf((sql)->arena, format, args_);             \
    va_end(args_)

void sql_do(struct sql *sql, const char *format, ...) {
    FORMATTED(sql, format, text);
    PGresult *result = PQexec(sql->connection, text);
    result_check(result, text);
    PQclear(result);
}

void sql_empty(struct sql *sql, const char *tables) {
    const char *text = arena_printf(sql->arena, "truncate %s", tables);
    PGresult *result = PQexec(sql->connection, text);
    for (int tries = 1;
         tries < 20 && !result_is_good(result) &&
         strcmp(PQresultErrorField(result, PG_DIAG_SQLSTATE), "40P01") == 0;
         tries++) {
        PQclear(result);
        result = PQexec(sql->connection, text);
    }
    result_check(result, text);
    PQclear(result);
}

/* NULL when there is no row. Ends the result. */
static const char *first_value(struct sql *sql, PGresult *result) {
    const char *value =
        PQntuples(result)
            ? arena_text(sql->arena, span_text(PQgetvalue(result, 0, 0)))
            : NULL;
    PQclear(result);
    return value;
}

static const char *find_text(struct sql *sql, const char *text) {
    PGresult *result = PQexec(sql->connection, text);
    result_check(result, text);
    return first_value(sql, result);
}

const char *sql_find(struct sql *sql, const char *format, ...) {
    FORMATTED(sql, format, text);
    return find_text(sql, text);
}

const char *sql_text(struct sql *sql, const char *format, ...) {
    FORMATTED(sql, format, text);
    const char *value = find_text(sql, text);
    if (!value)
        fail_msg("%s: no row", text);
    return value;
}

int64_t sql_int(struct sql *sql, const char *format, ...) {
    FORMATTED(sql, format, text);
    const char *value = find_text(sql, text);
    char *end = NULL;
    int64_t number = value ? strtoll(value, &end, 10) : 0;
    if (!value || end == value || *end)
        fail_msg("%s: %s", text, value ? value : "no row");
    return number;
}

/* The server is away: it is going down, or does not say anything. */
static bool is_away(const PGresult *result) {
    const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    return !result_is_good(result) && (!state || strncmp(state, "57P", 3) == 0);
}

const char *sql_poll(struct sql *sql, const char *format, ...) {
    FORMATTED(sql, format, text);
    PGresult *result = PQexec(sql->connection, text);
    if (is_away(result)) {
        PQclear(result);
        PQreset(sql->connection);
        return NULL;
    }
    result_check(result, text);
    const char *value = first_value(sql, result);
    return value ? value : "";
}

static const char *all_rows(struct sql *sql, const char *text) {
    PGresult *result = PQexec(sql->connection, text);
    result_check(result, text);
    struct buffer rows = {0};
    buffer_text(&rows, "");
    for (int row = 0; row < PQntuples(result); row++)
        for (int column = 0; column < PQnfields(result); column++)
            buffer_printf(&rows, "%s%s",
                          column ? "|"
                          : row  ? "\n"
                                 : "",
                          PQgetvalue(result, row, column));
    PQclear(result);
    const char *value = arena_text(sql->arena, buffer_span(&rows));
    buffer_free(&rows);
    return value;
}

const char *sql_rows(struct sql *sql, const char *format, ...) {
    FORMATTED(sql, format, text);
    return all_rows(sql, text);
}

const char *sql_refusal(struct sql *sql, const char *format, ...) {
    FORMATTED(sql, format, text);
    PGresult *result = PQexec(sql->connection, text);
    if (result_is_good(result))
        fail_msg("%s: is not refused", text);
    const char *reason =
        arena_text(sql->arena, span_text(PQresultErrorMessage(result)));
    PQclear(result);
    return reason;
}

static void rows_check(const char *text, const char *got,
                       const char *expected) {
    if (strcmp(got, expected) != 0)
        fail_msg("%s\n  gave:\n%s\n  not:\n%s", text, got, expected);
}

void sql_expect(struct sql *sql, const char *rows, const char *format, ...) {
    FORMATTED(sql, format, text);
    rows_check(text, all_rows(sql, text), rows);
}

void sql_expect_soon(struct sql *sql, const char *rows, const char *format,
                     ...) {
    FORMATTED(sql, format, text);
    const char *got = all_rows(sql, text);
    for (int tries = 0; tries < 1000 && strcmp(got, rows) != 0; tries++) {
        nanosleep(&(struct timespec){.tv_nsec = 10000000}, NULL);
        got = all_rows(sql, text);
    }
    rows_check(text, got, rows);
}

void sql_run_for(struct sql *sql, const char *interval) {
    sql_do(sql,
           "update running_time set ran = ran + extract(epoch from interval"
           " '%s')::bigint * 1000000;"
           "select setval('running_second', ran / 1000000) from running_time",
           interval);
}
