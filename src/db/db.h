/*
 * PostgreSQL by libpq: one connection, statements prepared at first use,
 * typed parameters and rows in binary, one transaction-and-retry loop.
 *
 * A connection belongs to one thread at a time. A statement is a static
 * `struct db_statement`; its address is its identity.
 */
#ifndef FOTAD_DB_DB_H
#define FOTAD_DB_DB_H

#include "base/arena.h"
#include "base/clock.h"
#include "base/eui64.h"
#include "base/log.h"
#include "base/outcome.h"

#include <stddef.h>

struct db;

struct db_statement {
    const char *name; /* unique; letters, digits and '_' */
    const char *sql;  /* $1 ... with their types cast where not obvious */
};

/* Most parameters that a statement may have. */
enum { DB_MOST_PARAMS = 32 };

/* Parameters, added in order. Values are not copied: they live at least until
 * the call that uses them returns. Start from DB_PARAMS(arena): arrays and
 * converted values are put into that arena. */
struct db_params {
    struct arena *arena;
    int count;
    const char *values[DB_MOST_PARAMS];
    int lengths[DB_MOST_PARAMS];
    int formats[DB_MOST_PARAMS];
};
#define DB_PARAMS(a)                                                           \
    { .arena = (a) }

void db_null(struct db_params *p);
/* Text form: for text, enums, numeric, domains over text. NULL is null. What is
 * no UTF-8 is its sender's fault: U+FFFD stands for each such octet, so that it
 * is kept, compared and shown, and finds nothing, but is no error of ours. The
 * same in db_texts() and columns. */
void db_text(struct db_params *p, const char *text);
void db_bool(struct db_params *p, bool value);
void db_int2(struct db_params *p, int16_t value);
void db_int4(struct db_params *p, int32_t value);
void db_int8(struct db_params *p, int64_t value);
/* numeric */
void db_uint8(struct db_params *p, uint64_t value);
void db_bytea(struct db_params *p, struct span octets);
/* macaddr8 */
void db_eui64(struct db_params *p, eui64 id);
/* timestamptz; INT64_MAX (RETRY_NEVER) and INT64_MIN are the infinities, here,
 * in arrays and in rows */
void db_instant(struct db_params *p, instant when);
/* Null unless given; NULL is null. */
void db_eui64_at(struct db_params *p, const eui64 *id);
void db_eui64_if(struct db_params *p, bool given, eui64 id);
void db_int4_if(struct db_params *p, bool given, int32_t value);
void db_int8_if(struct db_params *p, bool given, int64_t value);
void db_instant_if(struct db_params *p, bool given, instant when);
/* macaddr8[], timestamptz[], bigint[], integer[], bytea[] */
void db_eui64s(struct db_params *p, const eui64 *ids, size_t count);
void db_instants(struct db_params *p, const instant *times, size_t count);
void db_int8s(struct db_params *p, const int64_t *values, size_t count);
void db_int4s(struct db_params *p, const int32_t *values, size_t count);
void db_byteas(struct db_params *p, const struct span *values, size_t count);
/* text[] in text form; also for arrays of enums. NULL is null. */
void db_texts(struct db_params *p, const char *const *texts, size_t count);

/* A member of a struct that is a column of many: what it is in SQL, and where
 * it stands. Tables of them turn an array of structs into array parameters,
 * and rows into an array of structs. */
enum db_type {
    DB_BOOL,    /* bool */
    DB_INT4,    /* int32_t */
    DB_INT8,    /* int64_t */
    DB_SIZE,    /* size_t; any integer in rows, bigint[] as a parameter */
    DB_NUMERIC, /* uint64_t; in rows a numeric as text: `counter::text` */
    DB_EUI64,   /* eui64 */
    DB_EUI64S,  /* struct db_eui64s: macaddr8[] */
    DB_INSTANT, /* instant */
    DB_BYTEA,   /* struct span */
    DB_TEXT,    /* const char *; also enums */
};
struct db_eui64s {
    eui64 *ids;
    size_t count;
};
struct db_column {
    enum db_type type;
    size_t offset;
};
/* DB_COLUMN(EUI64, struct target, chf): does not compile for a member of
 * another type than the one above. */
