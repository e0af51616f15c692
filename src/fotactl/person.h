/* Who runs fotactl, for the audit trail: "fotactl:" and the login name. */
#ifndef FOTAD_FOTACTL_PERSON_H
#define FOTAD_FOTACTL_PERSON_H

#include "base/arena.h"

/* In the arena. */
const char *operator_name(struct arena *arena);

#endif
