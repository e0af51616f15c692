#include "http/server.h"

#include "base/ending.h"
#include "base/expiry.h"
#include "base/log.h"
#include "base/memory.h"
#include "http/address.h"
#include "http/connection.h"
#include "http/exchange.h"
#include "http/metrics.h"
#include "http/peer.h"
#include "http/tls.h"
#include "http/worker.h"

#include <errno.h>
#include <gnutls/abstract.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* ---- starting ---- */

static struct http_options options_with_defaults(struct http_options options) {
    if (!options.workers)
        options.workers = 2;
    if (!options.pollers)
        options.pollers = 1;
    if (!options.queue_size)
        options.queue_size = 256;
    if (!options.max_connections)
        options.max_connections = 1024;
    if (!options.max_header)
        options.max_header = (size_t)8 * 1024;
    if (!options.body_budget)
        options.body_budget = (size_t)256 * 1024 * 1024;
    if (!options.retry_after)
        options.retry_after = 1;
    if (!options.idle_timeout)
        options.idle_timeout = 30 * SECOND;
    if (!options.header_timeout)
        options.header_timeout = 10 * SECOND;
    if (!options.receive_timeout)
        options.receive_timeout = 10 * SECOND;
    if (!options.send_timeout)
        options.send_timeout = 60 * SECOND;
    if (options.max_connections < options.pollers)
        options.max_connections = options.pollers;
    return options;
}

/* libmicrohttpd's memory of a connection, in largest headers: what is over the
 * limit, but not by far, is then read whole and answered by us. */
enum { CONNECTION_MEMORY = 4 };

/* Some more than the limit are taken, to be told. */
static unsigned most_connections(const struct http_options *o) {
    return o->max_connections + o->max_connections / 8 + 16;
}

static struct http_listener *listener_new(const struct http_options *options) {
    struct http_listener *listener = memory_alloc(sizeof *listener);
    *listener =
        (struct http_listener){.options = options_with_defaults(*options)};
    pthread_mutex_init(&listener->lock, NULL);
    pthread_cond_init(&listener->changed, NULL);
    const struct http_options *o = &listener->options;
    /* A connection has at most one request in the queue, so it never is
     * full: queue_size is kept by refusing what would go past it. */
    listener->queue = queue_new(most_connections(o) + o->queue_size);
    listener->peers = peers_new(o);
    metrics_register(http_metrics, HTTP_METRICS);
    struct metric_family *m = http_metrics;
    listener->queued = metric_of(&m[HTTP_QUEUE], o->name, NULL, NULL);
    listener->connections_open =
        metric_of(&m[HTTP_CONNECTIONS], o->name, NULL, NULL);
    listener->body_gauge = metric_of(&m[HTTP_BODIES], o->name, NULL, NULL);
    listener->route_labels =
        memory_alloc(o->route_count * sizeof *listener->route_labels);
    struct batches *batches = &listener->batches;
    batches->routes = memory_alloc(o->route_count * sizeof *batches->routes);
    for (size_t i = 0; i < o->route_count; i++) {
        batches->routes[i] = (struct route_batch){0};
        batches->route_count += !o->routes[i].handler;
        struct buffer label = {0};
        buffer_printf(&label, "%s %s", o->routes[i].method, o->routes[i].path);
        listener->route_labels[i] = (char *)label.data;
    }
    return listener;
}

static void listener_free(struct http_listener *listener) {
    for (size_t i = 0; i < listener->options.route_count; i++)
        free(listener->route_labels[i]);
    free(listener->route_labels);
    free(listener->batches.routes);
    if (listener->socket_path)
        unlink(listener->socket_path);
    free(listener->socket_path);
    queue_free(listener->queue);
    peers_free(listener->peers);
    tls_release(listener->tls);
    pthread_cond_destroy(&listener->changed);
    pthread_mutex_destroy(&listener->lock);
    free(listener);
}

/* libmicrohttpd decodes paths before they are split into segments, which
 * makes a/b of a%2Fb: it gets a decoder that does nothing. */
static size_t leave_encoded(void *context, struct MHD_Connection *mhd,
                            char *text) {
    (void)context;
    (void)mhd;
    return strlen(text);
}

