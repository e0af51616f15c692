/* The guard: rules about what requests ask for (sql/guard.sql). */
#ifndef FOTAD_DESK_GUARD_H
#define FOTAD_DESK_GUARD_H

#include "base/eui64.h"
#include "desk/desk.h"

struct guard_setting {
    const char *rule;  /* of table guard_rule */
    const eui64 *user; /* NULL: all that have none of their own */
    const char *mode;  /* of guard_modes */
    int32_t level;     /* 0: as guard_rule says */
    const char *list;  /* of refusal_lists; NULL: as guard_rule says */
    const char *reason;
};

/* Sets how a rule stands, at once and in every fotad. */
enum outcome guard_set(struct desk *desk, const struct guard_setting *setting);

#endif
