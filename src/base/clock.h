/*
 * fotad's only source of the time. Everything that needs to know the time is
 * given it as a parameter. fotad and fotactl follow the database's clock
 * (db/system_clock.h), so that all that work on one database have one time;
 * other programs have that of their machine.
 *
 * A test system may point [clock] offset_file at a file that holds one signed
 * 64-bit number (host byte order): microseconds to add to the real time. The
 * file is mapped, so that several programs move together and at once.
 */
#ifndef FOTAD_BASE_CLOCK_H
#define FOTAD_BASE_CLOCK_H

#include "base/span.h"

#include <time.h>

typedef int64_t instant; /* microseconds since 1970-01-01T00:00:00Z */

#define MILLISECOND ((instant)1000)
#define SECOND (1000 * MILLISECOND)
#define MINUTE (60 * SECOND)
#define HOUR (60 * MINUTE)
#define DAY (24 * HOUR)

/* "2026-11-21T09:15:00.000Z" and a NUL */
enum { INSTANT_TEXT_SIZE = 25 };

/* Maps the offset file for all later clock_now(). False with errno when it
 * cannot be read or is shorter than 8 octets. Call before threads start. */
bool clock_use_offset_file(const char *path);

/* The time, offset included. */
instant clock_now(void);

/* ---- whose time it is: for db/system_clock.h ---- */

/* What the machine's own clock says. */
instant clock_of_machine(void);
/* From now on the time is so much more than clock_since_boot(). */
void clock_follow(instant ahead);

/* What is known of the time that clock_now() says. */
enum clock_state {
    CLOCK_SOUND,   /* it is the system's; or it follows nobody */
    CLOCK_APART,   /* the same, but this machine's own clock is another */
    CLOCK_COUNTED, /* the system's clock is in doubt; it is counted on from a
                      time when it was not */
    CLOCK_UNKNOWN, /* the system's clock is in doubt, and nobody counted */
};
void clock_judge(enum clock_state state);
enum clock_state clock_state(void);

/* May be done what cannot be undone: destroy, release, give up, say "too
 * late"? Not for 10 s after it was otherwise, for a thread may still have in
 * hand what it read then. */
bool clock_is_sound(void);

/* Can it be said that a date has passed, or not yet come? */
static inline bool clock_is_known(void) {
    return clock_state() != CLOCK_UNKNOWN;
}

/* Is it time for what is done every `interval` (above 0) by clock_now()? Yes if
 * *next has come (0: the first time), or lies further ahead than an interval,
 * for then the clock was set back. After a yes *next is when it is due again:
 * an interval from `now`. */
bool clock_is_due(instant *next, instant now, instant interval);

/* Microseconds by a clock that nobody sets and no offset moves, from some time
 * in the past: for pauses, and for how long a thing took. What the records say
 * goes by clock_now(). */
instant clock_elapsed(void);

/* The same by a clock that also counts while the machine is suspended: for what
 * another may do meanwhile, so for leases. */
instant clock_since_boot(void);

/* `pause` (0 or more) from now by clock_elapsed(), as pthread_cond_clockwait()
 * with CLOCK_MONOTONIC wants it. */
struct timespec clock_in(instant pause);

/* Is it within the years 1 to 9999 in UTC, which xs:dateTime (XML Schema 1.0)
 * can say with four digits? */
bool instant_is_writable(instant when);

/* xs:dateTime in UTC with milliseconds and Z (DUIS ResponseDateTime).
 * Returns `text`. What is not writable is written as the nearest that is. */
char *instant_format(instant when, char text[static INSTANT_TEXT_SIZE]);

/* Reads an xs:dateTime with a time zone (Z or +hh:mm); one without is UTC.
 * 24:00:00 is the first moment of the next day; second 60 there is none (XML
 * Schema part 2, 3.2.7). False when the text is no valid date and time, or is
 * not writable in UTC: 9999-12-31T23:59:59-12:00. */
bool instant_parse(struct span text, instant *when);

/* The same as RFC 3339 and clocks have it: second 60, a leap second, is the
 * first moment of the next minute. */
bool instant_parse_leap(struct span text, instant *when);

#endif
