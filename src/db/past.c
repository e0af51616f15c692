#include "db/past.h"

#include "base/clock.h"
#include "base/crash.h"
#include "base/log.h"
#include "db/db.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* While it is in doubt nobody asks again sooner. */
static const instant PAUSE = SECOND;

/* What is in the file, in its order. Arrays as PostgreSQL writes them. */
enum { ARRAY = 4096 };
struct memory {
    char id[40]; /* "": nothing is remembered */
    int64_t beat;
    int restored;
    char names[ARRAY], lasts[ARRAY];
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static atomic_bool begun, in_doubt;
/* under the lock */
static struct memory memory;
static char path[PATH_MAX - 8]; /* "": the process alone remembers */
static struct past_place known;
static char doubt[512];
static instant asked; /* by clock_elapsed() */

/* ---- the file ---- */

static const char format[] =
    "id %39s\nbeat %" SCNd64 "\nrestored %d\nnames %4095s\nlasts %4095s";

static bool memory_read(FILE *file) {
    return fscanf(file, format, memory.id, &memory.beat, &memory.restored,
                  memory.names, memory.lasts) == 5;
}

static bool memory_print(int fd) {
    static char text[sizeof memory + 128];
    int len = snprintf(
        text, sizeof text,
        "id %s\nbeat %" PRId64 "\nrestored %d\nnames %s\nlasts %s\n", memory.id,
        memory.beat, memory.restored, memory.names, memory.lasts);
    return write(fd, text, (size_t)len) == len && fsync(fd) == 0;
}

/* Whole or not at all, whatever happens to the machine. */
static bool memory_write(void) {
    char fresh[PATH_MAX];
    snprintf(fresh, sizeof fresh, "%s.new", path);
    int fd = open(fresh, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0)
        return false;
    bool good = memory_print(fd);
    return (close(fd) == 0 && good) && rename(fresh, path) == 0;
}

static const char *memory_fault(void) {
    static char fault[PATH_MAX + 256];
    if (!*path || memory_write())
        return NULL;
    snprintf(fault, sizeof fault, "%s: %s", path, strerror(errno));
    return fault;
}

bool db_remember(const char *directory, const char **reason) {
    static char fault[PATH_MAX + 256];
    if (*directory)
        snprintf(path, sizeof path, "%s/memory", directory);
    FILE *file = *path ? fopen(path, "re") : NULL;
    *reason = NULL;
    if (file ? !memory_read(file) : *path && errno != ENOENT) {
        snprintf(fault, sizeof fault,
                 "%s: %s; what it remembered of the database is lost, so look "
                 "yourself whether that went back in time, and remove the file",
                 path, file ? "it is damaged" : strerror(errno));
        *reason = fault;
    }
    if (file)
        fclose(file);
    atomic_store(&begun, !*reason);
    return !*reason;
}

/* ---- what the database says ---- */

void past_take_place(struct past_place *place, const PGresult *result) {
    snprintf(place->cluster, sizeof place->cluster, "%s",
             PQgetvalue(result, 0, 0));
    snprintf(place->started, sizeof place->started, "%s",
             *place->cluster ? PQgetvalue(result, 0, 1) : "");
}

static bool places_are_one(const struct past_place *a,
                           const struct past_place *b) {
    return strcmp(a->cluster, b->cluster) == 0 &&
           strcmp(a->started, b->started) == 0;
}

static PGresult *past_ask(PGconn *connection, const struct past_place *place,
                          bool beats) {
    char beat[24], restored[12];
    snprintf(beat, sizeof beat, "%" PRId64, memory.beat);
    snprintf(restored, sizeof restored, "%d", memory.restored);
    const char *values[] = {*memory.id ? memory.id : NULL,
                            beat,
                            restored,
                            place->cluster,
                            *memory.names ? memory.names : NULL,
                            *memory.lasts ? memory.lasts : NULL,
                            beats ? "t" : "f"};
    asked = clock_elapsed();
    return PQexecParams(connection,
                        "select verdict, memory, beat, restored, names, lasts"
                        " from past_look($1::uuid, $2, $3, $4, $5::text[],"
                        " $6::bigint[], $7)",
                        7, NULL, values, NULL, NULL, 0);
}

static void doubt_begin(const char *verdict) {
    bool said = strcmp(doubt, verdict) == 0;
    snprintf(doubt, sizeof doubt, "%s", verdict);
    atomic_store(&in_doubt, true);
    if (!said)
        log_error("past.doubted",
                  ": the database %s. Nothing is taken or sent. If it was "
                  "restored: `fotactl restored --reason TEXT`",
                  verdict);
}

static void doubt_end(void) {
    if (atomic_exchange(&in_doubt, false))
        log_info("past.believed", ": work on the database goes on");
    *doubt = '\0';
}

static void memory_take(const PGresult *result) {
    snprintf(memory.id, sizeof memory.id, "%s", PQgetvalue(result, 0, 1));
    memory.beat = strtoll(PQgetvalue(result, 0, 2), NULL, 10);
    memory.restored = atoi(PQgetvalue(result, 0, 3));
    snprintf(memory.names, ARRAY, "%s", PQgetvalue(result, 0, 4));
    snprintf(memory.lasts, ARRAY, "%s", PQgetvalue(result, 0, 5));
}

/* Under the lock. False: no answer. */
static bool past_look(PGconn *connection, const struct past_place *place,
                      bool beats) {
    PGresult *result = past_ask(connection, place, beats);
    bool answered = PQntuples(result) == 1;
    if (answered && !PQgetisnull(result, 0, 0))
        doubt_begin(PQgetvalue(result, 0, 0));
    else if (answered) {
        if (beats)
            memory_take(result);
        known = *place;
        doubt_end();
    }
    PQclear(result);
    return answered;
}

bool past_beat(PGconn *connection, const struct past_place *place,
               const char **fault) {
    *fault = NULL;
    if (!atomic_load(&begun) || !*place->cluster)
        return true;
    pthread_mutex_lock(&lock);
    bool answered = past_look(connection, place, true);
    crash_point(CRASH_beat_counted);
    if (answered && !atomic_load(&in_doubt))
        *fault = memory_fault();
    pthread_mutex_unlock(&lock);
    return answered;
}

/* ---- the gate ---- */

bool past_is_open(void) {
    return !atomic_load(&in_doubt);
}

static void doubt_say(char *reason, size_t size) {
    snprintf(reason, size, "the database %s: fotactl restored", doubt);
}

bool past_refuses(char *reason, size_t size) {
    if (past_is_open())
        return false;
    pthread_mutex_lock(&lock);
    bool refuses = !past_is_open() && clock_elapsed() - asked < PAUSE;
    if (refuses)
        doubt_say(reason, size);
    pthread_mutex_unlock(&lock);
    return refuses;
}

bool past_admits(PGconn *connection, const struct past_place *place,
                 char *reason, size_t size) {
    if (!atomic_load(&begun))
        return true;
    if (!*place->cluster)
        return false;
    pthread_mutex_lock(&lock);
    bool good = past_is_open() && places_are_one(place, &known);
    if (!good && !past_look(connection, place, false))
        snprintf(reason, size, "%s", PQerrorMessage(connection));
    else if (!good && !past_is_open())
        doubt_say(reason, size);
    else
        good = true;
    pthread_mutex_unlock(&lock);
    return good;
}

const char *db_past_fault(struct arena *arena) {
    if (past_is_open())
        return NULL;
    pthread_mutex_lock(&lock);
    const char *fault =
        arena_printf(arena,
                     "the database %s. Nothing is taken or sent until a person "
                     "says `fotactl restored --reason TEXT`",
                     doubt);
    pthread_mutex_unlock(&lock);
    return fault;
}
