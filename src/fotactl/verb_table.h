/* The verbs and options of fotactl, as their tables have them; for this room
 * only. */
#ifndef FOTAD_FOTACTL_VERB_TABLE_H
#define FOTAD_FOTACTL_VERB_TABLE_H

#include "fotactl/verbs.h"

/* Options that go together. */
enum option_set {
    OPTION_REPLACE = 1 << 0,
    OPTION_USER = 1 << 1,
    OPTION_STATE = 1 << 2,
    OPTION_LIMIT = 1 << 3,
    OPTION_TIMES = 1 << 4,
    OPTION_VERIFY = 1 << 5,
    OPTION_REASON = 1 << 6,
    OPTION_ROLE = 1 << 7,
    OPTION_LEVELS = 1 << 8,
    OPTION_MAIL = 1 << 9,
    OPTION_HASH = 1 << 10,
    OPTION_OUT = 1 << 11,
    OPTION_SCOPE = 1 << 12,
    OPTION_UNTIL = 1 << 13,
    OPTION_PLAN = 1 << 14,
    OPTION_PLAN_OF = 1 << 15,
    OPTION_CSV = 1 << 16,
    OPTION_SETUP = 1 << 17,
    OPTION_ANCHOR = 1 << 18,
    OPTION_SEALED = 1 << 19,
    OPTION_PERIOD = 1 << 20,
    OPTION_CHECK = 1 << 21,
    OPTION_SORT = 1 << 22,
    OPTION_AT = 1 << 23,
    OPTION_GUARD = 1 << 24,
    OPTION_BY = 1 << 25,
    OPTION_ALARM = 1 << 26,
    /* of every list; of one whose rows have a time */
    OPTION_ROWS = OPTION_CSV | OPTION_SORT,
    OPTION_TIMED = OPTION_ROWS | OPTION_PERIOD | OPTION_LIMIT,
};

/* What a verb needs before it runs. */
enum need {
    NEEDS_NOTHING,
    NEEDS_CONFIG,   /* and makes the rest */
    NEEDS_DATABASE, /* any, even an empty one, as its owner */
    NEEDS_OWNER,    /* one of this program's version, as its owner */
    NEEDS_SCHEMA,   /* the same, as fotad uses it */
};

struct verb {
    const char *words, *argument; /* argument: its name, or two, NULL for none;
                                   * in [] when it may be missing */
    int options;                  /* enum option_set */
    enum need need;
    enum outcome (*run)(struct verb_run *run);
    const char *help, *details;
};

struct option {
    const char *name, *value;
    size_t offset; /* of its field in struct verb_options */
    int set;       /* enum option_set */
    const char *help, *details;
};
enum { MOST_OPTIONS = 64 };

struct verb_table {
    const struct verb *verbs;
    size_t verb_count;
    const struct option *options;
    size_t option_count; /* at most MOST_OPTIONS */
};
extern const struct verb_table verb_table;

/* Do the words of a verb begin with these? "" is the beginning of all. */
bool verb_begins(const struct verb *verb, const char *words);

/* ---- what it says to people ---- */

/* Help on the verbs that begin with these words; "": on all. */
void print_help(struct buffer *out, const struct verb_table *table,
                const char *words);

/* The parts VERBS and OPTIONS of fotactl(1). */
void print_manual(struct buffer *out, const struct verb_table *table);

/* A script for bash. */
void print_completion(struct buffer *out, const struct verb_table *table);

#endif
