/* Numbers that look random and are the same for the same seed: splitmix64,
 * public domain, by Sebastiano Vigna. Not for keys. */
#ifndef FOTAD_FOTASIM_RANDOM_H
#define FOTAD_FOTASIM_RANDOM_H

#include <stdint.h>

struct sim_random {
    uint64_t state;
};

static inline uint64_t random_next(struct sim_random *random) {
    uint64_t z = random->state += UINT64_C(0x9E3779B97F4A7C15);
    z = (z ^ z >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ z >> 27) * UINT64_C(0x94D049BB133111EB);
    return z ^ z >> 31;
}

/* 0 to `count` - 1 */
static inline unsigned random_below(struct sim_random *random, unsigned count) {
    return (unsigned)((random_next(random) >> 32) * count >> 32);
}

#endif
