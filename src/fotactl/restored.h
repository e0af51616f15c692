/* Whether the database went back in time, for people. */
#ifndef FOTAD_FOTACTL_RESTORED_H
#define FOTAD_FOTACTL_RESTORED_H

#include "fotactl/verb_run.h"

/* In the arena; "": it did not, as far as the database knows. */
enum outcome restored_words(struct verb_run *run, const char **words);

#endif
