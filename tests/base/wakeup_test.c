/* Who rests is woken by every signal, and by time, whatever the clock does. */
#include "support/ahead.h"
#include "support/check.h"

#include "base/wakeup.h"

#include <stdatomic.h>
#include <unistd.h>

static const instant SHORT = 20 * MILLISECOND, LONG = MINUTE;

/* What happens before a wait for more signals than those seen. */
static void signal_once(struct wakeup *wakeup) {
    wakeup_signal(wakeup);
}

static void signal_often(struct wakeup *wakeup) {
    for (int i = 0; i < 1000; i++)
        wakeup_signal(wakeup);
}

static void nothing(struct wakeup *wakeup) {
    (void)wakeup;
}

static const struct {
    const char *what;
    void (*happens)(struct wakeup *wakeup);
    instant most;
    bool lasts;
} cases[] = {
    {"nobody signals", nothing, SHORT, true},
    {"nobody signals, and there is no time", nothing, 0, true},
    {"it was signalled", signal_once, LONG, false},
    {"it was signalled often", signal_often, LONG, false},
};

static void what_came_before_the_wait_counts(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct wakeup wakeup = WAKEUP_NEW;
        wakeup_signal(&wakeup); /* seen already */
        uint64_t seen = wakeup_count(&wakeup);
        cases[i].happens(&wakeup);
        instant start = clock_elapsed();
        wakeup_wait(&wakeup, seen, cases[i].most);
        instant took = clock_elapsed() - start;
        if (cases[i].lasts ? took < cases[i].most : took >= LONG)
            fail_msg("%s: it took %jd us", cases[i].what, (intmax_t)took);
        wakeup_destroy(&wakeup);
    }
}

/* ---- several threads ---- */

enum { SIGNALLERS = 4, SIGNALS = 500, RESTING = 3 };

struct resting {
    struct wakeup *wakeup;
    atomic_int waiting; /* threads that are about to rest */
    atomic_int went_on;
};

static void *rest_once(void *context) {
    struct resting *resting = context;
    uint64_t seen = wakeup_count(resting->wakeup);
    atomic_fetch_add(&resting->waiting, 1);
    wakeup_wait(resting->wakeup, seen, LONG);
    atomic_fetch_add(&resting->went_on, 1);
    return NULL;
}

static void what_comes_during_the_wait_wakes_all(void **state) {
    (void)state;
    struct wakeup wakeup = WAKEUP_NEW;
    struct resting resting = {.wakeup = &wakeup};
    pthread_t threads[RESTING];
    instant start = clock_elapsed();
    for (int i = 0; i < RESTING; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, rest_once, &resting),
                         0);
    while (atomic_load(&resting.waiting) < RESTING)
        usleep(1000);
    usleep(SHORT);
    assert_int_equal(resting.went_on, 0);
    wakeup_signal(&wakeup);
    for (int i = 0; i < RESTING; i++)
        pthread_join(threads[i], NULL);
    assert_true(clock_elapsed() - start < LONG);
    assert_int_equal(resting.went_on, RESTING);
    wakeup_destroy(&wakeup);
}

static void *signal_and_pause(void *context) {
    for (int i = 0; i < SIGNALS; i++) {
        wakeup_signal(context);
        if (i % 50 == 0)
            usleep(100);
    }
    return NULL;
}

/* A signal that is lost would let it wait for the whole LONG. */
static void of_many_signals_none_is_lost(void **state) {
    (void)state;
    struct wakeup wakeup = WAKEUP_NEW;
    pthread_t signallers[SIGNALLERS];
    instant start = clock_elapsed();
    for (int i = 0; i < SIGNALLERS; i++)
        assert_int_equal(
            pthread_create(&signallers[i], NULL, signal_and_pause, &wakeup), 0);
    for (uint64_t seen = 0; seen < SIGNALLERS * SIGNALS;) {
        wakeup_wait(&wakeup, seen, LONG);
        uint64_t now = wakeup_count(&wakeup);
        assert_true(now > seen);
        seen = now;
    }
    for (int i = 0; i < SIGNALLERS; i++)
        pthread_join(signallers[i], NULL);
    assert_int_equal(wakeup_count(&wakeup), SIGNALLERS * SIGNALS);
    assert_true(clock_elapsed() - start < LONG);
    wakeup_destroy(&wakeup);
}

static void a_clock_that_is_set_changes_no_rest(void **state) {
    (void)state;
    static const int hours[] = {3, -3};
    for (size_t i = 0; i < sizeof hours / sizeof *hours; i++) {
        struct wakeup wakeup = WAKEUP_NEW;
        atomic_store(&ahead, hours[i] * 3600);
        instant start = clock_elapsed();
        wakeup_wait(&wakeup, wakeup_count(&wakeup), SHORT);
        instant took = clock_elapsed() - start;
        assert_in_range(took, SHORT, LONG);
        wakeup_destroy(&wakeup);
    }
    atomic_store(&ahead, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_came_before_the_wait_counts),
        cmocka_unit_test(what_comes_during_the_wait_wakes_all),
        cmocka_unit_test(of_many_signals_none_is_lost),
        cmocka_unit_test(a_clock_that_is_set_changes_no_rest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
