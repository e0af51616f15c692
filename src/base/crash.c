#include "base/crash.h"

#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const struct {
    const char *name, *where;
} points[CRASH_POINTS] = {
#define CRASH(name, where) [CRASH_##name] = {#name, where},
#include "base/crash.def"
#undef CRASH
};

enum crash crash_armed = CRASH_POINTS;
static atomic_long left;
static int deadly = SIGKILL;

const char *crash_name(enum crash point) {
    return points[point].name;
}

const char *crash_where(enum crash point) {
    return points[point].where;
}

bool crash_prepare(void) {
    const char *wanted = getenv("FOTAD_CRASH_AT");
    if (!wanted || !*wanted)
        return true;
    size_t len = strcspn(wanted, ":");
    char *rest = NULL;
    long times = wanted[len] ? strtol(wanted + len + 1, &rest, 10) : 1;
    if (rest && strcmp(rest, ":stop") == 0)
        deadly = SIGSTOP;
    else if (rest && *rest)
        return false;
    for (enum crash point = 0; point < CRASH_POINTS; point++)
        if (strlen(points[point].name) == len &&
            strncmp(points[point].name, wanted, len) == 0)
            crash_armed = point;
    atomic_store(&left, times);
    return crash_armed != CRASH_POINTS && times > 0;
}

void crash_passed(void) {
    if (atomic_fetch_sub(&left, 1) != 1)
        return;
    static const char said[] = "crash.point ";
    const char *name = points[crash_armed].name;
    (void)!write(STDERR_FILENO, said, sizeof said - 1);
    (void)!write(STDERR_FILENO, name, strlen(name));
    (void)!write(STDERR_FILENO, "\n", 1);
    (void)raise(deadly); /* to this thread: it does nothing more */
}
