/* What every fuzz target includes: the entry point that libFuzzer calls, and a
 * check that ends the program, so that libFuzzer keeps the input. */
#ifndef FOTAD_TESTS_FUZZ_H
#define FOTAD_TESTS_FUZZ_H

#include "base/buffer.h"

#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define CHECK(condition)                                                       \
    do {                                                                       \
        if (!(condition)) {                                                    \
            fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__,         \
                    #condition);                                               \
            abort();                                                           \
        }                                                                      \
    } while (0)

/* Whether `part` lies within `whole`. */
static inline bool within(struct span part, struct span whole) {
    return !part.len || (part.data >= whole.data &&
                         part.data + part.len <= whole.data + whole.len);
}

#endif
