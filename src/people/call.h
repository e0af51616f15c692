/* For src/people: one call in hand, and the person behind it. */
#ifndef FOTAD_PEOPLE_CALL_H
#define FOTAD_PEOPLE_CALL_H

#include "base/config.h"
#include "base/lists.h"
#include "base/request_id.h"
#include "base/secret.h"
#include "db/db.h"
#include "http/server.h"
#include "people/listener.h"

#include <jansson.h>

/* A worker's own: a connection to the primary and one to what the screens are
 * read from. */
struct people_worker {
    const struct config *config;
    struct db *primary, *reading; /* may be the same */
};

enum people_via { VIA_SESSION, VIA_TOKEN, VIA_PROXY };

struct person {
    const char *name;
    unsigned role; /* enum people_role */
    const char *role_name;
    bool is_supplier;
    eui64 supplier; /* when it is */
    enum people_via via;
    instant expires;        /* VIA_SESSION */
    const char *csrf_token; /* NULL for VIA_TOKEN: no browser sends that */
    uint8_t session[TOKEN_HASH_LEN]; /* VIA_SESSION */
};

struct call {
    struct people_worker *worker;
    const struct config *config;
    const struct http_request *request;
    struct http_response *response;
    struct arena *arena;
    instant now;
    struct person *person; /* NULL on a route for anybody */
};

typedef void people_handler(struct call *call);
#define ROUTE(operation, method, path, roles, type, handler)                   \
    people_handler handler;
#include "people/routes.def"
#undef ROUTE
people_handler people_page;

extern const struct http_route *const people_http_routes;
extern const size_t people_http_route_count;
void people_set_max_body(size_t max_body);

/* ---- session.c ---- */

/* Sets call->person. False: it is nobody, and the answer is a 401 (or 503). */
bool people_identify(struct call *call);

/* ---- answer.c ---- */

/* Answers 503 or 500 for an outcome of the database that is not DONE. Returns
 * whether it was. */
bool people_done(struct call *call, enum outcome outcome, const struct db *db);

/* The answer is this JSON; takes it over. */
void people_json(struct call *call, unsigned status, json_t *value);

/* Runs a statement on the reading database whose first column is a JSON
 * object; answers it with the data's age in it. Null answers 404 with
 * `missing`. `sql`'s parameters are `params`. */
void people_screen(struct call *call, const struct db_statement *statement,
                   const struct db_params *params, const char *missing);

/* Adds X-Data-Age. */
void people_data_age(struct call *call, double seconds);

/* Writes into the audit trail what the person did. False: answered. */
bool people_audit(struct call *call, const char *code, const char *detail);

/* Runs a statement on the primary. False: answered already. */
bool people_change(struct call *call, const struct db_statement *statement,
                   const struct db_params *params, struct db_rows **rows);

/* ---- input.c: each answers 400 (or 404) and returns false when it cannot be
 * read ---- */

bool people_device_id(struct call *call, eui64 *id);

bool people_request_id(struct call *call, struct request_id *id);
/* The account in the path; what cannot be one is a 404. */
bool people_account_name(struct call *call, const char **name);

/* A query parameter; *given false when it is not there or empty. */
bool people_query_eui64(struct call *call, const char *name, bool *given,
                        eui64 *id);
/* A date or a date and time; a date is its begin, or its end for `ends`. */
bool people_query_time(struct call *call, const char *name, bool ends,
                       bool *given, instant *when);
bool people_query_number(struct call *call, const char *name, int64_t least,
                         int64_t most, bool *given, int64_t *value);
bool people_query_limit(struct call *call, int32_t *limit);
/* `from` and `to`: what is not given is `end`, and 30 days before `to`. */
bool people_query_period(struct call *call, instant end, instant *from,
                         instant *to);
/* One of the texts; NULL in *value when it is not there or empty. */
bool people_query_choice(struct call *call, const char *name,
                         const char *const *choices, const char **value);
/* Any text of at most `most` octets; NULL in *value as above. */
bool people_query_text(struct call *call, const char *name, size_t most,
                       const char **value);
/* Is CSV asked for, by format=csv or by Accept? */
bool people_query_csv(struct call *call, bool *csv);

/* What a list of numbered things in several states is asked for: user, state,
 * after and limit. */
struct narrowing {
    bool has_user, has_after;
    eui64 user;
    const char *state; /* NULL: any */
    int64_t after;
    int32_t limit;
};
bool people_query_narrowing(struct call *call, const char *const *states,
                            struct narrowing *narrowing);

/* The body as an object with no other members than these; free with
 * json_decref() (it is adopted by the arena). NULL: answered already. */
struct member {
    const char *name;
    json_type type;     /* JSON_TRUE for a boolean */
    bool optional;      /* may be missing or null */
    size_t least, most; /* octets of a text */
};
const json_t *people_body(struct call *call, const struct member *members,
                          size_t count);

/* ---- parameters ---- */

/* The supplier that looks, or null for who sees all. */
void people_add_viewer(struct db_params *params, const struct person *person);
void people_add_eui64(struct db_params *params, bool given, eui64 id);
void people_add_instant(struct db_params *params, bool given, instant when);
void people_add_number(struct db_params *params, bool given, int64_t value);
/* Four of them: user, state, after, limit. */
void people_add_narrowing(struct db_params *params,
                          const struct narrowing *narrowing);

/* ---- requests.c ---- */

/* The request in the path, if the person may see it. False: answered. */
bool people_find_request(struct call *call, int64_t *request_no);

/* ---- listing.c ---- */

struct list_column {
    const char *name; /* NULL: not shown */
    enum { LIST_TEXT, LIST_EUI64, LIST_INSTANT, LIST_BOOL, LIST_NUMBER } kind;
};

/* A list that is shown page by page as JSON, and whole as CSV. */
struct listing {
    const struct list_column *columns;
    int column_count;
    int key; /* column that the next page begins after: text, EUI-64, number */
    /* Both statements' parameters are those of add_filter(), then after (as
     * text for `rows`), and the most rows. `page` gives one JSON object. */
    struct db_statement rows, page;
    bool page_takes_now; /* as one more parameter */
    void (*add_filter)(struct db_params *params, const void *filter);
    const char *file_name;
    const char *missing; /* see people_screen() */
};
/* Answers with the page that is asked for, or all as CSV. `listing` is static;
 * `filter` lives in the arena of the request. */
void people_listing(struct call *call, const struct listing *listing, bool csv,
                    const void *filter);

#endif
