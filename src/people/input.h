/* What a call brings: parts of its path, query parameters, a body. Each
 * function answers 400 (or 404) and returns false when it cannot be read. */
#ifndef FOTAD_PEOPLE_INPUT_H
#define FOTAD_PEOPLE_INPUT_H

#include "base/request_id.h"
#include "people/call.h"

/* ---- path ---- */

bool path_device_id(struct call *call, eui64 *id);

bool path_request_id(struct call *call, struct request_id *id);
/* The account in the path; what cannot be one is a 404. */
bool path_account_name(struct call *call, const char **name);

/* ---- query ---- */

/* A query parameter; *given false when it is not there. An empty one is no
 * value: what narrows a list by nothing would show all of it. */
bool query_eui64(struct call *call, const char *name, bool *given, eui64 *id);
/* A date or a date and time (UTC). A date stands for its first moment, or with
 * `ends` for the first moment after it. */
bool query_time(struct call *call, const char *name, bool ends, bool *given,
                instant *when);
/* A moment, for whoever reads one from elsewhere. */
bool input_instant(const char *text, instant *when);
bool query_number(struct call *call, const char *name, int64_t least,
                  int64_t most, bool *given, int64_t *value);
bool query_limit(struct call *call, int32_t *limit);
/* `from` and `to`. Without `to` it is `end`; without `from`, DESK_USUAL_DAYS
 * before `to`. */
bool query_period(struct call *call, instant end, instant *from, instant *to);
/* One of the texts; NULL in *value when it is not there. */
bool query_choice(struct call *call, const char *name,
                  const char *const *choices, const char **value);
/* Any text of 1 to `most` characters; NULL in *value as above. */
bool query_text(struct call *call, const char *name, size_t most,
                const char **value);
/* Is CSV asked for, by format=csv or by Accept? */
bool query_csv(struct call *call, bool *csv);

/* The query of a list whose rows have a number and a state: user and state; in
 * the arena. NULL: answered already. */
struct query_narrowing {
    const struct person *person; /* who looks */
    bool has_user;
    eui64 user;
    const char *state; /* NULL: any */
};
const struct query_narrowing *query_narrowing(struct call *call,
                                              const char *const *states);

/* ---- body ---- */

/* The body as an object with no other members than these; free with
 * json_decref() (it is adopted by the arena). NULL: answered already. */
struct body_member {
    const char *name;
    json_type type;     /* JSON_TRUE for a boolean */
    bool optional;      /* may be missing or null */
    size_t least, most; /* characters of a text */
};
const json_t *body_read(struct call *call, const struct body_member *members,
                        size_t count);
/* The text of a member; NULL when it is missing or null. */
const char *body_text(const json_t *body, const char *name);
/* A body that is nothing but a reason. */
bool body_reason(struct call *call, const char **reason);

#endif
