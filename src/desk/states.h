/* The states that lists may be narrowed to. */
#ifndef FOTAD_DESK_STATES_H
#define FOTAD_DESK_STATES_H

#include <stdbool.h>

/* Each ends with NULL. */
extern const char *const request_states[]; /* as request_state() has them */
extern const char *const hold_states[];    /* as type hold_state has them */

bool is_state(const char *const *states, const char *text);

#endif
