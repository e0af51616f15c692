#include "base/request_id.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

bool request_id_parse(const char *text, struct request_id *id) {
    enum {
        TARGET_AT = EUI64_TEXT_LEN + 1,
        COUNTER_AT = TARGET_AT + EUI64_TEXT_LEN + 1,
        MOST_DIGITS = 20
    };
    size_t len = strlen(text);
    if (len <= COUNTER_AT || len > COUNTER_AT + MOST_DIGITS ||
        text[TARGET_AT - 1] != ':' || text[COUNTER_AT - 1] != ':' ||
        strspn(text + COUNTER_AT, "0123456789") != len - COUNTER_AT)
        return false;
    errno = 0;
    id->counter = strtoull(text + COUNTER_AT, NULL, 10);
    return !errno &&
           eui64_parse(span_of(text, EUI64_TEXT_LEN), &id->originator) &&
           eui64_parse(span_of(text + TARGET_AT, EUI64_TEXT_LEN), &id->target);
}

char *request_id_format(const struct request_id *id,
                        char text[static REQUEST_ID_TEXT_SIZE]) {
    char originator[EUI64_TEXT_SIZE], target[EUI64_TEXT_SIZE];
    snprintf(text, REQUEST_ID_TEXT_SIZE, "%s:%s:%ju",
             eui64_format(id->originator, originator),
             eui64_format(id->target, target), (uintmax_t)id->counter);
    return text;
}
