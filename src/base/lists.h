/* Lists of names that several rooms need (lists.def). */
#ifndef FOTAD_BASE_LISTS_H
#define FOTAD_BASE_LISTS_H

#include "base/arena.h"

/* Each has a NULL after the last name. */
#define LIST(list, ...) extern const char *const list[];
#include "base/lists.def"
#undef LIST

/* Numbers of the device types, for tables: TYPE_ESME is the first name's. */
enum device_type {
#define DEVICE_TYPE(name) TYPE_##name,
#include "base/device_type.def"
#undef DEVICE_TYPE
    DEVICE_TYPES
};
/* NULL after the last one. */
extern const char *const device_types[DEVICE_TYPES + 1];

/* The list's own text of that name, which lives for ever, or NULL when it is
 * not among them; the case of letters counts. */
const char *list_find(const char *const *list, const char *name);

/* "North, Central and South", in the arena. */
const char *list_text(struct arena *arena, const char *const *list);

#endif
