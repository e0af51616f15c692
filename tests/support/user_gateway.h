/*
 * fotad's User gateway in the test's own process: workers and routes as
 * fotad.c starts them, a fresh database with the estate of estate.h, Users with
 * their keys, and signed Service Requests over HTTP. Every answer that comes
 * back is checked: against our schema, against the official one when the
 * reference data is there, and its signature.
 */
#ifndef FOTAD_TESTS_USER_GATEWAY_H
#define FOTAD_TESTS_USER_GATEWAY_H

#include "base/config.h"
#include "duis/response.h"
#include "request/rules.h"
#include "request/user_gateway.h"
#include "support/clock.h"
#include "support/duis_signing.h"
#include "support/estate.h"
#include "support/sql.h"

/* Users of the database; all but the stranger are registered. */
enum user {
    USER_A,         /* IS and GS, DUIS 5.4 */
    USER_B,         /* IS and GS, DUIS 5.3 */
    USER_EXPORT,    /* ES only */
    USER_NO_ROLE,   /* registered without a role */
    USER_SUSPENDED, /* IS, suspended */
    USER_STRANGER,  /* has a certificate, is not registered */
    USERS
};

struct gateway {
    struct arena *arena;
    const char *conninfo;
    struct sql *sql;      /* the test's own */
    struct config config; /* change it before gateway_open() */
    struct test_identity dsp;
    struct certificate dsp_certificate;
    struct test_identity users[USERS];
    struct request_management requests;
    struct http_listener *listener;
    uint64_t counter; /* of the latest RequestID */
};

/* A gateway that does not listen yet. Skips the test without PostgreSQL. */
struct gateway *gateway_new(void);
/* Reads the rules and listens; closed gateways may be opened again, after a
 * change of config for example. */
void gateway_open(struct gateway *gateway);
void gateway_close(struct gateway *gateway);
/* Reads the rules again, as SIGHUP does. False when they were refused. */
bool gateway_reload(struct gateway *gateway);
void gateway_free(struct gateway *gateway);

/* gateway_new() and gateway_open(). */
struct gateway *gateway_start(void);

eui64 gateway_user_id(enum user user);

/* Stores a certificate as an import does. */
void gateway_trust(struct gateway *gateway,
                   const struct test_identity *identity);

/* A RequestID of that originator, with a counter that was not used yet. */
const char *gateway_request_id(struct gateway *gateway, eui64 originator);

/* What came back. Belongs to the gateway's arena. */
struct answer {
    unsigned http;
    const char *media_type; /* without parameters; "" when there is none */
    unsigned retry_after;   /* seconds; 0: not given */
    struct span body;       /* followed by a NUL */
    double seconds;         /* that it took */
};

/* One HTTP request: POST of application/xml, or GET when `body` has no data.
 * `socket_path` NULL: by TCP, to the URL's host. */
struct answer http_fetch(struct arena *arena, const char *socket_path,
                         const char *url, struct span body);

/* POSTs `body` to /api/v1/<service> as application/xml. Several threads may
 * post at once, each with an arena of its own. Nothing is checked. */
struct answer gateway_post_raw(const struct gateway *gateway,
                               struct arena *arena, const char *service,
                               struct span body);

/* The same, and what comes back is checked: a DUIS Response to the RequestID
 * in `body`, or a problem+json. */
struct answer gateway_post(struct gateway *gateway, const char *service,
                           struct span body);
void gateway_check(const struct gateway *gateway, struct arena *arena,
                   struct span body, const struct answer *answer);

/* A Service Request with a new RequestID, signed by `user` and posted to
 * serviceD. Empty fields of `request` are: body 11.1, image FOR_ALL. */
struct answer gateway_send(struct gateway *gateway, enum user user,
                           const struct test_request *request);

/* An 11.4, or an 11.1, for that Manufacturer Image (NULL: FOR_ALL) and these
 * devices; the list ends with 0. */
struct answer gateway_send_devices(struct gateway *gateway, enum user user,
                                   bool ppmid, const char *image,
                                   const eui64 *devices);

/* The signed document of gateway_send(). */
struct span gateway_sign(struct gateway *gateway, enum user user,
                         const struct test_request *request);

/* The text of the first element (or the root's attribute "schemaVersion") of
 * that name in an answer; "" when there is none. */
const char *answer_text(struct gateway *gateway, const struct answer *answer,
                        const char *name);

/* The ResponseCode, or a problem's detail. */
const char *answer_says(struct gateway *gateway, const struct answer *answer);

/* The five lists of a warning, by enum duis_warning_list, each ended by 0. */
enum { MOST_REFUSED = 8 };
typedef eui64 refused_lists[DUIS_WARNING_LISTS][MOST_REFUSED];
void answer_check_lists(struct gateway *gateway, const struct answer *answer,
                        const refused_lists refused);

/* What is tracked, as "2 AWAITING_CSP, 1 REJECTED_BY_DSP, image": counts by
 * status, and whether an image is stored. "nothing" when neither. */
const char *gateway_tracked(struct gateway *gateway);

/* One text from the database, and SQL without an answer (sql.h). */
#define gateway_ask(gateway, ...) sql_text((gateway)->sql, __VA_ARGS__)
#define gateway_tell(gateway, ...) sql_do((gateway)->sql, __VA_ARGS__)
/* Until a session waits for a lock. */
void gateway_wait_for_lock(struct gateway *gateway);

/* Puts a Manufacturer Image on the CPL; see estate_publish(). */
void gateway_publish(struct gateway *gateway, const char *device_type,
                     struct span manufacturer_image, const char *version);

/* Forgets all requests and what they left. */
void gateway_forget(struct gateway *gateway);

#endif
