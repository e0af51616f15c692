/* The verbs that list rows of one statement. */
#ifndef FOTAD_FOTACTL_LISTS_H
#define FOTAD_FOTACTL_LISTS_H

#include "fotactl/verb_run.h"

/* In the order of request_report(). */
enum { REQUEST_FIELDS = 15 };
extern const struct view_field request_fields[REQUEST_FIELDS];

enum list_param {
    LIST_NO_MORE,
    LIST_USER,           /* --user, or null */
    LIST_STATE,          /* --state, one of `states`, or null */
    LIST_LIMIT,          /* --limit, or 100; with --all 1,000,000 */
    LIST_SINCE,          /* --since, or null */
    LIST_BEFORE,         /* --until, or null */
    LIST_REQUEST,        /* the three parts of the RequestID in the argument */
    LIST_CSPS,           /* names and regions of the CSPs */
    LIST_NOW,            /* fotad's clock */
    LIST_TIMEOUT,        /* [tracking] timeout in seconds */
    LIST_ACB_ID,         /* [identity] acb_id */
    LIST_LOCK_OUT_FOR,   /* [people] lock_out_for in seconds */
    LIST_LOCK_OUT_AFTER, /* [people] lock_out_after */
};

struct list_verb {
    const char *words; /* of verbs.def */
    const char *none;  /* said when there are no rows */
    const struct view_field *fields;
    size_t field_count;
    const char *const *states;
    enum list_param params[7];
    struct db_statement statement;
};
/* By the words of the verb; it has a row for each that verb_list() does. */
extern const struct list_verb list_verbs[];

/* Does any of them, by run->words. */
enum outcome verb_list(struct verb_run *run);

#endif
