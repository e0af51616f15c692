/*
 * fotad's people listener in the test's own process, on the database of a
 * user_gateway.h, with accounts of every role. Every answer is checked against
 * schemas/ssi-openapi.json: that its status is one the operation has, and that
 * its body is what that says.
 */
#ifndef FOTAD_TESTS_PEOPLE_H
#define FOTAD_TESTS_PEOPLE_H

#include "people/listener.h"
#include "support/openapi.h"
#include "support/user_gateway.h"

#include <jansson.h>

/* Accounts of the database; their tokens are known. */
enum who {
    NOBODY, /* sends nothing */
    A,      /* supplier A */
    B,      /* supplier B */
    DESK,
    AUDITOR,
    ADMINISTRATOR,
    WHO
};
#define PASSWORD "correct horse battery"

struct screens {
    struct gateway *gateway;
    struct people *people; /* NULL when it is not open */
    const char *unix_path; /* where it listens, if not on a port */
    json_t *openapi;
    struct arena *arena; /* the gateway's */
};

/* A gateway and the listener, both open. Skips without PostgreSQL. */
struct screens *screens_start(void);
/* The same, not open yet: change gateway->config first. */
struct screens *screens_new(void);
void screens_open(struct screens *screens);
void screens_close(struct screens *screens);
void screens_free(struct screens *screens);

/* "90-B3-...": names of accounts. */
const char *who_name(enum who who);

/* One call; what is NULL is not sent. */
struct ask {
    const char *method, *path; /* below /api/v1, or from / on with raw */
    const char *body, *type;   /* type: application/json when NULL */
    size_t body_len;           /* 0: strlen(body) */
    enum who who;              /* by token */
    const char *cookie, *csrf; /* instead */
    const char *headers[4];    /* more of them */
    bool raw;                  /* no API call: nothing is checked */
};
struct told {
    unsigned http;
    const char *type;    /* Content-Type */
    const char *headers; /* all, one a line */
    const char *text;    /* the body */
    size_t len;
    json_t *json; /* NULL: it is none. Ends with the gateway's arena */
};
struct told ask(struct screens *screens, const struct ask *ask);

/* GET by token. */
struct told look(struct screens *screens, enum who who, const char *path);

/* The header's value, in the arena; NULL: not there. */
const char *told_header(struct screens *screens, const struct told *told,
                        const char *name);

/* The JSON text at "a.b.0.c"; numbers and booleans as JSON writes them, ""
 * when there is nothing. */
const char *told_at(struct screens *screens, const struct told *told,
                    const char *path);

/* Sends an 11.4 of FOR_ALL for these devices and fails the test unless it is
 * answered with `code`. Returns its RequestID. */
const char *screens_update(struct screens *screens, enum user user,
                           const eui64 *devices, size_t count,
                           const char *code);

/* Fails the test unless the answer is a 200 with this at `path`. */
void told_expect(struct screens *screens, const struct told *told,
                 const char *path, const char *value);

/* Signs in by password and fails the test if it cannot. */
struct signed_in {
    const char *cookie, *csrf; /* "fotad_session=..." */
};
struct signed_in sign_in(struct screens *screens, const char *name,
                         const char *password);

/* Applies an event of Table 3 to a device, as fotad's other rooms do. */
void screens_event(struct screens *screens, const char *event, eui64 device);

#endif
