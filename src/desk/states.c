#include "desk/states.h"

#include <string.h>

const char *const request_states[] = {"refused",  "quarantined", "in-progress",
                                      "finished", "unanswered",  NULL};

const char *const hold_states[] = {"held", "released", "rejected", NULL};

bool is_state(const char *const *states, const char *text) {
    while (*states && strcmp(*states, text) != 0)
        states++;
    return *states;
}
