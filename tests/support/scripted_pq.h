/*
 * libpq with faults: this program's PQexec() and PQexecPrepared() stand before
 * libpq's own. Include it in one file of a test program.
 */
#ifndef FOTAD_TESTS_SCRIPTED_PQ_H
#define FOTAD_TESTS_SCRIPTED_PQ_H

#include <dlfcn.h>
#include <libpq-fe.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>

enum pq_fault {
    PQ_LOST_BEFORE, /* the connection breaks before the server hears of it */
    PQ_LOST_AFTER,  /* the server has done it, its answer does not come */
};

/* What goes wrong, from now on: the statement (SQL text of PQexec, or the name
 * of a prepared one) fails the next `times` times. */
static struct {
    const char *statement;
    enum pq_fault fault;
    atomic_int times;
    atomic_int happened;
} pq_script;

static inline void pq_will_fail(const char *statement, enum pq_fault fault,
                                int times) {
    pq_script.statement = statement;
    pq_script.fault = fault;
    atomic_store(&pq_script.happened, 0);
    atomic_store(&pq_script.times, times);
}

static inline bool pq_fails_now(const char *statement) {
    if (atomic_load(&pq_script.times) <= 0 ||
        strcmp(statement, pq_script.statement) != 0)
        return false;
    if (atomic_fetch_sub(&pq_script.times, 1) <= 0)
        return false;
    atomic_fetch_add(&pq_script.happened, 1);
    return true;
}

static inline void pq_cut(PGconn *connection) {
    shutdown(PQsocket(connection), SHUT_RDWR);
}

typedef PGresult *pq_exec(PGconn *, const char *);
typedef PGresult *pq_exec_prepared(PGconn *, const char *, int,
                                   const char *const *, const int *,
                                   const int *, int);

static inline void *pq_own(const char *name) {
    return dlsym(RTLD_NEXT, name);
}

PGresult *PQexec(PGconn *connection, const char *sql) {
    pq_exec *own;
    *(void **)&own = pq_own("PQexec");
    if (!pq_fails_now(sql))
        return own(connection, sql);
    if (pq_script.fault == PQ_LOST_AFTER)
        PQclear(own(connection, sql));
    pq_cut(connection);
    return own(connection, "select 'lost'");
}

PGresult *PQexecPrepared(PGconn *connection, const char *name, int count,
                         const char *const *values, const int *lengths,
                         const int *formats, int format) {
    pq_exec_prepared *own;
    *(void **)&own = pq_own("PQexecPrepared");
    if (!pq_fails_now(name))
        return own(connection, name, count, values, lengths, formats, format);
    if (pq_script.fault == PQ_LOST_AFTER)
        PQclear(own(connection, name, count, values, lengths, formats, format));
    pq_cut(connection);
    return own(connection, name, count, values, lengths, formats, format);
}

#endif
