/* cmocka with what it needs before it. */
#ifndef FOTAD_TESTS_CHECK_H
#define FOTAD_TESTS_CHECK_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

/* Limits of time are multiplied by this: under valgrind everything is slow
 * (tests/run says how slow). */
static inline int64_t patience(void) {
    const char *times = getenv("FOTAD_TEST_PATIENCE");
    return times ? atoi(times) : 1;
}

#endif