__attribute__((format(printf, 2, 0))) static void log_take(void *context,
                                                           const char *format,
                                                           va_list args) {
    const struct http_listener *listener = context;
    char text[512];
    vsnprintf(text, sizeof text, format, args);
    text[strcspn(text, "\n")] = '\0';
    log_debug("http.server", "listener=%s : %s", listener->options.name, text);
}

/* libmicrohttpd wants to have one; tls_begin() gives each connection its
 * credentials before this would be asked. */
static int no_certificate(gnutls_session_t session,
                          const gnutls_datum_t *authorities, int count,
                          const gnutls_pk_algorithm_t *algorithms, int sizes,
                          gnutls_pcert_st **certificates, unsigned *length,
                          gnutls_privkey_t *key) {
    (void)session, (void)authorities, (void)count, (void)algorithms;
    (void)sizes, (void)certificates, (void)length, (void)key;
    return -1;
}

static size_t tls_options(struct MHD_OptionItem *more) {
    static const char priorities[] =
        "SECURE128:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2";
    /* libmicrohttpd only reads them */
    more[0] = (struct MHD_OptionItem){MHD_OPTION_HTTPS_PRIORITIES, 0,
                                      (void *)(uintptr_t)priorities};
    more[1] = (struct MHD_OptionItem){MHD_OPTION_HTTPS_CERT_CALLBACK, 0,
                                      (void *)(uintptr_t)no_certificate};
    return 2;
}

static struct MHD_Daemon *daemon_start(struct http_listener *listener,
                                       int handle) {
    const struct http_options *o = &listener->options;
    struct MHD_OptionItem more[8] = {0};
    size_t count = 0;
    unsigned flags = MHD_USE_EPOLL_INTERNAL_THREAD | MHD_USE_SUSPEND_RESUME |
                     MHD_USE_ERROR_LOG | MHD_USE_TURBO;
    if (o->pollers > 1)
        more[count++] = (struct MHD_OptionItem){MHD_OPTION_THREAD_POOL_SIZE,
                                                (intptr_t)o->pollers, NULL};
    if (listener->tls) {
        flags |= MHD_USE_TLS;
        count += tls_options(more + count);
    }
    more[count] = (struct MHD_OptionItem){MHD_OPTION_END, 0, NULL};
    return MHD_start_daemon(
        flags, 0, NULL, NULL, exchange_step, listener,
        MHD_OPTION_EXTERNAL_LOGGER, log_take, listener,
        MHD_OPTION_LISTEN_SOCKET, handle, MHD_OPTION_NOTIFY_COMPLETED,
        exchange_end, listener, MHD_OPTION_NOTIFY_CONNECTION, connection_notify,
        listener, MHD_OPTION_UNESCAPE_CALLBACK, leave_encoded, NULL,
        MHD_OPTION_CONNECTION_LIMIT, most_connections(o),
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, CONNECTION_MEMORY * o->max_header,
        MHD_OPTION_ARRAY, more, MHD_OPTION_END);
}

static struct http_listener *listener_give_up(struct http_listener *listener) {
    listener_free(listener);
    return NULL;
}

/* A listener's name is its section's. */
static void expiry_say(const struct http_listener *listener) {
    char use[64];
    instant ends = listener->tls ? tls_expires(listener->tls) : 0;
    snprintf(use, sizeof use, "[%s] certificate", listener->options.name);
    if (ends)
        expiry_note(use, ends);
}

struct http_listener *http_listen(const struct http_options *options,
                                  const char **reason) {
    struct http_listener *listener = listener_new(options);
    if (tls_wanted(&options->tls) &&
        !(listener->tls = tls_read(&options->tls, reason)))
        return listener_give_up(listener);
    expiry_say(listener);
    int handle = address_listen(options->address, &listener->socket_path,
                                &listener->port, reason);
    if (handle < 0)
        return listener_give_up(listener);
    /* libmicrohttpd closes the socket, also when it fails */
    listener->daemon = daemon_start(listener, handle);
    if (!listener->daemon) {
        *reason = "the server's threads cannot be started";
        return listener_give_up(listener);
    }
    workers_start(listener);
    if (pthread_create(&listener->clock, NULL, connection_clock, listener))
        memory_exhausted(0);
    return listener;
}

