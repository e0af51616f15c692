/*
 * What clocks and hypervisors do to a system: PostgreSQL and each of two fotads
 * have a clock of their own, which leap back or ahead, from seconds to ten
 * years, until they are set right again or a person accepts it; and one of the
 * fotads is frozen (SIGSTOP) for up to three leases, and goes on or is killed.
 * All at random, by a campaign's seed, and at once.
 */
#ifndef FOTAD_TESTS_TROUBLE_H
#define FOTAD_TESTS_TROUBLE_H

#include "support/campaign.h"

enum trouble_clock { OF_DATABASE, OF_FOTAD, OF_OTHER_FOTAD, TROUBLE_CLOCKS };

/* What has been. */
struct trouble_counts {
    size_t stops, kills, accepted;
    size_t leaps[TROUBLE_CLOCKS];
};

struct trouble;

/* Once, before anything has a clock: makes them, and a PostgreSQL that has the
 * first. NULL, or why it cannot be. */
const char *trouble_prepare(void);
/* The clocks of the fotads, for the campaign that is to have them. */
void trouble_clocks(struct scenario_wish *wish);

/* In the campaign's arena. Never more than these are begun. */
struct trouble *trouble_new(struct campaign *campaign, size_t stops,
                            size_t leaps_of_each);
/* Begins and ends what is due. False when all has been. */
bool trouble_next(struct trouble *trouble);
/* All clocks are right, and all fotads run and know it. */
void trouble_over(struct trouble *trouble);

/* For how long one fotad has been frozen while all clocks are left alone; -1:
 * none is, or they are not. */
instant trouble_frozen_for(const struct trouble *trouble);
struct trouble_counts trouble_counts(const struct trouble *trouble);
/* fotactl with these words, on PostgreSQL's machine; its exit status. */
int trouble_fotactl(struct trouble *trouble, const char *const *words);

#endif
