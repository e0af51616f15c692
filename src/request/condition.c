#include "request/condition.h"

#include <string.h>

static const struct {
    const char *name;
    enum { PROBLEM, RESPONSE } form;
} conditions[] = {
#define CONDITION(name, form) {#name, form},
#include "request/condition.def"
#undef CONDITION
};

const char *condition_name(enum condition condition) {
    return conditions[condition].name;
}

bool condition_has_response(enum condition condition) {
    return conditions[condition].form == RESPONSE;
}

enum condition condition_named(const char *name) {
    for (int i = 0; i < CONDITIONS; i++)
        if (strcmp(conditions[i].name, name) == 0)
            return (enum condition)i;
    return CONDITIONS;
}
