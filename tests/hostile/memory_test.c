/*
 * All limits met together: as many connections as may be in their headers,
 * bodies up to the budget, and the largest requests with all workers. What
 * fotad then holds is within what docs/security.md says of it.
 *
 * MEMORY_CONNECTIONS says how many connections (`make hold`: 5,000).
 */
#include "support/campaign.h"
#include "support/check.h"
#include "support/scenario_files.h"

#include "fotasim/estate.h"
#include "fotasim/service_request.h"
#include "http/wire.h"

#include <pthread.h>
#include <signal.h>
#include <sys/resource.h>

enum {
    WORKERS = 4,
    IMAGE = 10240000, /* the largest that DUIS has */
    DEVICES = 50000,
    HEADER = 8 * 1024,    /* [user_gateway] max_header */
    TOUCHED = 4 * HEADER, /* of libmicrohttpd's buffer, by docs/security.md */
    TIMES = 10,           /* its body that a request takes, the same */
    BUDGET = 96 << 20,
};

/* ---- what fotad has ---- */

/* A line of /proc/PID/status, "VmHWM", in octets. */
static size_t memory_of(struct scenario *s, const char *line) {
    char text[128];
    size_t kilobytes = 0;
    FILE *file = fopen(
        arena_printf(s->arena, "/proc/%d/status", (int)s->fotads[0].pid), "r");
    assert_non_null(file);
    while (!kilobytes && fgets(text, sizeof text, file))
        if (strncmp(text, line, strlen(line)) == 0)
            kilobytes = strtoul(text + strlen(line) + 1, NULL, 10);
    fclose(file);
    assert_true(kilobytes > 0);
    return kilobytes * 1024;
}

/* ---- what is done to it ---- */

/* Headers without an end, as many octets as are read before that is said. */
static void fill_headers(unsigned port, int *handles, size_t count) {
    static char line[TOUCHED - 512];
    memset(line, 'a', sizeof line);
    for (size_t i = 0; i < count; i++) {
        handles[i] = wire_connect(port);
        wire_text(handles[i], "POST /api/v1/serviceD HTTP/1.1\r\nX: ");
        assert_true(wire_send(handles[i], line, sizeof line));
    }
}

static struct span largest_request(struct scenario *s) {
    eui64 *ids = arena_zero(s->arena, DEVICES, sizeof *ids);
    for (size_t i = 0; i < DEVICES; i++)
        ids[i] = 0x00db000000000000 + i;
    uint8_t *image = arena_alloc(s->arena, IMAGE);
    memset(image, 0x5a, IMAGE);
    struct buffer out = {0};
    assert_true(service_request_write(
        &(struct service_request){.variant = "11.4",
                                  .target = sim_acb,
                                  .counter = ++s->counter,
                                  .image = span_of(image, IMAGE),
                                  .firmware_version = "0A000003",
                                  .device_ids = ids,
                                  .device_count = DEVICES},
        s->signers[0], &out));
    arena_adopt(s->arena, out.data, free);
    return buffer_span(&out);
}

static void begin_post(int handle, struct span body) {
    char head[256];
    snprintf(head, sizeof head,
             "POST /api/v1/serviceD HTTP/1.1\r\nHost: x\r\nContent-Type: "
             "application/xml\r\nContent-Length: %zu\r\n\r\n",
             body.len);
    wire_text(handle, head);
}

struct post {
    unsigned port;
    struct span body;
    int status;
    pthread_t thread;
};

static void *post(void *context) {
    struct post *p = context;
    int handle = wire_connect(p->port);
    begin_post(handle, p->body);
    wire_send(handle, p->body.data, p->body.len);
    struct wire_reply reply = wire_reply(handle);
    p->status = reply.status;
    reply_free(&reply);
    close(handle);
    return NULL;
}

/* Bodies that do not come to their end, until the budget lets no more in. */
static size_t fill_budget(unsigned port, struct span body, int *handles,
                          size_t most) {
    size_t held = 0;
    for (bool refused = false; !refused && held < most;) {
        int handle = handles[held++] = wire_connect(port);
        begin_post(handle, body);
        refused = !wire_send(handle, body.data, body.len - 1);
        struct pollfd look = {.fd = handle, .events = POLLIN};
        refused |= poll(&look, 1, 200) == 1;
    }
    return held;
}

static void memory_stays_within_its_bounds(void **state) {
    (void)state;
#ifdef __SANITIZE_THREAD__
    print_message("skipped: most of its memory is ThreadSanitizer's\n");
    skip();
#endif
    size_t connections = campaign_number("MEMORY_CONNECTIONS", 100);
    const struct rlimit files = {connections + 500, connections + 500};
    if (setrlimit(RLIMIT_NOFILE, &files) != 0) {
        print_message("skipped: this user may not open that many files\n");
        skip();
    }
    struct scenario *s = scenario_open(&(struct scenario_wish){
        .config = "[user_gateway]\nworkers = 4\nheader_timeout = 60s\n"});
    struct span body = largest_request(s);
    size_t quiet = memory_of(s, "VmRSS");
    int *slow = arena_zero(s->arena, connections, sizeof *slow), held[16];
    fill_headers(s->user_port, slow, connections);
    struct post posts[WORKERS];
    for (size_t i = 0; i < WORKERS; i++) {
        posts[i] = (struct post){.port = s->user_port, .body = body};
        pthread_create(&posts[i].thread, NULL, post, &posts[i]);
    }
    size_t bodies = fill_budget(s->user_port, body, held, 16);
    for (size_t i = 0; i < WORKERS; i++)
        pthread_join(posts[i].thread, NULL);
    size_t most = memory_of(s, "VmHWM");
    size_t bound = quiet + connections * TOUCHED + BUDGET +
                   (size_t)WORKERS * TIMES * body.len;
    printf("all limits: %zu connections in their headers, %d requests of %.1f "
           "MiB with workers, %zu bodies held until the budget of %d MiB was "
           "full: %.0f MiB at most, %.0f MiB before, bound %.0f MiB\n",
           connections, WORKERS, (double)body.len / (1 << 20), bodies,
           BUDGET >> 20, (double)most / (1 << 20), (double)quiet / (1 << 20),
           (double)bound / (1 << 20));
    assert_true(bodies < 16);
    assert_true(most <= bound);
    for (size_t i = 0; i < bodies; i++)
        close(held[i]);
    /* somebody else is served as before */
    scenario_do(s, sends, "1 11.4 ppmid-a-0A000003 n1.ppmid I99");
    for (size_t i = 0; i < connections; i++)
        close(slow[i]);
    scenario_end(s);
}

int main(void) {
    signal(SIGPIPE, SIG_IGN);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(memory_stays_within_its_bounds),
    };
    return scenario_tests(tests, NULL, NULL);
}
