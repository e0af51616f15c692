#include "health/descriptors.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/metrics.h"

#include <dirent.h>
#include <stdatomic.h>
#include <sys/resource.h>

enum { OPEN, MOST, FAMILIES };

static struct metric_family families[FAMILIES] = {
    [OPEN] = {.name = "fotad_open_descriptors",
              .help = "File descriptors in use.",
              .kind = METRIC_GAUGE},
    [MOST] = {.name = "fotad_most_descriptors",
              .help = "File descriptors that there may be (LimitNOFILE).",
              .kind = METRIC_GAUGE},
};

static atomic_long seen_open, seen_most;

/* When they are counted there is no descriptor to count with, all are in
 * use. */
static long descriptors_count(long most) {
    DIR *directory = opendir("/proc/self/fd");
    long count = 0;
    if (!directory)
        return most;
    while (readdir(directory))
        count++;
    closedir(directory);
    enum { NOT_OURS = 3 }; /* ".", ".." and the directory's own */
    return count - NOT_OURS;
}

static bool are_few(void) {
    long most = atomic_load(&seen_most);
    return most && atomic_load(&seen_open) > most - most / 10;
}

void descriptors_watch(void) {
    static const instant EVERY = 5 * SECOND, AGAIN = MINUTE;
    static instant looked, said;
    instant now = clock_elapsed();
    struct rlimit limit;
    if ((looked && now - looked < EVERY) ||
        getrlimit(RLIMIT_NOFILE, &limit) != 0)
        return;
    looked = now;
    metrics_register(families, FAMILIES);
    atomic_store(&seen_most, (long)limit.rlim_cur);
    atomic_store(&seen_open, descriptors_count((long)limit.rlim_cur));
    metric_set(metric_of(&families[OPEN], NULL, NULL, NULL),
               atomic_load(&seen_open));
    metric_set(metric_of(&families[MOST], NULL, NULL, NULL),
               atomic_load(&seen_most));
    if (!are_few() || (said && now - said < AGAIN))
        return;
    said = now;
    log_error("descriptors.few",
              "open=%ld most=%ld : soon nobody can connect, nor fotad to its "
              "database; raise LimitNOFILE or lower max_connections",
              atomic_load(&seen_open), atomic_load(&seen_most));
}

const char *descriptors_warning(struct arena *arena) {
    if (!are_few())
        return NULL;
    return arena_printf(arena,
                        "%ld of %ld file descriptors are in use: raise "
                        "LimitNOFILE or lower max_connections",
                        atomic_load(&seen_open), atomic_load(&seen_most));
}
