/* One run of a verb of fotactl: what was asked, and what comes of it. */
#ifndef FOTAD_FOTACTL_VERB_RUN_H
#define FOTAD_FOTACTL_VERB_RUN_H

#include "base/buffer.h"
#include "base/config.h"
#include "base/outcome.h"
#include "base/request_id.h"
#include "db/db.h"
#include "desk/desk.h"
#include "desk/view.h"

#include <jansson.h>
#include <stdio.h>

/* Set from the options of the command line; see options.def. */
struct verb_options {
    const char *config, *user, *state, *limit, *from, *to, *reason, *role,
        *supplier, *mail, *wish, *period, *warning, *quarantine, *hash, *out,
        *request, *image, *model, *csp, *device, *devices, *until, *plan,
        *variant, *admin, *trial, *anchor, *certificate, *since, *check, *sort,
        *at, *level, *list, *by, *threshold;
    bool sealed, json, csv, all, follow, replace, verify, help, version;
};

struct verb_run {
    struct arena *arena; /* lives as long as the run */
    struct config config;
    struct db *db; /* NULL for a verb that needs none */
    struct verb_options options;
    const char *words;    /* of the verb, as verbs.def has them */
    const char *argument; /* of the verb; NULL when it takes none */
    const char *second;   /* of a verb that takes two */
    struct buffer *out;   /* what goes to stdout */
    FILE *stream;         /* stdout, for run_flush(); NULL: all is kept */
    const char *problem;  /* the line for stderr when it is not DONE: what is
                             wrong and what to do next */
    bool raw;             /* out is octets for a file, as they are */
    bool misused;         /* the problem is a wrong use of fotactl */
};

/* Sets the problem. Returns REFUSED; in a step of a transaction, which must
 * not commit then, return FAILED instead. */
enum outcome run_refuse(struct verb_run *run, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* The same for a wrong argument or option: exit status 2. */
enum outcome run_misuse(struct verb_run *run, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Passes on an outcome of the database; if it is not DONE and there is no
 * problem yet, what the database said becomes the problem. */
enum outcome run_database(struct verb_run *run, enum outcome outcome);

/* db_run() with that. */
enum outcome run_query(struct verb_run *run,
                       const struct db_statement *statement,
                       const struct db_params *params, struct db_rows **rows);

/* Runs a step that only reads; all its statements see the same moment. It may
 * run several times: what it read is taken when this has returned DONE. */
enum outcome run_look(struct verb_run *run, db_step *step, void *context);

/* Runs statements in one transaction, again if the database may take them at
 * another try. `rows`, if not NULL, gets those of the last. */
struct verb_statement {
    const struct db_statement *statement;
    const struct db_params *params;
};
enum outcome run_transact(struct verb_run *run,
                          const struct verb_statement *statements, size_t count,
                          struct db_rows **rows);

/* Reads the verb's argument or an option as an EUI-64; false is misuse. */
bool run_read_eui64(struct verb_run *run, const char *text, eui64 *id);

/* Reads the verb's argument as a RequestID; false is misuse. */
bool run_read_request_id(struct verb_run *run, struct request_id *id);

/* Reads the file that the argument names, of at most `most` octets, into the
 * run's arena; false leaves a problem. */
bool run_read_file(struct verb_run *run, size_t most, struct span *octets);

/* Adds --user, null when it is not given; false is misuse. */
bool run_add_user(struct verb_run *run, struct db_params *params);

/* Reads --limit, 100 when it is not given; false is misuse. */
bool run_read_limit(struct verb_run *run, int64_t *limit);

/* Reads an option as a day (its beginning, UTC) or a time; 0 when it is not
 * given. False is misuse. */
bool run_read_instant(struct verb_run *run, const char *option,
                      const char *text, instant *when);
/* The same, or so long ago: 90s, 2h, 3d. */
bool run_read_past(struct verb_run *run, const char *option, const char *text,
                   instant *when);

/* What is printed passes through here (safe_text.h) unless it is raw, JSON too,
 * whose texts it leaves what they are. With `lines` it is more than one line.
 */
void run_make_safe(struct buffer *text, bool lines);

/* Writes what is in run->out if there is a stream, so that it does not have
 * to hold all that a verb prints. False, with a problem, when it cannot. */
bool run_flush(struct verb_run *run);

/* Prints JSON, indented, with a line end. Takes the value over. */
void run_print_json(struct verb_run *run, json_t *value);

/* Prints rows as CSV, with line ends as a terminal has them. */
void run_print_csv(struct verb_run *run, const struct view_field *fields,
                   size_t count, const struct db_rows *rows);

/* Prints rows as --json and --csv say, else as a table, or `none`. */
void run_print_rows(struct verb_run *run, const struct view_field *fields,
                    size_t count, const struct db_rows *rows, const char *none);

/* What the functions of src/desk work with: for whoever runs fotactl. */
struct desk run_desk(struct verb_run *run);

/* Passes on what such a function returned; when that is not DONE, why becomes
 * the problem. `hint`, if not NULL, goes behind a refusal, not behind a
 * misuse. */
enum outcome run_desk_end(struct verb_run *run, const struct desk *desk,
                          enum outcome outcome, const char *hint);

/* An entry of the Service Audit Trail: who runs fotactl did what the verb says;
 * `detail`: with what, and what came of it. For a step of the verb's
 * transaction. */
enum outcome run_note(struct verb_run *run, const char *detail);

#endif
