#include "support/fake_csp.h"

#include "base/buffer.h"
#include "base/clock.h"
#include "base/memory.h"

#include <arpa/inet.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

enum { MOST_REQUESTS = 4096 };

struct fake_csp {
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t arrived;
    int listener, stop[2];
    char url[64];
    const char *images, *jobs, *recalls; /* what is left of the scripts */
    struct fake_request *requests;
    size_t count;
};

/* False when the CSP is to stop, or the other side has gone. */
static bool readable(const struct fake_csp *csp, int fd) {
    struct pollfd fds[] = {{.fd = fd, .events = POLLIN},
                           {.fd = csp->stop[0], .events = POLLIN}};
    return poll(fds, 2, -1) > 0 && !fds[1].revents;
}

static void header(const char *head, const char *name, char *value,
                   size_t size) {
    const char *at = strcasestr(head, name);
    *value = '\0';
    if (at) {
        at += strlen(name);
        snprintf(value, size, "%.*s", (int)strcspn(at, "\r"), at);
    }
}

/* Reads one request; false when there is none. */
static bool receive(const struct fake_csp *csp, int fd, struct buffer *in,
                    struct fake_request *request) {
    const char *end = NULL;
    char length[24] = "";
    size_t whole = SIZE_MAX;
    while (in->len < whole) {
        if (!readable(csp, fd))
            return false;
        ssize_t got = recv(fd, buffer_room(in, 65536), 65536, 0);
        if (got <= 0)
            return false;
        in->len += (size_t)got;
        *buffer_room(in, 1) = '\0';
        end = strstr((const char *)in->data, "\r\n\r\n");
        if (!end)
            continue;
        header((const char *)in->data, "\r\nContent-Length: ", length,
               sizeof length);
        request->body_len = strtoul(length, NULL, 10);
        whole = (size_t)(end + 4 - (const char *)in->data) + request->body_len;
    }
    const char *head = (const char *)in->data;
    sscanf(head, "%7s %127s", request->method, request->path);
    header(head, "\r\nIdempotency-Key: ", request->key, sizeof request->key);
    header(head, "\r\nAuthorization: ", request->authorization,
           sizeof request->authorization);
    header(head, "\r\nContent-Type: ", request->media_type,
           sizeof request->media_type);
    if (end && strcmp(request->method, "POST") == 0)
        request->json = json_loadb(end + 4, request->body_len,
                                   JSON_REJECT_DUPLICATES, NULL);
    request->at = clock_now();
    return true;
}

enum { WORD_SIZE = 512 };

/* The next word of the script; its last stays. */
static void next_word(const char **script, char word[static WORD_SIZE]) {
    size_t len = strcspn(*script, " ");
    snprintf(word, WORD_SIZE, "%.*s", (int)len, *script);
    if ((*script)[len])
        *script += len + 1;
}

static const char **script_of(struct fake_csp *csp, const char *method) {
    if (strcmp(method, "PUT") == 0)
        return &csp->images;
    return strcmp(method, "DELETE") == 0 ? &csp->recalls : &csp->jobs;
}

static void remember(struct fake_csp *csp, const struct fake_request *request,
                     char word[static WORD_SIZE]) {
    pthread_mutex_lock(&csp->lock);
    if (csp->count == MOST_REQUESTS)
        abort();
    csp->requests[csp->count++] = *request;
    next_word(script_of(csp, request->method), word);
    pthread_cond_broadcast(&csp->arrived);
    pthread_mutex_unlock(&csp->lock);
}

static void cut(int fd) {
    struct linger now = {.l_onoff = 1, .l_linger = 0};
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
}

static void answer(const struct fake_csp *csp, int fd, const char *word) {
    unsigned status = (unsigned)strtoul(word, NULL, 10);
    const char *given = strchr(word, '=');
    const char *later = given ? NULL : strchr(word, '+');
    const char *reason = given ? NULL : strchr(word, ':');
    char body[WORD_SIZE] = "", text[WORD_SIZE + 512];
    if (strcmp(word, "hang") == 0)
        readable(csp, fd);
    if (strchr(word, '~'))
        sleep(1);
    if (strcmp(word, "reset") == 0)
        cut(fd);
    if (reason)
        snprintf(body, sizeof body, "{\"reasonCode\":\"%s\"}", reason + 1);
    if (given)
        snprintf(body, sizeof body, "%s", given + 1);
    snprintf(text, sizeof text,
             "HTTP/1.1 %u Scripted\r\nConnection: close\r\n%s%s%s"
             "Content-Length: %zu\r\n\r\n%s",
             status, later ? "Retry-After: " : "", later ? later + 1 : "",
             later ? "\r\n" : "", strlen(body), body);
    const char *out = strcmp(word, "garbage") == 0 ? "\x16\x03\x01 what?\n"
                      : status                     ? text
                                                   : "";
    if (send(fd, out, strlen(out), MSG_NOSIGNAL) < 0)
        cut(fd);
}

