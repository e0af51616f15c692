/* Which devices of the sample estate live: at most one of a home. */
#ifndef FOTAD_FOTASIM_LIVES_ESTATE_H
#define FOTAD_FOTASIM_LIVES_ESTATE_H

#include "fotasim/lives.h"

/* The seed of the estate; that of the lives is another. */
enum { LIVES_ESTATE_SEED = 1, LIVES_SENDERS = 2, LIVES_CSPS = 2 };

struct lives_estate {
    struct life_device *devices;
    size_t count;
    uint64_t homes;    /* of the sample estate that they are from */
    uint64_t agreeing; /* the first of them: with certificates for all */
    eui64 *hubs;       /* that others are moved to */
    size_t hub_count;
};

/* So many devices that supplier 1 or 2 may update. Always the same ones; free
 * with lives_estate_free(). */
void lives_estate_choose(struct lives_estate *estate, size_t count);
void lives_estate_free(struct lives_estate *estate);

/* The number of the supplier, from 0; LIFE_NONE: another User. */
uint8_t lives_supplier(eui64 user);

#endif
