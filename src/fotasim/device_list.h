/* Files with one Device ID a line. */
#ifndef FOTAD_FOTASIM_DEVICE_LIST_H
#define FOTAD_FOTASIM_DEVICE_LIST_H

#include "base/arena.h"
#include "base/eui64.h"

/* Reads the file; the list belongs to the arena. False after saying why
 * not. */
bool read_device_list(struct arena *arena, const char *path, const eui64 **ids,
                      size_t *count);

#endif
