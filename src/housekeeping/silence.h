/* CSPs that took a job and never reported on it. */
#ifndef FOTAD_HOUSEKEEPING_SILENCE_H
#define FOTAD_HOUSEKEEPING_SILENCE_H

/* Registers the metric, once. */
void silence_begin(void);

#endif
