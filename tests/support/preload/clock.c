/*
 * For the linker's LD_PRELOAD: the program's clocks are so many microseconds
 * ahead of the kernel's as a file says, which FOTAD_TEST_CLOCK names
 * (support/own_clock.h): the real-time clock by both of its numbers, the one
 * since the machine was started by the second alone. That of processors' work
 * and pauses, which stands while a machine is suspended, stays as it is.
 */
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

enum { SECOND = 1000000 };

static const volatile struct { int64_t ahead, passed; } * says;

__attribute__((constructor)) static void clock_open(void) {
    const char *path = getenv("FOTAD_TEST_CLOCK");
    int file = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    void *mapped =
        file >= 0 ? mmap(NULL, sizeof *says, PROT_READ, MAP_SHARED, file, 0)
                  : MAP_FAILED;
    if (mapped != MAP_FAILED)
        says = mapped;
    if (file >= 0)
        close(file);
}

int clock_gettime(clockid_t id, struct timespec *now) {
    int result = (int)syscall(SYS_clock_gettime, id, now);
    bool real = id == CLOCK_REALTIME || id == CLOCK_REALTIME_COARSE;
    if (!says || (!real && id != CLOCK_BOOTTIME))
        return result;
    int64_t when = now->tv_sec * (int64_t)SECOND + now->tv_nsec / 1000 +
                   says->passed + (real ? says->ahead : 0);
    *now = (struct timespec){.tv_sec = when / SECOND,
                             .tv_nsec = when % SECOND * 1000};
    return result;
}

int gettimeofday(struct timeval *restrict now, void *restrict zone) {
    struct timespec real;
    (void)zone;
    int result = clock_gettime(CLOCK_REALTIME, &real);
    *now = (struct timeval){real.tv_sec, real.tv_nsec / 1000};
    return result;
}

time_t time(time_t *when) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    if (when)
        *when = now.tv_sec;
    return now.tv_sec;
}
