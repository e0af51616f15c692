#include "base/log.h"
#include "base/memory.h"
#include "ssi/call.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

struct people {
    struct http_listener *listener;
    char *certificate, *key; /* PEM */
};

/* ---- what the section says ---- */

static bool is_unix(const char *address) {
    return strncmp(address, "unix:", 5) == 0;
}

static bool is_loopback(const char *address) {
    return strncmp(address, "127.", 4) == 0 ||
           strncmp(address, "[::1]:", 6) == 0 ||
           strncmp(address, "localhost:", 10) == 0;
}

const char *people_contradiction(const struct config *config,
                                 struct arena *arena) {
    const char *address = config->people_listen;
    bool has_certificate = *config->people_certificate;
    bool off = strcmp(config->people_tls, "off") == 0;
    if (*config->people_tls && !off)
        return arena_printf(arena, "[people] tls is '%s'; it is off or empty",
                            config->people_tls);
    if (has_certificate != (*config->people_key != '\0'))
        return "[people] certificate and key go together";
    if (has_certificate && off)
        return "[people] tls = off, but there is a certificate";
    if (*config->people_proxy_header && !is_unix(address))
        return "[people] proxy_header needs listen = unix:/path: at an address "
               "anybody could send it";
    if (!is_unix(address) && !is_loopback(address) && !has_certificate && !off)
        return arena_printf(arena,
                            "[people] listen = %s is not a loopback address: "
                            "it needs a certificate and key, or tls = off",
                            address);
    return NULL;
}

/* ---- workers ---- */

static void *worker_start(void *context, unsigned index) {
    (void)index;
    const struct config *config = context;
    struct ssi_worker *worker = memory_alloc(sizeof *worker);
    worker->config = config;
    worker->primary = db_open(config->database_conninfo, "fotad people");
    worker->reading =
        *config->database_reporting_conninfo
            ? db_open(config->database_reporting_conninfo, "fotad screens")
            : worker->primary;
    return worker;
}

static void worker_stop(void *context) {
    struct ssi_worker *worker = context;
    if (worker->reading != worker->primary)
        db_close(worker->reading);
    db_close(worker->primary);
    free(worker);
}

/* ---- start and stop ---- */

static bool read_pem(const char *path, char **text, const char **reason) {
    static _Thread_local char why[512];
    struct buffer all = {0};
    FILE *file = *path ? fopen(path, "re") : NULL;
    size_t len = 1;
    while (file && len) {
        len = fread(buffer_room(&all, 4096), 1, 4096, file);
        all.len += len;
    }
    bool good = !*path || (file && !ferror(file));
    if (!good) {
        snprintf(why, sizeof why, "%s: %s", path, strerror(errno));
        *reason = why;
    }
    if (file)
        fclose(file);
    if (good && *path) {
        buffer_text(&all, "");
        *text = memory_text((const char *)all.data);
    }
    buffer_free(&all);
    return good;
}

static struct http_listener *start_listening(const struct config *config,
                                             const struct people *people,
                                             const char **reason) {
    ssi_set_max_body(config->people_max_body);
    return http_listen(
        &(struct http_options){
            .name = "people",
            .address = config->people_listen,
            .routes = ssi_http_routes,
            .route_count = ssi_http_route_count,
            .workers = config->people_workers,
            .max_connections = config->people_connections,
            .worker_start = worker_start,
            .worker_stop = worker_stop,
            .worker_context = (void *)(uintptr_t)config,
            .tls = {.certificate = people->certificate, .key = people->key}},
        reason);
}

struct people *people_start(const struct config *config, const char **reason) {
    struct people *people = memory_alloc(sizeof *people);
    *people = (struct people){0};
    if (read_pem(config->people_certificate, &people->certificate, reason) &&
        read_pem(config->people_key, &people->key, reason))
        people->listener = start_listening(config, people, reason);
    if (people->listener)
        return people;
    people_stop(people);
    return NULL;
}

void people_stop(struct people *people) {
    if (!people)
        return;
    http_close(people->listener);
    free(people->certificate);
    free(people->key);
    free(people);
}

unsigned people_port(const struct people *people) {
    return http_port(people->listener);
}
