/* One call of fotactl: what was asked, and what comes of it. */
#ifndef FOTAD_FOTACTL_CALL_H
#define FOTAD_FOTACTL_CALL_H

#include "base/buffer.h"
#include "base/config.h"
#include "base/outcome.h"
#include "db/db.h"
#include "fotactl/view.h"

#include <jansson.h>
#include <stdio.h>

/* Set from the options of the command line; see options.def. */
struct call_options {
    const char *config, *user, *state, *limit, *from, *to, *reason, *role,
        *supplier, *mail, *wish, *period, *warning, *quarantine;
    bool json, replace, verify, help, version;
};

struct call {
    struct arena *arena; /* lives as long as the call */
    struct config config;
    struct db *db; /* NULL for a verb that needs none */
    struct call_options options;
    const char *argument; /* of the verb; NULL when it takes none */
    struct buffer *out;   /* what goes to stdout */
    FILE *stream;         /* stdout, for call_flush(); NULL: all is kept */
    const char *problem;  /* the line for stderr when it is not DONE: what is
                             wrong and what to do next */
    bool misused;         /* the problem is a wrong use of fotactl */
};

/* Sets the problem. Returns REFUSED; in a step of a transaction, which must
 * not commit then, return FAILED instead. */
enum outcome call_refuse(struct call *call, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* The same for a wrong argument or option: exit status 2. */
enum outcome call_misuse(struct call *call, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Passes on an outcome of the database; if it is not DONE and there is no
 * problem yet, what the database said becomes the problem. */
enum outcome call_database(struct call *call, enum outcome outcome);

/* db_run() with that. */
enum outcome call_run(struct call *call, const struct db_statement *statement,
                      const struct db_params *params, struct db_rows **rows);

/* Runs statements in one transaction, again if the database may take them at
 * another try. `rows`, if not NULL, gets those of the last. */
struct call_statement {
    const struct db_statement *statement;
    const struct db_params *params;
};
enum outcome call_change(struct call *call,
                         const struct call_statement *statements, size_t count,
                         struct db_rows **rows);

/* Reads the verb's argument or an option as an EUI-64; false is misuse. */
bool call_read_eui64(struct call *call, const char *text, eui64 *id);

/* Adds --user, null when it is not given; false is misuse. */
bool call_add_user(struct call *call, struct db_params *params);

/* Reads --limit, 100 when it is not given; false is misuse. */
bool call_read_limit(struct call *call, const char *text, int64_t *limit);

/* Reads an option as a day (its beginning, UTC) or a time; 0 when it is not
 * given. False is misuse. */
bool call_read_instant(struct call *call, const char *option, const char *text,
                       instant *when);

/* Writes what is in call->out if there is a stream, so that it does not have
 * to hold all that a verb prints. False, with a problem, when it cannot. */
bool call_flush(struct call *call);

/* Prints JSON, indented, with a line end. Takes the value over. */
void call_print_json(struct call *call, json_t *value);

/* Prints rows, as --json says; people are told `none` when there are none. */
void call_print_rows(struct call *call, const struct view_field *fields,
                     size_t count, const struct db_rows *rows,
                     const char *none);

/* Runs a statement and prints its rows. */
enum outcome call_list(struct call *call, const struct db_statement *statement,
                       const struct db_params *params,
                       const struct view_field *fields, size_t count,
                       const char *none);

#endif
