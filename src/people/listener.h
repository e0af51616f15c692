/*
 * The people listener (requirement I5; §4.8 and §4.11): the pages
 * /ssi/ and /ssmi/ and the JSON behind them. Who may call what is a column of
 * routes.def and checked before any handler; what a supplier may see is checked
 * where the rows are read. schemas/ssi-openapi.json is the contract.
 */
#ifndef FOTAD_PEOPLE_PEOPLE_H
#define FOTAD_PEOPLE_PEOPLE_H

#include "base/config.h"
#include "desk/account.h"

struct people;
struct http_listener;

/* Listens at [people] listen. `config` must live as long. NULL when it cannot:
 * then *reason says why, for the operator. */
struct people *people_start(const struct config *config, const char **reason);

/* Finishes what is in hand, ends the live streams and frees everything. NULL
 * is allowed. */
void people_stop(struct people *people);

/* For new files of TLS. */
struct http_listener *people_listener(struct people *people);

/* The TCP port listened on; 0 for a Unix socket. */
unsigned people_port(const struct people *people);

/* What calls there are, and who may make them (routes.def). The last entry has
 * a NULL method. `roles` as enum account_role; 0: nobody has to sign in. */
struct people_route {
    const char *operation, *method, *path;
    unsigned roles;
};
extern const struct people_route people_routes[];

#endif
