#include "base/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static const _Atomic int64_t NO_OFFSET;
static const _Atomic int64_t *offset = &NO_OFFSET;

bool clock_use_offset_file(const char *path) {
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return false;
    struct stat status;
    void *mapped = MAP_FAILED;
    if (fstat(fd, &status) == 0 && status.st_size < (off_t)sizeof *offset)
        errno = EINVAL;
    else
        mapped = mmap(NULL, sizeof *offset, PROT_READ, MAP_SHARED, fd, 0);
    close(fd);
    if (mapped == MAP_FAILED)
        return false;
    offset = mapped;
    return true;
}

static instant read_clock(clockid_t id) {
    struct timespec now;
    clock_gettime(id, &now);
    return now.tv_sec * SECOND + now.tv_nsec / 1000;
}

instant clock_since_boot(void) {
    return read_clock(CLOCK_BOOTTIME);
}

instant clock_of_machine(void) {
    return read_clock(CLOCK_REALTIME);
}

/* What the time is more than clock_since_boot(); NOBODY: it is the machine's
 * own. */
#define NOBODY INT64_MIN
static _Atomic instant followed = NOBODY;
static _Atomic(enum clock_state) judged = CLOCK_SOUND;
/* By clock_since_boot(); 0: it was sound all along. */
static _Atomic instant not_sound_before;
static const instant IN_HAND = 10 * SECOND;

void clock_follow(instant ahead) {
    atomic_store(&followed, ahead);
}

void clock_judge(enum clock_state state) {
    if (state != CLOCK_SOUND || clock_state() != CLOCK_SOUND)
        atomic_store(&not_sound_before, clock_since_boot() + IN_HAND);
    atomic_store(&judged, state);
}

enum clock_state clock_state(void) {
    return atomic_load_explicit(&judged, memory_order_relaxed);
}

bool clock_is_sound(void) {
    instant before =
        atomic_load_explicit(&not_sound_before, memory_order_relaxed);
    return clock_state() == CLOCK_SOUND &&
           (!before || clock_since_boot() >= before);
}

instant clock_now(void) {
    instant ahead = atomic_load_explicit(&followed, memory_order_relaxed);
    return (ahead == NOBODY ? clock_of_machine() : clock_since_boot() + ahead) +
           atomic_load_explicit(offset, memory_order_relaxed);
}

bool clock_is_due(instant *next, instant now, instant interval) {
    bool due = now >= *next || *next > now + interval;
    if (due)
        *next = now + interval;
    return due;
}

instant clock_elapsed(void) {
    return read_clock(CLOCK_MONOTONIC);
}

struct timespec clock_in(instant pause) {
    instant then = clock_elapsed() + pause;
    return (struct timespec){then / SECOND, then % SECOND * 1000};
}

/* 0001-01-01T00:00:00Z, and the last moment of 9999 */
static const instant FIRST = -62135596800 * SECOND;
static const instant LAST = 253402300800 * SECOND - 1;

bool instant_is_writable(instant when) {
    return when >= FIRST && when <= LAST;
}

char *instant_format(instant when, char text[static INSTANT_TEXT_SIZE]) {
    if (!instant_is_writable(when))
        when = when < FIRST ? FIRST : LAST;
    time_t seconds = when / SECOND;
    instant rest = when % SECOND;
    if (rest < 0) {
        rest += SECOND;
        seconds--;
    }
    struct tm utc;
    gmtime_r(&seconds, &utc);
    snprintf(text, INSTANT_TEXT_SIZE, "%04u-%02u-%02uT%02u:%02u:%02u.%03uZ",
             (unsigned)(utc.tm_year + 1900) % 10000, (unsigned)utc.tm_mon + 1,
             (unsigned)utc.tm_mday % 100, (unsigned)utc.tm_hour % 100,
             (unsigned)utc.tm_min % 100, (unsigned)utc.tm_sec % 100,
             (unsigned)(rest / MILLISECOND) % 1000);
    return text;
}

struct reader {
    const uint8_t *at, *end;
    bool ok;
};

static int read_number(struct reader *r, int digits, int least, int most) {
    int value = 0;
    for (; digits > 0; digits--) {
        if (r->at == r->end || *r->at < '0' || *r->at > '9') {
            r->ok = false;
            return 0;
        }
        value = value * 10 + (*r->at++ - '0');
    }
    if (value < least || value > most)
        r->ok = false;
    return value;
}

static bool read_mark(struct reader *r, char c) {
    if (r->at == r->end || *r->at != (uint8_t)c)
        return false;
    r->at++;
    return true;
}

static void expect_mark(struct reader *r, char c) {
    if (!read_mark(r, c))
        r->ok = false;
}

static instant read_fraction(struct reader *r) {
    instant value = 0, unit = SECOND / 10;
    const uint8_t *start = r->at;
    for (; r->at < r->end && *r->at >= '0' && *r->at <= '9'; r->at++) {
        value += (*r->at - '0') * unit;
        unit /= 10;
    }
    if (r->at == start)
        r->ok = false;
    return value;
}

/* How far it is east of UTC; at most 14:00 (XML Schema, 3.2.7.3). */
static instant read_zone(struct reader *r) {
    if (r->at == r->end || read_mark(r, 'Z'))
        return 0;
    bool west = read_mark(r, '-');
    if (!west)
        expect_mark(r, '+');
    instant east = read_number(r, 2, 0, 14) * HOUR;
    expect_mark(r, ':');
    east += read_number(r, 2, 0, 59) * MINUTE;
    if (east > 14 * HOUR)
        r->ok = false;
    return west ? -east : east;
}

/* 24:00:00 is the end of the day, the first moment of the next one. */
static bool time_is_good(const struct tm *tm, instant fraction) {
    return tm->tm_hour < 24 || (!tm->tm_min && !tm->tm_sec && !fraction);
}

static bool day_is_good(const struct tm *tm) {
    struct tm day = {
        .tm_year = tm->tm_year, .tm_mon = tm->tm_mon, .tm_mday = tm->tm_mday};
    timegm(&day);
    return day.tm_mday == tm->tm_mday;
}

static bool instant_read(struct span text, int most_second, instant *when) {
    struct reader r = {text.data, text.data + text.len, true};
    struct tm tm = {0};
    tm.tm_year = read_number(&r, 4, 1, 9999) - 1900;
    expect_mark(&r, '-');
    tm.tm_mon = read_number(&r, 2, 1, 12) - 1;
    expect_mark(&r, '-');
    tm.tm_mday = read_number(&r, 2, 1, 31);
    expect_mark(&r, 'T');
    tm.tm_hour = read_number(&r, 2, 0, 24);
    expect_mark(&r, ':');
    tm.tm_min = read_number(&r, 2, 0, 59);
    expect_mark(&r, ':');
    tm.tm_sec = read_number(&r, 2, 0, most_second);
    instant fraction = read_mark(&r, '.') ? read_fraction(&r) : 0;
    instant east = read_zone(&r);
    if (!r.ok || r.at != r.end || !time_is_good(&tm, fraction) ||
        !day_is_good(&tm))
        return false;
    *when = timegm(&tm) * SECOND + fraction - east;
    return instant_is_writable(*when);
}

bool instant_parse(struct span text, instant *when) {
    return instant_read(text, 59, when);
}

bool instant_parse_leap(struct span text, instant *when) {
    return instant_read(text, 60, when);
}
