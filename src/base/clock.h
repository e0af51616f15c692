/*
 * fotad's only source of the time. Everything that needs to know the time is
 * given it as a parameter; nothing asks the database.
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

#endif
