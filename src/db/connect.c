#include "db/connect.h"

#include "base/ending.h"
#include "base/memory.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const instant MOST = 30 * SECOND;
/* Between two looks whether the process ends. */
static const instant LOOK = 200 * MILLISECOND;
/* A server that is there has refused by then. */
static const instant FAST = SECOND;

enum { MOST_KEYS = 16 };

/* Shared by who waits and a thread that may be left behind: the last frees. */
struct attempt {
    pthread_mutex_t lock;
    pthread_cond_t ended;
    bool done, left;
    PGconn *connection;
    struct refusal refusal;
    size_t count;
    char *keys[MOST_KEYS], *values[MOST_KEYS]; /* NULL after the last */
};

static void attempt_free(struct attempt *attempt) {
    for (size_t i = 0; i < attempt->count; i++) {
        free(attempt->keys[i]);
        free(attempt->values[i]);
    }
    pthread_cond_destroy(&attempt->ended);
    pthread_mutex_destroy(&attempt->lock);
    free(attempt);
}

static struct attempt *attempt_new(const char *const keys[],
                                   const char *const values[]) {
    struct attempt *attempt = memory_alloc(sizeof *attempt);
    *attempt = (struct attempt){.lock = PTHREAD_MUTEX_INITIALIZER,
                                .ended = PTHREAD_COND_INITIALIZER};
    for (; keys[attempt->count]; attempt->count++) {
        if (attempt->count == MOST_KEYS - 1)
            abort();
        attempt->keys[attempt->count] = memory_text(keys[attempt->count]);
        attempt->values[attempt->count] = memory_text(values[attempt->count]);
    }
    return attempt;
}

/* ---- a refusal ---- */

void refusal_find_sqlstate(const char *text, char sqlstate[static 6]) {
    enum { LEN = 5 };
    *sqlstate = '\0';
    for (const char *at = text; (at = strstr(at, ":  ")); at++) {
        const char *code = at + 3;
        bool whole =
            strspn(code, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ") == LEN;
        if (whole && (code[LEN] == '\n' || !code[LEN]))
            snprintf(sqlstate, LEN + 1, "%s", code);
    }
}

/* It may be connected then. */
static void refusal_take(struct refusal *refusal, PGconn *connection,
                         instant took) {
    snprintf(refusal->reason, sizeof refusal->reason, "%s",
             PQerrorMessage(connection));
    if (took > FAST || ending_leaves_all())
        return;
    PGVerbosity before = PQsetErrorVerbosity(connection, PQERRORS_SQLSTATE);
    PQreset(connection);
    refusal_find_sqlstate(PQerrorMessage(connection), refusal->sqlstate);
    PQsetErrorVerbosity(connection, before);
}

/* ---- an attempt ---- */

static void *attempt_run(void *context) {
    struct attempt *attempt = context;
    instant begun = clock_elapsed();
    PGconn *connection =
        PQconnectdbParams((const char *const *)attempt->keys,
                          (const char *const *)attempt->values, 1);
    if (PQstatus(connection) != CONNECTION_OK)
        refusal_take(&attempt->refusal, connection, clock_elapsed() - begun);
    pthread_mutex_lock(&attempt->lock);
    attempt->connection = connection;
    attempt->done = true;
    bool left = attempt->left;
    pthread_cond_signal(&attempt->ended);
    pthread_mutex_unlock(&attempt->lock);
    if (left) {
        PQfinish(connection);
        attempt_free(attempt);
    }
    return NULL;
}

/* False when it is left to its thread. */
static bool attempt_wait(struct attempt *attempt) {
    instant end = clock_elapsed() + MOST;
    pthread_mutex_lock(&attempt->lock);
    while (!attempt->done && clock_elapsed() < end && !ending_leaves_all()) {
        struct timespec until = clock_in(LOOK);
        pthread_cond_clockwait(&attempt->ended, &attempt->lock, CLOCK_MONOTONIC,
                               &until);
    }
    bool done = attempt->done;
    attempt->left = !done;
    pthread_mutex_unlock(&attempt->lock);
    return done;
}

PGconn *connect_in_time(const char *const keys[], const char *const values[],
                        struct refusal *refusal) {
    struct attempt *attempt = attempt_new(keys, values);
    pthread_t thread;
    if (pthread_create(&thread, NULL, attempt_run, attempt) != 0)
        memory_exhausted(0);
    pthread_detach(thread);
    *refusal =
        (struct refusal){.reason = "no connection in time: does the name "
                                   "of the database's host resolve?"};
    if (ending_leaves_all())
        *refusal = (struct refusal){.reason = "fotad ends"};
    if (!attempt_wait(attempt))
        return NULL;
    PGconn *connection = attempt->connection;
    *refusal = attempt->refusal;
    attempt_free(attempt);
    return connection;
}
