/* Who runs fotactl, for the audit trail: "fotactl:" and the login name. */
#ifndef FOTAD_FOTACTL_PERSON_H
#define FOTAD_FOTACTL_PERSON_H

#include "base/arena.h"
#include "base/outcome.h"

/* In the arena. */
const char *operator_name(struct arena *arena);

struct verb_run;

/* An entry of the Service Audit Trail: who runs fotactl did what the verb says;
 * `detail`: with what, and what came of it. For a step of the verb's
 * transaction. */
enum outcome operator_note(struct verb_run *run, const char *detail);

#endif
