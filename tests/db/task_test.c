/* A task does its rounds, rests, is woken, and ends when it is told to. */
#include "support/check.h"
#include "support/pg.h"

#include "db/task.h"

#include <unistd.h>

struct worked {
    atomic_int rounds;
    instant rest;
    enum outcome outcome;
    atomic_bool goes_on; /* what task_goes_on() said last */
};

static enum outcome count_round(struct task *task, void *context,
                                instant *rest) {
    struct worked *worked = context;
    static const struct db_statement one = {"one", "select 1"};
    struct db_rows *rows;
    if (db_run(task_db(task), &one, NULL, task_arena(task), &rows) != DONE)
        return FAILED;
    *rest = worked->rest;
    worked->goes_on = task_goes_on(task);
    atomic_fetch_add(&worked->rounds, 1);
    return worked->outcome;
}

static struct wakeup wakeup = WAKEUP_NEW;

static struct task *start(struct worked *worked) {
    return task_start(&(struct task_options){.name = "test",
                                             .session = "fotad test",
                                             .conninfo = pg_fresh_database(),
                                             .failed = "test.failed",
                                             .round = count_round,
                                             .context = worked,
                                             .wakeup = &wakeup});
}

/* Within ten seconds, with the patience of a sanitizer's build. */
static void expect_rounds(struct worked *worked, int least) {
    for (int i = 0; i < 5000 && atomic_load(&worked->rounds) < least; i++)
        usleep(10000);
    assert_true(atomic_load(&worked->rounds) >= least);
}

static void without_a_rest_round_follows_round(void **state) {
    (void)state;
    struct worked worked = {.rest = 0, .outcome = DONE};
    struct task *task = start(&worked);
    expect_rounds(&worked, 50);
    assert_true(worked.goes_on);
    task_stop(task);
}

static void a_signal_ends_the_rest(void **state) {
    (void)state;
    struct worked worked = {.rest = 24 * HOUR, .outcome = DONE};
    struct task *task = start(&worked);
    for (int rounds = 1; rounds < 4; rounds++) {
        expect_rounds(&worked, rounds);
        wakeup_signal(&wakeup);
    }
    expect_rounds(&worked, 4);
    task_stop(task);
}

static void a_stop_ends_the_rest(void **state) {
    (void)state;
    struct worked worked = {.rest = 24 * HOUR, .outcome = DONE};
    struct task *task = start(&worked);
    expect_rounds(&worked, 1);
    instant begin = clock_elapsed();
    task_stop(task);
    assert_true(clock_elapsed() - begin < HOUR);
    assert_int_equal(atomic_load(&worked.rounds), 1);
}

static void a_failed_round_is_followed_by_a_pause(void **state) {
    (void)state;
    struct worked worked = {.rest = 0, .outcome = RETRY};
    instant begin = clock_elapsed();
    struct task *task = start(&worked);
    expect_rounds(&worked, 2);
    assert_true(clock_elapsed() - begin >= TASK_PAUSE);
    task_stop(task);
}

enum { SEVERAL = 3 };
static atomic_int told;

/* Goes on until it is told to end, and then, for at most ten seconds, until all
 * are. */
static enum outcome wait_for_all(struct task *task, void *context,
                                 instant *rest) {
    atomic_bool *met = context;
    *rest = 24 * HOUR;
    while (task_goes_on(task))
        usleep(1000);
    atomic_fetch_add(&told, 1);
    for (int i = 0; i < 10000 && atomic_load(&told) < SEVERAL; i++)
        usleep(1000);
    atomic_store(met, atomic_load(&told) == SEVERAL);
    return DONE;
}

static void several_end_at_once(void **state) {
    (void)state;
    atomic_bool met[SEVERAL] = {false};
    struct task *tasks[SEVERAL];
    for (int i = 0; i < SEVERAL; i++)
        tasks[i] =
            task_start(&(struct task_options){.name = "test",
                                              .session = "fotad test",
                                              .conninfo = "host=/nonexistent",
                                              .failed = "test.failed",
                                              .round = wait_for_all,
                                              .context = &met[i]});
    tasks_stop(tasks, SEVERAL);
    for (int i = 0; i < SEVERAL; i++)
        assert_true(met[i]);
}

static void a_round_may_run_without_a_task(void **state) {
    (void)state;
    assert_true(task_goes_on(NULL));
    assert_null(task_ended(NULL));
    task_stop(NULL);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_a_rest_round_follows_round),
        cmocka_unit_test(a_signal_ends_the_rest),
        cmocka_unit_test(a_stop_ends_the_rest),
        cmocka_unit_test(a_failed_round_is_followed_by_a_pause),
        cmocka_unit_test(several_end_at_once),
        cmocka_unit_test(a_round_may_run_without_a_task),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
