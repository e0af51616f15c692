/* What somebody who guesses at passwords may cost the others. */
#ifndef FOTAD_PEOPLE_GUESS_H
#define FOTAD_PEOPLE_GUESS_H

#include "people/call.h"

/* A password takes long to hash, on purpose, and anybody may ask for it: one
 * is hashed at a time, by whichever worker has the turn. False: another has
 * it, and the call is answered 503. Otherwise give it back. */
bool guess_turn_take(struct call *call);
void guess_turn_give(void);

/* Keeps the turn, and with it the answer that the password is wrong, for twice
 * the time that looking at it took: whoever guesses has a third of one
 * processor. */
void guess_turn_rest(void);

/* Where a sign-in comes from, in the arena: an IPv4 address, the /64 of an
 * IPv6 address, or "unix". Of a proxy on the Unix socket it is the address that
 * it put last into X-Forwarded-For. */
const char *guess_source(const struct call *call);

#endif
