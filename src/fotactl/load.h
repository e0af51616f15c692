/*
 * Rows into a table, at the speed of COPY, in the caller's transaction.
 *
 * A large table that is empty takes the rows directly, without its indexes,
 * which are built afterwards. Otherwise the rows go to a temporary table,
 * which is compared with the table in one join; what differs is written, and
 * nobody who reads or writes the table meanwhile has to wait.
 */
#ifndef FOTAD_FOTACTL_LOAD_H
#define FOTAD_FOTACTL_LOAD_H

#include "fotactl/progress_bar.h"
#include "fotactl/verb_run.h"

struct load_column {
    const char *name;
    const char *type; /* in which it is sent, in binary form */
    const char *cast; /* the column's own when that is another, else NULL */
    bool key;
};

struct load_plan {
    const char *table;
    bool replace;          /* rows that were not loaded are removed */
    bool large;            /* worth a direct load (no column has a cast) */
    const char *remember;  /* a column whose old value the changes also have, as
                              old_NAME; or NULL */
    const char *after_all; /* SQL for afterwards, of a direct load */
    const char *after_changes; /* of any other: the table import_change has
                                  the new values, null for removed rows */
    const char *unfit; /* SQL for after that: why it may not stay, or null */
    const struct load_column *columns;
    size_t count;
};

struct load {
    struct verb_run *run;
    struct load_plan plan;
    struct progress_bar *bar;
    struct buffer rows;  /* not sent yet */
    const char *indexes; /* SQL that builds them again; NULL: not direct */
    uint64_t loaded;
};

struct load_result {
    uint64_t loaded, added, updated, removed;
};

/* Run, plan and bar are set, the rest is zero. After DONE, rows are
 * expected. Every outcome other than DONE leaves a problem in the run, and
 * the transaction must be rolled back. */
enum outcome load_begin(struct load *load);

/* One row: load_row_begin(), then for each column of the plan in its order
 * either load_null() or load_value_begin(), the octets of the value added to
 * load->rows, load_value_end(); then load_row_end(). */
void load_row_begin(struct load *load);
void load_null(struct load *load);
size_t load_value_begin(struct load *load);
void load_value_end(struct load *load, size_t begun);
enum outcome load_row_end(struct load *load);

/* After the last row: sends what is left. All rows are then with the server, in
 * the table import_staging unless the load is a direct one. */
enum outcome load_sent(struct load *load);

/* After load_sent(): brings the table to the state that was loaded. */
enum outcome load_end(struct load *load, struct load_result *result);

/* Ends the sending; what was sent does not count. */
void load_cancel(struct load *load);

/* Frees what the load holds. */
void load_close(struct load *load);

/* Prints the result: "smi: 5 loaded, 2 added, 1 updated, 0 removed". */
void load_print(struct verb_run *run, const char *what,
                const struct load_result *result);

#endif
