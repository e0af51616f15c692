/* fotad with nothing to do, on a PostgreSQL with the settings that it comes
 * with: what the two take of a processor meanwhile. */
#include "support/check.h"
#include "support/scenario.h"
#include "support/server.h"

#include <glob.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

static const char *unable; /* why there is no such server */

enum { SETTLE = 5, MEASURE = 10 }; /* s */
enum { TAKES = 4 }; /* the least of them: a neighbour only adds */

/* Nanoseconds that the threads of a process ran: to a tick /proc/PID/stat would
 * be, 10 ms of the 100 that all have. */
static uint64_t process_time(int pid) {
    char pattern[64];
    snprintf(pattern, sizeof pattern, "/proc/%d/task/*/schedstat", pid);
    glob_t threads;
    uint64_t all = 0;
    if (glob(pattern, 0, NULL, &threads) != 0)
        return 0;
    for (size_t i = 0; i < threads.gl_pathc; i++) {
        FILE *file = fopen(threads.gl_pathv[i], "r");
        uint64_t one = 0;
        if (file && fscanf(file, "%ju", &one) == 1)
            all += one;
        if (file)
            fclose(file);
    }
    globfree(&threads);
    return all;
}

/* What fotad and each of its sessions took by now. */
struct takers {
    struct {
        int pid;
        char name[64];
        uint64_t time;
    } of[64];
    size_t count;
};

static void takers_read(struct scenario *scenario, struct takers *takers) {
    *takers = (struct takers){.of = {{scenario->fotads[0].pid, "fotad", 0}},
                              .count = 1};
    const char *row = sql_rows(
        scenario->sql, "select pid, application_name from pg_stat_activity"
                       " where application_name like 'fotad%%' order by 2, 1");
    for (; *row && takers->count < 64; row += *row == '\n') {
        size_t at = takers->count++;
        sscanf(row, "%d|%63[^\n]", &takers->of[at].pid, takers->of[at].name);
        row += strcspn(row, "\n");
    }
    for (size_t i = 0; i < takers->count; i++)
        takers->of[i].time = process_time(takers->of[i].pid);
}

static uint64_t time_of(const struct takers *takers, int pid) {
    for (size_t i = 0; i < takers->count; i++)
        if (takers->of[i].pid == pid)
            return takers->of[i].time;
    return 0;
}

static uint64_t taken_between(const struct takers *before,
                              const struct takers *after) {
    uint64_t all = 0;
    for (size_t i = 0; i < after->count; i++) {
        uint64_t one = after->of[i].time - time_of(before, after->of[i].pid);
        if (one > 500000)
            print_message("%s: %.1f ms\n", after->of[i].name,
                          (double)one / 1e6);
        all += one;
    }
    return all;
}

/* Hundredths of a core. */
static double share_measured(struct scenario *scenario) {
    struct takers before, after;
    takers_read(scenario, &before);
    nanosleep(&(struct timespec){.tv_sec = MEASURE}, NULL);
    takers_read(scenario, &after);
    double share =
        (double)taken_between(&before, &after) / (MEASURE * 1e9) * 100;
    print_message("%.2f %% of a core\n", share);
    return share;
}

static void at_rest_it_takes_next_to_nothing(void **state) {
    (void)state;
    if (unable) {
        print_message("skipped: %s\n", unable);
        skip();
    }
    struct scenario *scenario = scenario_open(&(struct scenario_wish){0});
    nanosleep(&(struct timespec){.tv_sec = SETTLE}, NULL);
    double least = share_measured(scenario);
    for (int take = 1; least >= 1.0 && take < TAKES; take++)
        least = fmin(least, share_measured(scenario));
    scenario_end(scenario);
    assert_true(least < 1.0);
}

int main(void) {
    static const char *const stock[] = {"-c", "jit=on", NULL};
    unable = server_open(NULL, stock);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(at_rest_it_takes_next_to_nothing),
    };
    return scenario_tests(tests, NULL, NULL);
}
