/* What fotad's database has of a run: whether all is worked off, and what it
 * says of the devices. Only tables and columns, none of its functions. */
#ifndef FOTAD_FOTASIM_LIVES_READ_H
#define FOTAD_FOTASIM_LIVES_READ_H

#include "fotasim/lives_run.h"

/* Waits until fotad has worked off all that it was sent by `now`; `released`:
 * and has let go of what was due; `delivered`: and all messages are with their
 * Users. */
void lives_settle(struct lives_run *run, instant now, bool released,
                  bool delivered);

/* Fills in the records, the inventory's version and the row of RSAT_004 of
 * every life. */
void lives_read_records(struct lives_run *run);

#endif