static void serve(struct fake_csp *csp, int fd) {
    struct buffer in = {0};
    struct fake_request request = {.json = NULL};
    char word[WORD_SIZE];
    if (receive(csp, fd, &in, &request)) {
        remember(csp, &request, word);
        answer(csp, fd, word);
    }
    buffer_free(&in);
    close(fd);
}

static void *run(void *context) {
    struct fake_csp *csp = context;
    while (readable(csp, csp->listener)) {
        int fd = accept(csp->listener, NULL, NULL);
        if (fd >= 0)
            serve(csp, fd);
    }
    return NULL;
}

struct fake_csp *fake_csp_start(void) {
    struct fake_csp *csp = memory_alloc(sizeof *csp);
    *csp = (struct fake_csp){
        .lock = PTHREAD_MUTEX_INITIALIZER,
        .arrived = PTHREAD_COND_INITIALIZER,
        .listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0),
        .images = "201",
        .jobs = "202",
        .recalls = "404",
        .requests = memory_alloc(MOST_REQUESTS * sizeof *csp->requests)};
    struct sockaddr_in at = {.sin_family = AF_INET,
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof at;
    if (bind(csp->listener, (struct sockaddr *)&at, len) != 0 ||
        listen(csp->listener, 16) != 0 || pipe(csp->stop) != 0 ||
        getsockname(csp->listener, (struct sockaddr *)&at, &len) != 0)
        abort();
    snprintf(csp->url, sizeof csp->url, "http://127.0.0.1:%u",
             ntohs(at.sin_port));
    if (pthread_create(&csp->thread, NULL, run, csp) != 0)
        abort();
    return csp;
}

void fake_csp_stop(struct fake_csp *csp) {
    close(csp->stop[1]);
    pthread_join(csp->thread, NULL);
    close(csp->stop[0]);
    close(csp->listener);
    for (size_t i = 0; i < csp->count; i++)
        json_decref(csp->requests[i].json);
    free(csp->requests);
    free(csp);
}

const char *fake_csp_url(const struct fake_csp *csp) {
    return csp->url;
}

void fake_csp_script(struct fake_csp *csp, const char *images,
                     const char *jobs) {
    pthread_mutex_lock(&csp->lock);
    csp->images = images;
    csp->jobs = jobs;
    pthread_mutex_unlock(&csp->lock);
}

void fake_csp_script_recalls(struct fake_csp *csp, const char *recalls) {
    pthread_mutex_lock(&csp->lock);
    csp->recalls = recalls;
    pthread_mutex_unlock(&csp->lock);
}

/* Under the lock. */
static size_t count_of(const struct fake_csp *csp, const char *method) {
    size_t count = 0;
    for (size_t i = 0; i < csp->count; i++)
        count += strcmp(csp->requests[i].method, method) == 0;
    return count;
}

size_t fake_csp_count(struct fake_csp *csp, const char *method) {
    pthread_mutex_lock(&csp->lock);
    size_t count = count_of(csp, method);
    pthread_mutex_unlock(&csp->lock);
    return count;
}

bool fake_csp_wait(struct fake_csp *csp, const char *method, size_t count) {
    struct timespec until = clock_in(10 * SECOND);
    int result = 0;
    pthread_mutex_lock(&csp->lock);
    while (count_of(csp, method) < count && result == 0)
        result = pthread_cond_clockwait(&csp->arrived, &csp->lock,
                                        CLOCK_MONOTONIC, &until);
    bool there = count_of(csp, method) >= count;
    pthread_mutex_unlock(&csp->lock);
    return there;
}

struct fake_request fake_csp_request(struct fake_csp *csp, const char *method,
                                     size_t index) {
    pthread_mutex_lock(&csp->lock);
    struct fake_request found = {.json = NULL};
    for (size_t i = 0; i < csp->count; i++)
        if (strcmp(csp->requests[i].method, method) == 0 && index-- == 0)
            found = csp->requests[i];
    pthread_mutex_unlock(&csp->lock);
    return found;
}
