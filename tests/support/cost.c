#include "support/cost.h"

#include <stdio.h>
#include <time.h>

void cost_repeat(struct buffer *out, const char *text, size_t times) {
    size_t piece = strlen(text), all = piece * times;
    if (!all)
        return;
    uint8_t *room = buffer_room(out, all);
    memcpy(room, text, piece);
    /* doubled until it is all there */
    for (size_t done = piece, more; done < all; done += more) {
        more = done < all - done ? done : all - done;
        memcpy(room + done, room, more);
    }
    out->len += all;
}

static instant time_of(clockid_t clock) {
    struct timespec now;
    clock_gettime(clock, &now);
    return (instant)now.tv_sec * SECOND + now.tv_nsec / 1000;
}

instant cost_now(void) {
    return time_of(CLOCK_PROCESS_CPUTIME_ID);
}

instant cost_of_server(void) {
    return cost_now() - time_of(CLOCK_THREAD_CPUTIME_ID);
}

static instant cost_of(struct span input, instant (*now)(void),
                       void (*read)(struct span)) {
    enum { TRIES = 5, MOST_TRIES = 25 };
    instant least = INT64_MAX, most = COST_MOST * patience();
    /* beside other tests a core runs at half its speed now and then */
    for (int i = 0; i < (least > most ? MOST_TRIES : TRIES) && least > most / 2;
         i++) {
        instant start = now();
        read(input);
        instant cost = now() - start;
        least = cost < least ? cost : least;
    }
    return least;
}

void cost_check(const struct cost_case *cases, size_t count,
                instant (*now)(void), void (*read)(struct span)) {
    size_t over = 0;
    for (size_t i = 0; i < count; i++) {
        struct buffer input = {0};
        cases[i].make(&input);
        instant cost = cost_of(buffer_span(&input), now, read);
        bool good = cost <= COST_MOST * patience();
        over += !good;
        printf("  %8.1f ms %10zu octets %s%s\n", (double)cost / MILLISECOND,
               input.len, cases[i].name, good ? "" : ": OVER THE BUDGET");
        buffer_free(&input);
    }
    assert_int_equal(over, 0);
}
