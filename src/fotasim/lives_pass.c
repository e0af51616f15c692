#include "fotasim/lives_pass.h"

#include "fotasim/lives_ask.h"
#include "fotasim/lives_plan.h"
#include "fotasim/lives_read.h"
#include "fotasim/lives_send.h"
#include "fotasim/lives_world.h"

#include <stdio.h>
#include <time.h>
#include <unistd.h>

enum { STEPS_OF_DAY = DAY / LIVES_STEP, READ_EVERY = 10 * STEPS_OF_DAY };

static void clock_set(struct lives_run *run, instant now) {
    struct timespec real;
    clock_gettime(CLOCK_REALTIME, &real);
    instant there = real.tv_sec * SECOND + real.tv_nsec / 1000;
    __atomic_store_n(run->offset, now - there, __ATOMIC_SEQ_CST);
}

static void lives_advance(struct lives_run *run, instant now) {
    pthread_mutex_lock(&run->lock);
    for (size_t i = 0; i < run->count; i++)
        if (run->lives[i].next <= now)
            life_advance(&run->lives[i], now);
    pthread_mutex_unlock(&run->lock);
}

static void progress_show(const struct lives_run *run, unsigned step,
                          instant began) {
    enum { WIDTH = 40, ALL = LIVES_DAYS * STEPS_OF_DAY };
    if (!isatty(STDERR_FILENO))
        return;
    unsigned filled = step * WIDTH / ALL;
    fprintf(stderr, "\r  [%.*s%*s] day %u of %d, %zu messages, %d s ",
            (int)filled, "########################################",
            (int)(WIDTH - filled), "", step / STEPS_OF_DAY, LIVES_DAYS,
            run->messages + run->notifications,
            (int)((clock_elapsed() - began) / SECOND));
    if (step == ALL)
        fputc('\n', stderr);
}

static void step_do(struct lives_run *run, unsigned step, instant now) {
    clock_set(run, now);
    lives_advance(run, now);
    lives_send_due(run, now);
    lives_settle(run, now, step % STEPS_OF_DAY == 0, false);
    lives_ask_due(run, now);
    lives_settle(run, now, false, false);
    if (step % READ_EVERY == 0)
        lives_read_records(run);
}

void lives_pass(struct lives_run *run) {
    instant began = clock_elapsed();
    run->begin = (clock_now() / DAY + 1) * DAY;
    for (size_t i = 0; i < run->count; i++)
        life_begin(&run->lives[i], run->begin);
    for (unsigned step = 0; step <= LIVES_DAYS * STEPS_OF_DAY; step++) {
        step_do(run, step, run->begin + step * LIVES_STEP);
        progress_show(run, step, began);
    }
    lives_settle(run, clock_now(), false, true);
    lives_read_records(run);
}
