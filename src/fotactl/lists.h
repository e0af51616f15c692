/* The verbs that list rows of one statement. */
#ifndef FOTAD_FOTACTL_LISTS_H
#define FOTAD_FOTACTL_LISTS_H

#include "fotactl/verb_run.h"

/* In the order of request_report(). */
enum { REQUEST_FIELDS = 15 };
extern const struct view_field request_fields[REQUEST_FIELDS];

/* Does any of them: a row of the table in lists.c, by run->words. */
enum outcome verb_list(struct verb_run *run);

#endif
