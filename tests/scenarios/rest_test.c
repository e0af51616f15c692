/* fotad with nothing to do, on a PostgreSQL with the settings that it comes
 * with: what the two take of a processor meanwhile. */
#include "support/check.h"
#include "support/scenario.h"
#include "support/server.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

static const char *unable; /* why there is no such server */

enum { SETTLE = 5, MEASURE = 10 }; /* s */

/* Nanoseconds of all threads of a process. */
static uint64_t process_time(int pid) {
    uint64_t ticks[2] = {0};
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/stat", pid);
    FILE *file = fopen(path, "r");
    if (!file)
        return 0;
    if (fscanf(file,
               "%*d (%*[^)]) %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u"
               " %ju %ju",
               &ticks[0], &ticks[1]) != 2)
        ticks[0] = ticks[1] = 0;
    fclose(file);
    return (ticks[0] + ticks[1]) * 10000000; /* a tick is 10 ms */
}

static uint64_t all_time(struct scenario *scenario, bool told) {
    uint64_t all = process_time(scenario->fotads[0].pid);
    if (told)
        print_message("fotad since its start: %ju ms\n",
                      (uintmax_t)(all / 1000000));
    const char *rows = sql_rows(
        scenario->sql, "select pid, application_name from pg_stat_activity"
                       " where application_name like 'fotad%%'");
    for (const char *row = rows; *row;) {
        int pid = 0;
        char name[64] = "";
        sscanf(row, "%d|%63[^\n]", &pid, name);
        uint64_t one = process_time(pid);
        if (told)
            print_message("%s: %ju ms\n", name, (uintmax_t)(one / 1000000));
        all += one;
        row += strcspn(row, "\n");
        row += *row == '\n';
    }
    return all;
}

static void at_rest_it_takes_next_to_nothing(void **state) {
    (void)state;
    if (unable) {
        print_message("skipped: %s\n", unable);
        skip();
    }
    struct scenario *scenario = scenario_open(&(struct scenario_wish){0});
    nanosleep(&(struct timespec){.tv_sec = SETTLE}, NULL);
    uint64_t before = all_time(scenario, false);
    nanosleep(&(struct timespec){.tv_sec = MEASURE}, NULL);
    uint64_t taken = all_time(scenario, true) - before;
    scenario_end(scenario);
    double share = (double)taken / (MEASURE * 1e9) * 100;
    print_message("%.2f %% of a core\n", share);
    assert_true(share < 1.0);
}

int main(void) {
    static const char *const stock[] = {"-c", "jit=on", NULL};
    unable = server_open(NULL, stock);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(at_rest_it_takes_next_to_nothing),
    };
    return scenario_tests(tests, NULL, NULL);
}
