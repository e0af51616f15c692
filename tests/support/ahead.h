/*
 * The program's real-time clock goes ahead of the kernel's: a thread that waits
 * until a moment of that clock sits there as it would after the clock had been
 * set back by so much. One test program includes it once.
 */
#ifndef FOTAD_TESTS_AHEAD_H
#define FOTAD_TESTS_AHEAD_H

#include <stdatomic.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static atomic_int ahead; /* seconds */

/* Takes the place of the C library's. */
int clock_gettime(clockid_t id, struct timespec *now) {
    int result = (int)syscall(SYS_clock_gettime, id, now);
    if (id == CLOCK_REALTIME)
        now->tv_sec += atomic_load(&ahead);
    return result;
}

#endif
