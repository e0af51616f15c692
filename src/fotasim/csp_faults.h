/*
 * What an emulated CSP is to do wrong, from a small text file that is read
 * again for every message, so that a test may change it at any time. One row a
 * line, '#' begins a comment; without a file all goes well at once.
 *
 *   image ANSWER [REASON] [FIRST]    what PUT of an image is answered
 *   job ANSWER [REASON] [FIRST]      what POST of a job is answered
 *   command ANSWER [REASON] [FIRST]  what POST of a command is answered
 *   recall ANSWER [REASON] [FIRST]   what DELETE of a job is answered
 *       ANSWER: a status, hang, cut (the connection), garbage. FIRST: only
 *       the first tries of each image, job, command or recall; 0 (default):
 * all. REASON: the reasonCode; - for none. reject SHARE REASON              per
 * cent of devices in the report fail SHARE REASON                per cent with
 * status Failed other SHARE REASON               per cent with status Other
 *   silent SHARE                     per cent that nothing is notified of
 *   another_hub SHARE                per cent notified with another hub
 *   device EUI64 WHAT [REASON]       one device: reject, fail, other, silent,
 *                                    another_hub or well
 *   copies N                         everything is sent N times
 *   reports N                        a job is reported N times (copies); 0:
 *                                    taken, and never reported
 *   contradict MS                    so long after the report another one,
 * under its own reportId: who was rejected is not, all others are, as OTHER
 *   batch N                          notifications in one message (10000)
 *   report_delay MS                  after the job was taken
 *   delivery_delay MS                after the job was taken
 */
#ifndef FOTAD_FOTASIM_CSP_FAULTS_H
#define FOTAD_FOTASIM_CSP_FAULTS_H

#include "base/eui64.h"

/* Recalls before jobs: what was recalled is not worked after a restart. */
enum csp_route { CSP_IMAGE, CSP_RECALL, CSP_JOB, CSP_COMMAND, CSP_ROUTES };

struct csp_reply {
    char answer[16], reason[40];
    unsigned first, retry_after; /* seconds; 0: it is not said */
};

enum csp_fate {
    CSP_WELL,
    CSP_REJECT,
    CSP_FAIL,
    CSP_OTHER,
    CSP_SILENT,
    CSP_ANOTHER_HUB,
    CSP_FATES
};

enum { CSP_MOST_DEVICES = 256 };

struct csp_faults {
    struct csp_reply replies[CSP_ROUTES];
    struct {
        unsigned share;
        char reason[40];
    } fates[CSP_FATES];
    struct {
        eui64 id;
        enum csp_fate fate;
        char reason[40];
    } devices[CSP_MOST_DEVICES];
    unsigned device_count;
    unsigned copies, reports, batch, report_delay, delivery_delay;
    unsigned contradict; /* 0: there is no such report */
};

/* Reads the file; NULL: none. False after saying on stderr which line is
 * wrong; the rows before it count. */
bool csp_faults_read(const char *path, struct csp_faults *faults);

/* What becomes of a device, always the same for the same rows. `*reason` is
 * in `faults`. */
enum csp_fate csp_fate_of(const struct csp_faults *faults, eui64 device,
                          const char **reason);

#endif
