/* A thread that accepts, and one for each connection. */
#include "support/cutter.h"

#include "base/memory.h"

#include <arpa/inet.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

const char *const cut_names[CUTS] = {"well", "reset", "silent", "halfway",
                                     "answers"};

/* How often a cut is looked for, in milliseconds. */
enum { LOOK = 10, HALFWAY = 200 };

struct cutter {
    int listener;
    unsigned port;
    pthread_t thread;
    atomic_bool stopping;
    atomic_int how;
    atomic_uint turn;
    atomic_ulong hit, open;
    pthread_mutex_t lock; /* of the targets */
    char targets[CUTTER_TARGETS][128];
};

/* ---- addresses ---- */

union where {
    struct sockaddr any;
    struct sockaddr_in tcp;
    struct sockaddr_un local;
};

static socklen_t read_address(const char *text, union where *where) {
    memset(where, 0, sizeof *where);
    if (strncmp(text, "unix:", 5) == 0) {
        where->local.sun_family = AF_UNIX;
        snprintf(where->local.sun_path, sizeof where->local.sun_path, "%s",
                 text + 5);
        return sizeof where->local;
    }
    where->tcp.sin_family = AF_INET;
    where->tcp.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    where->tcp.sin_port =
        htons((uint16_t)strtoul(strchr(text, ':') + 1, NULL, 10));
    return sizeof where->tcp;
}

static int connect_to(const char *target) {
    union where where;
    socklen_t len = read_address(target, &where);
    int handle = socket(where.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (handle >= 0 && connect(handle, &where.any, len) == 0)
        return handle;
    close(handle);
    return -1;
}

static int reach(struct cutter *c) {
    unsigned first = atomic_fetch_add(&c->turn, 1);
    for (unsigned i = 0; i < CUTTER_TARGETS; i++) {
        char target[sizeof *c->targets];
        pthread_mutex_lock(&c->lock);
        strcpy(target, c->targets[(first + i) % CUTTER_TARGETS]);
        pthread_mutex_unlock(&c->lock);
        int handle = *target ? connect_to(target) : -1;
        if (handle >= 0)
            return handle;
    }
    return -1;
}

/* ---- one connection ---- */

struct line {
    struct cutter *cutter;
    int ends[2];
    size_t passed[2];
    bool halfway, held;
};

static void reset(int handle) {
    const struct linger at_once = {.l_onoff = 1};
    setsockopt(handle, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
}

/* False at the end of this direction. */
static bool pass(struct line *line, int from, size_t most) {
    char octets[65536];
    if (most > sizeof octets)
        most = sizeof octets;
    ssize_t got = recv(line->ends[from], octets, most, 0);
    if (got <= 0)
        return false;
    line->passed[from] += (size_t)got;
    for (ssize_t sent = 0, one; sent < got; sent += one)
        if ((one = send(line->ends[!from], octets + sent, (size_t)(got - sent),
                        MSG_NOSIGNAL)) <= 0)
            return false;
    return true;
}

static size_t may_pass(const struct line *line, int from) {
    if (!line->halfway)
        return SIZE_MAX;
    return line->passed[from] < HALFWAY ? HALFWAY - line->passed[from] : 0;
}

/* False when the line is at its end. */
static bool turn(struct line *line, bool open[2]) {
    struct pollfd wait[2];
    for (int i = 0; i < 2; i++)
        wait[i] = (struct pollfd){.fd = open[i] ? line->ends[i] : -1,
                                  .events = POLLIN};
    poll(wait, 2, LOOK);
    enum cut how = (enum cut)atomic_load(&line->cutter->how);
    if (how == CUT_SILENT) {
        line->held = true;
        usleep(LOOK * 1000);
        return true;
    }
    for (int i = 0; i < 2; i++) {
        size_t most = may_pass(line, i);
        if (!wait[i].revents)
            continue;
        if (!most || (i == 1 && how == CUT_ANSWERS))
            return false;
        if (!pass(line, i, most)) {
            open[i] = false;
            shutdown(line->ends[!i], SHUT_WR);
        }
    }
    return (open[0] || open[1]) && (how != CUT_RESET || line->halfway);
}

static void *carry(void *context) {
    struct line *line = context;
    struct cutter *c = line->cutter;
    bool open[2] = {true, true}, on = true;
    line->ends[1] = reach(c);
    on = line->ends[1] >= 0;
    while (on && !atomic_load(&c->stopping))
        on = turn(line, open);
    bool cut = open[0] || open[1];
    if (cut || line->held)
        atomic_fetch_add(&c->hit, 1);
    for (int i = 0; i < 2; i++) {
        if (line->ends[i] < 0)
            continue;
        if (cut)
            reset(line->ends[i]);
        close(line->ends[i]);
    }
    free(line);
    atomic_fetch_sub(&c->open, 1);
    return NULL;
}

/* ---- all of them ---- */

static void take(struct cutter *c, int handle) {
    enum cut how = (enum cut)atomic_load(&c->how);
    pthread_t thread;
    pthread_attr_t attributes;
    if (how == CUT_RESET) {
        reset(handle);
        close(handle);
        atomic_fetch_add(&c->hit, 1);
        return;
    }
    struct line *line = memory_alloc(sizeof *line);
    *line = (struct line){
        .cutter = c, .ends = {handle, -1}, .halfway = how == CUT_HALFWAY};
    pthread_attr_init(&attributes);
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    pthread_attr_setstacksize(&attributes, 256 * 1024);
    atomic_fetch_add(&c->open, 1);
    if (pthread_create(&thread, &attributes, carry, line) != 0)
        abort();
    pthread_attr_destroy(&attributes);
}

static void *accept_all(void *context) {
    struct cutter *c = context;
    while (!atomic_load(&c->stopping)) {
        struct pollfd wait = {.fd = c->listener, .events = POLLIN};
        if (poll(&wait, 1, LOOK) != 1)
            continue;
        int handle = accept4(c->listener, NULL, NULL, SOCK_CLOEXEC);
        if (handle >= 0)
            take(c, handle);
    }
    return NULL;
}

struct cutter *cutter_start(const char *address) {
    union where where;
    socklen_t len = read_address(address, &where);
    int handle = socket(where.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (handle < 0 || bind(handle, &where.any, len) != 0 ||
        listen(handle, 1024) != 0 ||
        getsockname(handle, &where.any, &len) != 0) {
        close(handle);
        return NULL;
    }
    struct cutter *c = memory_alloc(sizeof *c);
    *c = (struct cutter){
        .listener = handle,
        .port = where.any.sa_family == AF_INET ? ntohs(where.tcp.sin_port) : 0};
    pthread_mutex_init(&c->lock, NULL);
    if (pthread_create(&c->thread, NULL, accept_all, c) != 0)
        abort();
    return c;
}

unsigned cutter_port(const struct cutter *c) {
    return c->port;
}

void cutter_target(struct cutter *c, unsigned place, const char *address) {
    pthread_mutex_lock(&c->lock);
    snprintf(c->targets[place], sizeof *c->targets, "%s",
             address ? address : "");
    pthread_mutex_unlock(&c->lock);
}

void cutter_cut(struct cutter *c, enum cut how) {
    atomic_store(&c->how, (int)how);
}

unsigned long cutter_hit(struct cutter *c) {
    return atomic_load(&c->hit);
}

void cutter_stop(struct cutter *c) {
    if (!c)
        return;
    atomic_store(&c->stopping, true);
    pthread_join(c->thread, NULL);
    while (atomic_load(&c->open))
        usleep(LOOK * 1000);
    close(c->listener);
    pthread_mutex_destroy(&c->lock);
    free(c);
}
