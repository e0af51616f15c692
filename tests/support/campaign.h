/*
 * A campaign under faults, and its account: supplier 1 updates the PPMIDs of a
 * scenario by requests of `batch` devices each, sent again (the same octets)
 * until they are answered, and reads firmware versions (11.2) between them.
 *
 * At the end every device was in exactly one job, runs the firmware, and was
 * told of once: N61 and N62 to supplier 1, N39 to both, N59 to supplier 2; and
 * every 11.2 was answered by its device, once. A message that a User gets a
 * second time has the same ResponseID and says the same.
 */
#ifndef FOTAD_TESTS_CAMPAIGN_H
#define FOTAD_TESTS_CAMPAIGN_H

#include "support/scenario.h"

enum { CAMPAIGN_READS = 65536 };

struct campaign {
    struct scenario *scenario;
    size_t devices, batch;
    unsigned seed;
    size_t sent;         /* devices of requests that were answered */
    struct span request; /* in hand; empty: the next one is to be made */
    struct span read;    /* the same for an 11.2 */
    size_t read_count;   /* answered */
    const char *read_ids[CAMPAIGN_READS]; /* their RequestIDs */
    bool strict; /* no User is to get a message twice: there was no fault */
};

/* A number from the environment: KILLS, DEVICES... */
size_t campaign_number(const char *name, size_t otherwise);

/* What is needed of `wish` besides: fotads, lines, more lines of the
 * configuration. Its seed is SEED or the time, and is printed. */
struct campaign *campaign_open(struct scenario_wish wish, size_t devices,
                               size_t batch);
unsigned campaign_random(struct campaign *campaign, unsigned below);

/* The next request, or the one in hand again; then an 11.2, if `read`. */
void campaign_send(struct campaign *campaign, bool read);
/* An 11.2, or the one in hand again; none after CAMPAIGN_READS. */
void campaign_read(struct campaign *campaign);
/* The same campaign for the sends of another thread, which has its arena and
 * its connections; until campaign_together() nobody else sends. */
struct campaign *campaign_apart(struct campaign *campaign);
void campaign_together(struct campaign *campaign, struct campaign *apart);
/* Those that ended are started again, as systemd would. */
void campaign_keep_running(struct campaign *campaign);
/* Sends until a request is taken again. */
void campaign_goes_on(struct campaign *campaign);
/* Soon /readyz has these words, with that status (0: with any). */
void campaign_readiness(struct campaign *campaign, const char *words,
                        unsigned status);
/* The metric of the first fotad is not 0. */
void campaign_counted(struct campaign *campaign, const char *metric);
/* Until everything is answered and done. */
void campaign_settle(struct campaign *campaign);
/* Settles; then the account, which fails the test, with a line that begins with
 * `what`. Ends the scenario. */
void campaign_close(struct campaign *campaign, const char *what);

/* A cluster of its own, for others do not expect theirs to fall: sets
 * FOTAD_TEST_CONNINFO. True without PostgreSQL: tests are skipped then. */
bool campaign_own_database(void);
/* PostgreSQL falls as in a power cut, and is started again. */
void campaign_crash_database(struct campaign *campaign);

#endif
