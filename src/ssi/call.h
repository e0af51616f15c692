/* For src/ssi: one call in hand, and the person behind it. */
#ifndef FOTAD_SSI_CALL_H
#define FOTAD_SSI_CALL_H

#include "base/config.h"
#include "base/request_id.h"
#include "base/secret.h"
#include "db/db.h"
#include "http/server.h"
#include "ssi/people.h"

#include <jansson.h>

/* A worker's own: a connection to the primary and one to what the screens are
 * read from. */
struct ssi_worker {
    const struct config *config;
    struct db *primary, *reading; /* may be the same */
};

enum ssi_via { VIA_SESSION, VIA_TOKEN, VIA_PROXY };

struct person {
    const char *name;
    unsigned role; /* enum people_role */
    const char *role_name;
    bool is_supplier;
    eui64 supplier; /* when it is */
    enum ssi_via via;
    instant expires;        /* VIA_SESSION */
    const char *csrf_token; /* NULL for VIA_TOKEN: no browser sends that */
    uint8_t session[TOKEN_HASH_LEN]; /* VIA_SESSION */
};

struct call {
    struct ssi_worker *worker;
    const struct config *config;
    const struct http_request *request;
    struct http_response *response;
    struct arena *arena;
    instant now;
    struct person *person; /* NULL on a route for anybody */
};

typedef void ssi_handler(struct call *call);
#define ROUTE(operation, method, path, roles, type, handler)                   \
    ssi_handler handler;
#include "ssi/routes.def"
#undef ROUTE
ssi_handler ssi_page;

extern const struct http_route *const ssi_http_routes;
extern const size_t ssi_http_route_count;
void ssi_set_max_body(size_t max_body);

/* ---- session.c ---- */

/* Sets call->person. False: it is nobody, and the answer is a 401 (or 503). */
bool ssi_identify(struct call *call);

/* ---- answer.c ---- */

/* Answers 503 or 500 for an outcome of the database that is not DONE. Returns
 * whether it was. */
bool ssi_done(struct call *call, enum outcome outcome, const struct db *db);

/* The answer is this JSON; takes it over. */
void ssi_json(struct call *call, unsigned status, json_t *value);

/* Runs a statement on the reading database whose first column is a JSON
 * object; answers it with the data's age in it. Null answers 404 with
 * `missing`. `sql`'s parameters are `params`. */
void ssi_screen(struct call *call, const struct db_statement *statement,
                const struct db_params *params, const char *missing);

/* Adds X-Data-Age. */
void ssi_data_age(struct call *call, double seconds);

/* Writes into the audit trail what the person did. False: answered. */
bool ssi_audit(struct call *call, const char *code, const char *detail);

/* Runs a statement on the primary. False: answered already. */
bool ssi_change(struct call *call, const struct db_statement *statement,
                const struct db_params *params, struct db_rows **rows);

/* ---- input.c: each answers 400 (or 404) and returns false when it cannot be
 * read ---- */

bool ssi_device_id(struct call *call, eui64 *id);

bool ssi_request_id(struct call *call, struct request_id *id);
/* The account in the path; what cannot be one is a 404. */
bool ssi_account_name(struct call *call, const char **name);

/* A query parameter; *given false when it is not there or empty. */
bool ssi_query_eui64(struct call *call, const char *name, bool *given,
                     eui64 *id);
/* A date or a date and time; a date is its begin, or its end for `ends`. */
bool ssi_query_time(struct call *call, const char *name, bool ends, bool *given,
                    instant *when);
bool ssi_query_number(struct call *call, const char *name, int64_t least,
                      int64_t most, bool *given, int64_t *value);
bool ssi_query_limit(struct call *call, int32_t *limit);
/* One of the texts; NULL in *value when it is not there or empty. */
bool ssi_query_choice(struct call *call, const char *name,
                      const char *const *choices, const char **value);
/* Any text of at most `most` octets; NULL in *value as above. */
bool ssi_query_text(struct call *call, const char *name, size_t most,
                    const char **value);
/* Is CSV asked for, by format=csv or by Accept? */
bool ssi_query_csv(struct call *call, bool *csv);

extern const char *const ssi_statuses[], *const ssi_device_types[];

/* The body as an object with no other members than these; free with
 * json_decref() (it is adopted by the arena). NULL: answered already. */
struct member {
    const char *name;
    json_type type;     /* JSON_TRUE for a boolean */
    bool optional;      /* may be missing or null */
    size_t least, most; /* octets of a text */
};
const json_t *ssi_body(struct call *call, const struct member *members,
                       size_t count);

/* ---- parameters ---- */

/* The supplier that looks, or null for who sees all. */
void ssi_add_viewer(struct db_params *params, const struct person *person);
void ssi_add_eui64(struct db_params *params, bool given, eui64 id);
void ssi_add_instant(struct db_params *params, bool given, instant when);
void ssi_add_number(struct db_params *params, bool given, int64_t value);

/* ---- requests.c ---- */

/* The request in the path, if the person may see it. False: answered. */
bool ssi_find_request(struct call *call, int64_t *request_no);

/* ---- csv.c ---- */

struct csv_column {
    const char *name; /* NULL: not shown */
    enum { CSV_TEXT, CSV_EUI64, CSV_INSTANT, CSV_BOOL, CSV_NUMBER } kind;
};

/* Where the rows come from, page after page. */
struct csv_source {
    const struct csv_column *columns;
    int column_count;
    int key; /* column that the next page begins after */
    const struct db_statement *statement; /* its last two parameters are added:
                                             after (as text), most rows */
    void (*add_params)(struct db_params *params, const void *context);
    const void *context; /* lives in the arena of the request */
};
/* Answers with the whole of it as a stream; the columns must be static. */
void ssi_csv(struct call *call, const struct csv_source *source,
             const char *file_name);

#endif