#define DB_COLUMN(type, owner, member)                                         \
    {                                                                          \
        _Generic((owner){0}.member, DB_C_##type                                \
                 : DB_##type),                                                 \
            offsetof(owner, member)                                            \
    }
#define DB_C_BOOL bool
#define DB_C_INT4 int32_t
#define DB_C_INT8 int64_t
#define DB_C_SIZE size_t
#define DB_C_NUMERIC uint64_t
#define DB_C_EUI64 eui64
#define DB_C_EUI64S struct db_eui64s
#define DB_C_INSTANT instant
#define DB_C_BYTEA struct span
#define DB_C_TEXT const char *
#define DB_COLUMNS(table) (table), sizeof(table) / sizeof *(table)

/* One array parameter for each column of the table, in its order, from `count`
 * structs of `size` octets each. For DB_BOOL and DB_EUI64S there is none. */
void db_arrays(struct db_params *p, const struct db_column *columns,
               size_t column_count, const void *structs, size_t count,
               size_t size);

/* The rows of one answer. Columns come back in binary. Freed with the arena
 * they were fetched into. */
struct db_rows;

size_t db_row_count(const struct db_rows *rows);
bool db_is_null(const struct db_rows *rows, size_t row, int column);
/* The octets of text, enum, name, bytea; empty for null. They live as long as
 * the rows and are followed by a NUL. */
struct span db_get_span(const struct db_rows *rows, size_t row, int column);
const char *db_get_text(const struct db_rows *rows, size_t row, int column);
bool db_get_bool(const struct db_rows *rows, size_t row, int column);
/* int2, int4 or int8 by the width that came */
int64_t db_get_int(const struct db_rows *rows, size_t row, int column);
eui64 db_get_eui64(const struct db_rows *rows, size_t row, int column);
instant db_get_instant(const struct db_rows *rows, size_t row, int column);
/* An array without nulls of a fixed-width type: the number of elements; the
 * values go to `*values` in the arena. integer[] */
size_t db_get_int4s(const struct db_rows *rows, size_t row, int column,
                    struct arena *arena, int32_t **values);
/* macaddr8[] */
size_t db_get_eui64s(const struct db_rows *rows, size_t row, int column,
                     struct arena *arena, eui64 **values);
/* text[] or an array of an enum */
size_t db_get_texts(const struct db_rows *rows, size_t row, int column,
                    struct arena *arena, const char ***values);

/* All rows as an array of structs of `size` octets in the arena: column i of
 * the rows goes to columns[i], whose texts and octets live as long as the rows,
 * lists of device IDs as long as the arena; null is 0, false, "" or empty. */
void *db_structs(const struct db_rows *rows, const struct db_column *columns,
                 size_t column_count, size_t size, struct arena *arena);

/* Makes ready to connect (conninfo as for libpq); connects at first use and
 * again after a loss. `name` shows in pg_stat_activity. Free with
 * db_close(). */
struct db *db_open(const char *conninfo, const char *name);
/* The key of fotad.conf that people are told to look at, a static text: unless
 * said, "[database] conninfo". */
void db_is_of(struct db *db, const char *key);
void db_close(struct db *db);

/* Ends what any thread has on its way to the database, which it hears as a lost
 * connection: when the process ends and the server does not answer. From any
 * thread. */
void db_cut_all(void);

/* Connects now if not connected. RETRY when the server cannot be reached; then
 * the next tries wait a little (up to 400 ms after the one before; as long as
 * that took, if nobody answered) and say so at once. */
enum outcome db_connect(struct db *db);

/* After db_connect() said RETRY: can nobody be let in until a person changes
 * something (role, password, name of the database)? */
bool db_is_denied(const struct db *db);

/* FAILED, with a reason that says what to do, when fotad cannot work on what it
 * is connected to: a database in another encoding than UTF8, or a pooler that
 * gives a session's transactions to different sessions of the server. */
enum outcome db_check_server(struct db *db);

/* Leaves the connection, if there is one; the next call makes another. */
void db_disconnect(struct db *db);

/* What it is for, from now on: how long the server lets it take (uses.def);
 * what takes longer is RETRY, or ended. DB_FOR_work unless said. Leaves the
 * connection; the next call makes another. */
enum db_use {
#define DB_USE(name, lock, still, statement) DB_FOR_##name,
#include "db/uses.def"
#undef DB_USE
};
void db_is_for(struct db *db, enum db_use use);

/* From now on this program works on a database only while that has not gone
 * back in time (sql/past.sql), as far as it remembers: in a file of that
 * directory, or, if it is "", by itself. Before any thread has a connection.
 * False with the reason, static, when what it remembers cannot be read. */
bool db_remember(const char *directory, const char **reason);
/* Is connected whatever the past: for who only looks, and for what the database
 * is made with. */
void db_takes_any_past(struct db *db);
/* Asks whether it went back, and remembers the answer; every few seconds, in
 * one thread. FAILED, too, when it cannot be remembered. */
enum outcome db_beat(struct db *db);
/* The cluster, timeline and database that it is connected to; "": a standby. */
const char *db_place(const struct db *db);
/* Why nobody works on it, for people, in the arena; NULL: they do. */
const char *db_past_fault(struct arena *arena);

/* The reason of the last outcome that was not DONE, never empty; valid until
 * the next call. */
const char *db_reason(const struct db *db);
/* The level of a line about work that the database did not do: `level`, or
 * LOG_LEVEL_DEBUG while it is away, for that is said once for all. */
enum log_level db_level(const struct db *db, enum log_level level);
/* For who answers FAILED because of what the database holds: that reason. */
void db_blame(struct db *db, const char *reason);
/* SQLSTATE of the same, "" when the server said none. */
const char *db_sqlstate(const struct db *db);

/* What the database refused lately (30 s) that a person may have to do
 * something about: "disk_full", "read_only"..., with advice; NULL: nothing. Of
 * all connections of the process. */
enum { DB_ADVICE_SIZE = 200 };
#define DB_DISK_FULL "disk_full"
const char *db_lasting_error(char advice[static DB_ADVICE_SIZE]);

/* Connects and prepares it, as db_run() does at first use: for who measures how
 * long its answer takes. */
enum outcome db_prepare(struct db *db, const struct db_statement *statement);

/* Runs one statement. `params` may be NULL, `rows` may be NULL. DONE; RETRY
 * for what may pass: a lost connection, a serialisation failure, a deadlock, a
 * server that is full, read-only or going down (src/db/error.c has them all,
 * and counts and logs them); FAILED for everything else (logged). A connection
 * lost in a transaction is not made again before its end. */
enum outcome db_run(struct db *db, const struct db_statement *statement,
                    const struct db_params *params, struct arena *arena,
                    struct db_rows **rows);

/* db_run() of a statement that stands alone, for who has no later turn: again
 * after RETRY, as db_transact() does; within a transaction once. What was sent
 * to a connection that was lost is said again only if `safe_to_repeat`. */
enum outcome db_insist(struct db *db, const struct db_statement *statement,
                       const struct db_params *params, struct arena *arena,
                       struct db_rows **rows, bool safe_to_repeat);

/* db_run() of a statement that is asked for rows: `*structs` gets them as
 * db_structs() makes them, in the parameters' arena; none (and NULL) when the
 * outcome is not DONE. */
enum outcome db_fetch(struct db *db, const struct db_statement *statement,
                      const struct db_params *params,
                      const struct db_column *columns, size_t column_count,
                      size_t size, void **structs, size_t *count);

/* Several statements of SQL text without parameters, in one go. */
enum outcome db_script(struct db *db, const char *sql);

/* A step of a transaction: DONE commits, REFUSED commits too (the refusal is
 * the result), RETRY and FAILED roll back. */
typedef enum outcome db_step(struct db *db, void *context);

/* Runs `step` in one transaction, again after RETRY (with a growing pause, at
 * most DB_MOST_TRIES times). A commit whose answer was lost gives RETRY from
 * the last try only if `safe_to_repeat`, otherwise FAILED: the caller must
 * find out. */
enum { DB_MOST_TRIES = 5 };
enum outcome db_transact(struct db *db, db_step *step, void *context,
                         bool safe_to_repeat);

/* Waits before the next try, after `tries` of them (1 to DB_MOST_TRIES - 1):
 * 20 ms, then twice as long each time. For callers of db_run() that try
 * again. */
void db_pause(int tries);

/* COPY table (columns) FROM STDIN: begin, feed text-format octets, end.
 * `sql` is the whole COPY statement. */
enum outcome db_copy_begin(struct db *db, const char *sql);
enum outcome db_copy_feed(struct db *db, struct span octets);
enum outcome db_copy_end(struct db *db);

/* A row of db_copy_out(): its fields as they came, in binary, data NULL for
 * null; they last until the call returns. False: no more is wanted. */
typedef bool db_copy_row(void *context, const struct span *fields,
                         size_t count);
/* COPY (query) TO STDOUT (FORMAT binary): `sql` is the whole statement. RETRY
 * and FAILED as db_run(); some rows may have been passed by then. What is not
 * wanted any more is DONE; the connection is left then. */
enum outcome db_copy_out(struct db *db, const char *sql, db_copy_row *row,
                         void *context);
/* Fields of it: int8, macaddr8, timestamptz. */
int64_t db_field_int8(struct span field);
eui64 db_field_eui64(struct span field);
instant db_field_instant(struct span field);

/* Applies the embedded migrations that are missing, and the functions, and
 * grants the roles their rights; nothing missing changes nothing. `person`
 * (DB_FOTAD: fotad itself) is who did it, for the Service Audit Trail, which
 * begins once the database is made; NULL: only looks. `*missing` gets the
 * number that were not applied before. A database with a numbered migration
 * that this program does not know belongs to a later release, which works
 * beside this one: it is left as it is, and nothing is missing. A lock that
 * cannot be had within 2 s is given up and tried again, for work waits behind
 * it; DB_MIGRATE_TRIES times. FAILED also when fotad cannot work there, see
 * db_check_server(). */
#define DB_FOTAD ""
enum { DB_MIGRATE_TRIES = 30 };
enum outcome db_migrate(struct db *db, const char *person, int *missing);

/* Gives the roles fotad_daemon and fotad_reader their rights again, for when
 * they were created after the migration. Warns when they are not there. Only
 * the database's owner may. */
enum outcome db_grant_rights(struct db *db);
/* What the database is beside this program, and what to do where it is not the
 * same: for people, in the arena. */
const char *db_version_words(struct db *db, struct arena *arena);

/* *later: the database belongs to a later release, see db_migrate(). */
enum outcome db_is_later(struct db *db, bool *later);

#endif
