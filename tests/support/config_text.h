/* A fotad.conf put together from parts, of which the later ones may say
 * otherwise than the earlier ones: the file itself may say a key once. */
#ifndef FOTAD_TESTS_CONFIG_TEXT_H
#define FOTAD_TESTS_CONFIG_TEXT_H

#include "base/arena.h"

/* The same with the last of each key of a section alone; in the arena. */
const char *config_text_merged(struct arena *arena, const char *text);

#endif
