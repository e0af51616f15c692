/* The end of the process, whoever does not let it. */
#ifndef FOTAD_FOTAD_LAST_RESORT_H
#define FOTAD_FOTAD_LAST_RESORT_H

/* The process ends: who waits for others hears it (base/ending.h). Statements
 * that are still under way after ENDING_OWN are cut off; if that does not help
 * within 10 s, the process ends where it is, as it may at any point. All of it
 * is within TimeoutStopSec of fotad.service. Call once. */
void last_resort_begin(void);

#endif
