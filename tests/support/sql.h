/*
 * SQL of a test, over a connection of its own. Whatever the server refuses, or
 * answers otherwise than said here, fails the test with the SQL and the reason.
 * Formats are printf's; in a format a per cent sign of SQL is "%%".
 */
#ifndef FOTAD_TESTS_SQL_H
#define FOTAD_TESTS_SQL_H

#include <stdint.h>

struct sql;
struct pg_conn;

/* Connects; warnings are shown, notices are not. */
struct sql *sql_open(const char *conninfo);
/* NULL is passed over. */
void sql_close(struct sql *sql);
/* The texts so far end. */
void sql_forget(struct sql *sql);
/* For what libpq alone has: a PGconn. */
struct pg_conn *sql_connection(struct sql *sql);

#define SQL_FORMAT __attribute__((format(printf, 2, 3)))

/* Truncates these tables ("a, b restart identity cascade") while a fotad may be
 * at work on them, in another order: it is tried again. */
void sql_empty(struct sql *sql, const char *tables);

/* One statement or several; answers are passed over. */
void sql_do(struct sql *sql, const char *format, ...) SQL_FORMAT;
/* The first column of the first row, which must be there; "" for null. Texts
 * live until sql_close(). */
const char *sql_text(struct sql *sql, const char *format, ...) SQL_FORMAT;
/* The same; NULL when there is no row. */
const char *sql_find(struct sql *sql, const char *format, ...) SQL_FORMAT;
/* The same; "" when there is no row, NULL when the server is away: the next
 * call connects again. */
const char *sql_poll(struct sql *sql, const char *format, ...) SQL_FORMAT;
/* The same as a number; the row must be there. */
int64_t sql_int(struct sql *sql, const char *format, ...) SQL_FORMAT;
/* All rows: a line each, columns parted by '|'. */
const char *sql_rows(struct sql *sql, const char *format, ...) SQL_FORMAT;
/* Why the server refused it, which it must. */
const char *sql_refusal(struct sql *sql, const char *format, ...) SQL_FORMAT;

/* Fails the test unless those are the rows, at once or within 10 s. */
void sql_expect(struct sql *sql, const char *rows, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void sql_expect_soon(struct sql *sql, const char *rows, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* fotad has run for so much longer on this database, by which retention goes:
 * '45 days'. */
void sql_run_for(struct sql *sql, const char *interval);

#endif
