#include "base/ending.h"

#include <stdatomic.h>

/* By clock_elapsed(); 0: it goes on. */
static _Atomic instant began;

void ending_begin(void) {
    atomic_store(&began, clock_elapsed());
}

bool ending_has_begun(void) {
    return atomic_load(&began) != 0;
}

/* How long it may still last for somebody; INT64_MAX while it goes on. */
static instant ending_left(instant grace) {
    instant begin = atomic_load(&began);
    return begin ? begin + grace - clock_elapsed() : INT64_MAX;
}

bool ending_leaves_peers(void) {
    return ending_left(ENDING_PEERS) <= 0;
}

bool ending_leaves_all(void) {
    return ending_left(ENDING_OWN) <= 0;
}

instant ending_wait(instant most) {
    instant left = ending_left(ENDING_PEERS);
    if (left > most)
        return most;
    return left > MILLISECOND ? left : MILLISECOND;
}
