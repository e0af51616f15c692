/* What people may choose among, in queries, options and files. Each list ends
 * with NULL. */
#ifndef FOTAD_DESK_CHOICES_H
#define FOTAD_DESK_CHOICES_H

#include <stdbool.h>

extern const char *const request_states[];      /* as request_state() says */
extern const char *const hold_states[];         /* as type hold_state */
extern const char *const processing_statuses[]; /* as type processing_status */
extern const char *const device_types[];        /* as type device_type */
extern const char *const service_variants[];    /* 11.1 and so on */

bool is_choice(const char *const *choices, const char *text);

#endif