unsigned http_port(const struct http_listener *listener) {
    return listener->port;
}

struct tls *http_read_tls(const struct http_tls *files, const char **reason) {
    return tls_read(files, reason);
}

instant http_expires(const struct tls *fresh) {
    return tls_expires(fresh);
}

bool http_speaks_tls(const struct http_listener *listener) {
    return listener->tls != NULL;
}

void http_renew(struct http_listener *listener, struct tls *fresh) {
    pthread_mutex_lock(&listener->lock);
    struct tls *old = listener->tls;
    listener->tls = fresh;
    expiry_say(listener);
    pthread_mutex_unlock(&listener->lock);
    tls_release(old);
}

void http_forget(struct tls *fresh) {
    tls_release(fresh);
}

/* ---- ending ---- */

void http_drain(struct http_listener *listener) {
    pthread_mutex_lock(&listener->lock);
    atomic_store(&listener->draining, true);
    pthread_mutex_unlock(&listener->lock);
}

/* How long the end may wait for a body that is still coming in, and for the
 * first request of somebody who has just connected. */
static const instant SLOW_END = 5 * SECOND, FRESH_END = 2 * SECOND;
/* A kept connection may bring its next request at any moment: it is ended
 * after that much silence of all. */
static const instant SILENCE = 50 * MILLISECOND;

static int listener_socket(const struct http_listener *listener) {
    return MHD_get_daemon_info(listener->daemon, MHD_DAEMON_INFO_LISTEN_FD)
        ->listen_fd;
}

/* Somebody who connected and has not asked anything yet. Under the lock. */
static bool listener_has_fresh(const struct http_listener *listener) {
    const struct connection *c = listener->connections;
    while (c && atomic_load(&c->used))
        c = c->next;
    return c != NULL;
}

/* Whether something is still to be waited for, `since` nobody new can connect.
 * Once nothing is in hand no connection is suspended, which libmicrohttpd
 * needs for its end. Under the lock. */
static bool listener_is_busy(const struct http_listener *listener, int handle,
                             instant since) {
    if (listener->in_hand)
        return true;
    if (address_has_pending(handle) || listener_has_fresh(listener))
        return since < FRESH_END;
    return listener->begun && since < SLOW_END;
}

/* Who takes an answer slowly has had the time for it. */
static void listener_leave_all(const struct http_listener *listener) {
    for (struct connection *c = listener->connections; c; c = c->next)
        if (atomic_load(&c->used) && !atomic_load(&c->receiving))
            connection_cut_off(c);
}

/* Until all that came in before nobody new could connect has been answered. */
static void listener_wait_for_last(struct http_listener *listener, int handle) {
    instant closed = clock_elapsed(), silent = closed, now = closed;
    while (now - silent < (listener->connections ? SILENCE : 1)) {
        struct timespec until = clock_in(5 * MILLISECOND);
        pthread_cond_clockwait(&listener->changed, &listener->lock,
                               CLOCK_MONOTONIC, &until);
        now = clock_elapsed();
        if (ending_leaves_all())
            listener_leave_all(listener);
        if (listener_is_busy(listener, handle, now - closed))
            silent = now;
    }
    for (struct connection *c = listener->connections; c; c = c->next)
        if (atomic_load(&c->receiving))
            connection_cut_off(c);
}

void http_close(struct http_listener *listener) {
    if (!listener)
        return;
    int handle = listener_socket(listener);
    http_drain(listener);
    address_refuse_new(handle);
    if (listener->socket_path)
        unlink(listener->socket_path);
    free(listener->socket_path);
    listener->socket_path = NULL;
    pthread_mutex_lock(&listener->lock);
    listener_wait_for_last(listener, handle);
    listener->closed = true;
    pthread_cond_broadcast(&listener->changed);
    pthread_mutex_unlock(&listener->lock);
    pthread_join(listener->clock, NULL);
    workers_stop(listener);
    MHD_stop_daemon(listener->daemon);
    listener_free(listener);
}
