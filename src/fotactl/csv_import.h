/*
 * A CSV file (RFC 4180: header line, UTF-8 with or without byte order mark,
 * quotes, CRLF or LF) into a table, in one transaction. What the columns are
 * is a table of rows; columns may come in any order. The first thing that is
 * wrong ends the import with file, line, column and reason, and nothing is
 * loaded.
 */
#ifndef FOTAD_FOTACTL_CSV_IMPORT_H
#define FOTAD_FOTACTL_CSV_IMPORT_H

#include "fotactl/field.h"
#include "fotactl/load.h"
#include "fotactl/verb_run.h"

enum csv_presence {
    CSV_VALUE,    /* the column and a value in every line */
    CSV_COLUMN,   /* the column; a value may be empty */
    CSV_OPTIONAL, /* the column may be absent: what is there stays, or is
                     empty in a full new state */
};

struct csv_column {
    const char *name; /* in the header line */
    enum csv_presence presence;
    const struct field_kind *kind;
    const char *sql;   /* column of the table; NULL: the same name */
    const char *cast;  /* its type when it is not kind->type, else NULL */
    bool key;          /* part of what may come once in a file */
    const char *empty; /* what an empty value stands for; NULL: null */
};

/* One line, for rules between its columns. */
struct csv_record {
    const struct span *values; /* as they stand, by column of the import */
};

enum { CSV_MOST_COLUMNS = 32 };

struct csv_import {
    const char *what; /* "smi": in what is printed */
    const char *table;
    const struct csv_column *columns;
    size_t count; /* at most CSV_MOST_COLUMNS */
    /* NULL, or: why a line is refused (constant text), and its column */
    const char *(*check)(const struct csv_record *record, size_t *column);
    bool may_replace_by_nothing;        /* --replace with a file of no lines */
    const struct verb_statement *first; /* NULL, or of its transaction */
    /* see struct load_plan */
    bool large;
    const char *remember, *after_all, *after_changes, *unfit;
};

/* Imports run->argument as `import` says and prints the result. */
enum outcome csv_import_run(struct verb_run *run,
                            const struct csv_import *import);

#endif
