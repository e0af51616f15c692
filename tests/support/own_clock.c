#include "support/own_clock.h"
#include "support/check.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MOST = 4 };

/* What the file says, in microseconds, to preload/clock.c. */
struct own_clock_says {
    int64_t ahead, passed;
};

struct own_clock {
    char path[64];
    struct own_clock_says *says;
};

static struct own_clock clocks[MOST];
static size_t count;

/* Beside the programs of this variant: build/VARIANT/tests/ROOM/x_test. */
static bool preload_find(char path[static PATH_MAX]) {
    ssize_t len = readlink("/proc/self/exe", path, PATH_MAX - 1);
    if (len < 0)
        return false;
    path[len] = '\0';
    char *tests = strstr(path, "/tests/");
    if (!tests)
        return false;
    snprintf(tests, (size_t)(PATH_MAX - (tests - path)), "%s",
             "/tests/clock.so");
    return access(path, R_OK) == 0;
}

static void clocks_remove(void) {
    for (size_t i = 0; i < count; i++)
        unlink(clocks[i].path);
}

struct own_clock *own_clock_new(void) {
    char preload[PATH_MAX];
    if (!preload_find(preload))
        return NULL;
    assert_true(count < MOST);
    struct own_clock *clock = &clocks[count];
    snprintf(clock->path, sizeof clock->path, "/tmp/fotad-own-clock-XXXXXX");
    int file = mkstemp(clock->path);
    void *mapped = MAP_FAILED;
    /* PostgreSQL runs as another */
    if (file >= 0 && fchmod(file, 0644) == 0 &&
        ftruncate(file, sizeof *clock->says) == 0)
        mapped = mmap(NULL, sizeof *clock->says, PROT_READ | PROT_WRITE,
                      MAP_SHARED, file, 0);
    if (mapped == MAP_FAILED) {
        perror(clock->path);
        abort();
    }
    close(file);
    clock->says = mapped;
    if (!count++)
        atexit(clocks_remove);
    return clock;
}

void own_clock_give(const struct own_clock *clock) {
    char preload[PATH_MAX];
    if (clock && preload_find(preload)) {
        setenv("FOTAD_TEST_CLOCK", clock->path, 1);
        setenv("LD_PRELOAD", preload, 1);
    } else
        unsetenv("LD_PRELOAD");
}

void own_clock_set(struct own_clock *clock, instant ahead) {
    __atomic_store_n(&clock->says->ahead, ahead, __ATOMIC_SEQ_CST);
}

void own_clock_pass(instant by) {
    for (size_t i = 0; i < count; i++)
        __atomic_fetch_add(&clocks[i].says->passed, by, __ATOMIC_SEQ_CST);
}
