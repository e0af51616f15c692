/* One message of every kind, for tests that damage messages and as seeds for
 * fuzzing. Built with keys of our own. */
#ifndef FOTAD_TESTS_GBCS_SAMPLES_H
#define FOTAD_TESTS_GBCS_SAMPLES_H

#include "gbcs/build.h"

struct gbcs_sample {
    const char *name; /* a file name as well; NULL ends the list */
    struct gbcs_header header;
    struct gbcs_payload payload;
    bool is_signed, is_maced;
};

extern const struct gbcs_sample gbcs_samples[];

/* Appends the sample as a whole message. */
void gbcs_sample_build(const struct gbcs_sample *sample, struct buffer *out);

#endif
