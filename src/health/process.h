/* The process as every dashboard knows it: process_* of /metrics. */
#ifndef FOTAD_HEALTH_PROCESS_H
#define FOTAD_HEALTH_PROCESS_H

/* Sets the metrics; called before they are shown. */
void process_measure(void);

#endif
