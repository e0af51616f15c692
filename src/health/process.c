#include "health/process.h"

#include "base/clock.h"
#include "base/metrics.h"

#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

enum { CPU, RESIDENT, STARTED, FAMILIES };

static struct metric_family families[FAMILIES] = {
    [CPU] = {.name = "process_cpu_seconds_total",
             .help = "Processor time used, user and system.",
             .kind = METRIC_COUNTER},
    [RESIDENT] = {.name = "process_resident_memory_bytes",
                  .help = "Memory in use.",
                  .kind = METRIC_GAUGE},
    [STARTED] = {.name = "process_start_time_seconds",
                 .help = "When the process began, since 1970.",
                 .kind = METRIC_GAUGE},
};

static int64_t resident_octets(void) {
    long pages = 0;
    FILE *file = fopen("/proc/self/statm", "re");
    if (file && fscanf(file, "%*s %ld", &pages) != 1)
        pages = 0;
    if (file)
        fclose(file);
    return (int64_t)pages * sysconf(_SC_PAGESIZE);
}

/* Field 22 of /proc/self/stat, in ticks since the machine began; what stands
 * before it may have blanks, but ends with the last ')'. */
static int64_t age_seconds(void) {
    char text[1024] = "";
    unsigned long long ticks = 0;
    FILE *file = fopen("/proc/self/stat", "re");
    size_t len = file ? fread(text, 1, sizeof text - 1, file) : 0;
    if (file)
        fclose(file);
    const char *rest = len ? strrchr(text, ')') : NULL;
    if (!rest || sscanf(rest,
                        ") %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u"
                        " %*u %*d %*d %*d %*d %*d %*d %llu",
                        &ticks) != 1)
        return 0;
    return (int64_t)(clock_elapsed() / SECOND) -
           (int64_t)(ticks / (unsigned long long)sysconf(_SC_CLK_TCK));
}

static int64_t processor_seconds(void) {
    struct rusage usage;
    if (getrusage(RUSAGE_SELF, &usage) != 0)
        return 0;
    return usage.ru_utime.tv_sec + usage.ru_stime.tv_sec +
           (usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1000000;
}

void process_measure(void) {
    static _Atomic int64_t counted;
    metrics_register(families, FAMILIES);
    int64_t used = processor_seconds();
    metric_add(metric_of(&families[CPU], NULL, NULL, NULL),
               used - atomic_exchange(&counted, used));
    metric_set(metric_of(&families[RESIDENT], NULL, NULL, NULL),
               resident_octets());
    metric_set(metric_of(&families[STARTED], NULL, NULL, NULL),
               clock_now() / SECOND - age_seconds());
}
