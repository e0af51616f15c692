/*
 * Emulated Users: Receive Response Services (requirement R3). One
 * listener serves any number of them, by path: /user/EUI64. Every message is
 * checked as a User would: schema, signature of the DSP, right recipient, and
 * whether the same ResponseID has said something else before. 204 when it is
 * good, 400 with the reason when it is not.
 *
 * Faults on demand, for one User or for all, from C or over HTTP:
 *   PUT /faults/EUI64 (or all), body "KIND [NUMBER [TIMES]]": well, status 500,
 *       hang, garbage, close, slow 1500 (milliseconds); TIMES: for that many
 *       messages, then well again
 *   GET /counts: what has come, as JSON
 */
#ifndef FOTAD_FOTASIM_USER_H
#define FOTAD_FOTASIM_USER_H

#include "base/eui64.h"
#include "fotasim/receiver.h"

struct sim_users;

struct sim_users_options {
    const char *listen; /* "127.0.0.1:9300"; port 0: any free one */
    eui64 only;         /* messages to any path are for this User; 0: by path */
    /* Where ledger.jsonl goes, and with keep_messages every message as a file
     * of its own; NULL: nothing is written. It must be there. */
    const char *state;
    bool keep_messages;
    struct span certificate_pem; /* the DSP's; empty: signatures are not
                                  * checked */
    bool unchecked;  /* takes everything and only counts: for load */
    uint64_t sample; /* unchecked: the first so many are kept in `state` */
};

enum sim_fault_kind {
    SIM_WELL,
    SIM_STATUS, /* number: HTTP status; the message is not looked at */
    SIM_HANG,
    SIM_GARBAGE,
    SIM_CLOSE, /* the message is taken, and the answer broken off */
    SIM_SLOW,  /* number: milliseconds; then as if well */
};

struct sim_fault {
    enum sim_fault_kind kind;
    unsigned number;
    unsigned times; /* 0: until another fault is set */
};

/* duis_open() comes first. NULL with a reason when it cannot start. */
struct sim_users *sim_users_start(const struct sim_users_options *options,
                                  const char **reason);
unsigned sim_users_port(const struct sim_users *users);
void sim_users_stop(struct sim_users *users);

/* `user` 0: all that have no fault of their own. */
void sim_users_fault(struct sim_users *users, eui64 user,
                     struct sim_fault fault);

/* Down: connections are refused. */
bool sim_users_switch(struct sim_users *users, bool on);

/* What has come for a User (0: for all together). */
struct sim_counts {
    uint64_t requests; /* all that reached it, faults included */
    uint64_t taken;    /* good ones, each once */
    uint64_t repeats;  /* the same again */
    uint64_t wrong;    /* not good: the ledger says why */
};
struct sim_counts sim_users_counts(struct sim_users *users, eui64 user);

/* A message that was taken, in the order of arrival. */
struct sim_message {
    eui64 user;
    instant at;                           /* by clock_elapsed() */
    const char *response_id, *request_id; /* request_id "" when there is none */
    const char *response_code, *schema_version, *date_time;
    const char *element; /* in DCCAlert, else in Body or ResponseMessage; "" */
    const char *code;    /* DCCAlertCode, alert code of a device, or "" */
    const char *devices; /* Device IDs it names, with commas */
    bool repeat;
};

/* Calls `each` for every message so far. */
void sim_users_ledger(struct sim_users *users,
                      void (*each)(void *context,
                                   const struct sim_message *message),
                      void *context);

#endif
