/* Who calls: a session's cookie, a script's token, or a trusted proxy's word.
 * Each function sets call->person, or answers 401 (503 without the database)
 * and returns false. */
#ifndef FOTAD_PEOPLE_IDENTIFY_H
#define FOTAD_PEOPLE_IDENTIFY_H

#include "people/call.h"

#define SESSION_COOKIE "fotad_session"

/* By what the call brings. */
bool person_identify(struct call *call);

/* By the token of a session. */
bool person_of_session(struct call *call, const char *token);

/* Is the person still who it was when the call came: account, role, supplier,
 * and the session or token? For streams, at each piece: nothing goes to
 * somebody who has signed out. A database that is away ends none. */
bool person_may_go_on(const struct people_worker *worker,
                      const struct person *person);

/* Answers 401; returns false. */
bool person_refuse(struct call *call, const char *detail);

#endif
