/*
 * Accounts of the people and scripts that may use the screens (requirement
 * G4): what is kept of them, and what may be changed. sql/ has the rules that
 * need the other accounts (add_account(), change_account(), set_password(),
 * set_token(), set_notices()).
 */
#ifndef FOTAD_DESK_ACCOUNT_H
#define FOTAD_DESK_ACCOUNT_H

#include "base/secret.h"
#include "desk/desk.h"

/* As enum account_role of the database; one bit each, for sets of them. */
enum account_role {
    ACCOUNT_SUPPLIER = 1,
    ACCOUNT_SERVICE_DESK = 2,
    ACCOUNT_AUDITOR = 4,
    ACCOUNT_ADMINISTRATOR = 8,
};

/* "service_desk"; 0 when there is no such role. */
unsigned account_role_named(const char *name);

enum { ACCOUNT_NAME_MOST = 64 }; /* octets */

/* What is given when an account is added or changed. */
struct account_order {
    const char *name;
    const char *role;     /* NULL is none, and refused */
    const char *supplier; /* the EUI-64 as text; NULL: of no supplier */
    const char *password; /* of a new one; NULL: none */
    bool active;          /* of a change */
};

enum outcome account_add(struct desk *desk, const struct account_order *order);

/* Its sessions end. */
enum outcome account_change(struct desk *desk,
                            const struct account_order *order);

/* It may do nothing any more; role and supplier stay. */
enum outcome account_end(struct desk *desk, const char *name);

/* Is it PASSWORD_LEAST to PASSWORD_MOST octets long? Otherwise REFUSED. */
enum outcome account_check_password(struct desk *desk, const char *password);

/* Its sessions end. */
enum outcome account_set_password(struct desk *desk, const char *name,
                                  const char *password);

/* By itself, which has said the password with the hash `before`: REFUSED when
 * it has another by now. Its sessions end but for `keep`, the hash of one. */
enum outcome account_change_password(struct desk *desk, const char *name,
                                     const char *before, const char *password,
                                     const uint8_t *keep);

/* *token becomes a new one, which is not kept; an earlier one ends. */
enum outcome account_issue_token(struct desk *desk, const char *name,
                                 const char **token);
enum outcome account_revoke_token(struct desk *desk, const char *name);

/* ---- e-mail (requirement G6) ---- */

/* Tells an account by e-mail at `mail` of those `wishes`, `count` kinds of
 * mail_is_kind(). NULL for either: as before; "" for mail: no address. */
enum outcome account_set_notices(struct desk *desk, const char *name,
                                 const char *mail, const char *const *wishes,
                                 size_t count);

#endif
