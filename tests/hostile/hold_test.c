/*
 * Many connections that do nothing, and many that send an octet now and then,
 * held while good requests are measured. HOLD_IDLE, HOLD_SLOW and
 * HOLD_REQUESTS say how many (`make hold`: 5,000, 500 and 300); the test
 * itself is small and measures nothing.
 *
 * The holder is a process of its own, begun before there are any threads.
 */
#include "support/check.h"
#include "support/user_gateway.h"

#include "http/wire.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>

static size_t wanted(const char *name, size_t usual) {
    const char *text = getenv(name);
    return text ? strtoul(text, NULL, 10) : usual;
}

/* ---- the holder ---- */

enum { TICK = 200 * 1000 /* microseconds */ };

struct held {
    unsigned port;
    size_t idle_count, slow_count, again; /* again: had to connect once more */
    int *idle, *slow;
};

/* Half of the slow ones are in their headers, half in their body. */
static int begin_slow(unsigned port, size_t index) {
    int handle = wire_connect(port);
    wire_text(handle, "POST /api/v1/serviceD HTTP/1.1\r\nHost: x\r\n"
                      "Content-Type: application/xml\r\n");
    wire_text(handle, index % 2 ? "Content-Length: 1000000\r\n\r\n" : "X: ");
    return handle;
}

/* It has sent a request and had its answer, as keep-alive leaves it. */
static int begin_idle(unsigned port) {
    int handle = wire_connect(port);
    wire_text(handle, "GET /nothing HTTP/1.1\r\nHost: x\r\n\r\n");
    struct wire_reply reply = wire_reply(handle);
    assert_int_equal(reply.status, 404);
    reply_free(&reply);
    return handle;
}

static bool is_open(int handle) {
    char octet;
    return recv(handle, &octet, 1, MSG_PEEK | MSG_DONTWAIT) < 0 &&
           errno == EAGAIN;
}

static void drip(struct held *held) {
    for (size_t i = 0; i < held->slow_count; i++) {
        if (is_open(held->slow[i]) &&
            send(held->slow[i], "a", 1, MSG_DONTWAIT | MSG_NOSIGNAL) == 1)
            continue;
        close(held->slow[i]);
        held->slow[i] = begin_slow(held->port, i);
        held->again++;
    }
}

static size_t open_idle(const struct held *held) {
    size_t count = 0;
    for (size_t i = 0; i < held->idle_count; i++)
        count += is_open(held->idle[i]);
    return count;
}

/* Reads the port, says when all are open, drips until told to end, and says
 * how many idle ones were still open and how many slow ones were cut. */
static void hold(int in, int out) {
    struct held held = {.idle_count = wanted("HOLD_IDLE", 300),
                        .slow_count = wanted("HOLD_SLOW", 30)};
    if (read(in, &held.port, sizeof held.port) != sizeof held.port)
        _exit(0);
    held.idle = calloc(held.idle_count + 1, sizeof(int));
    held.slow = calloc(held.slow_count + 1, sizeof(int));
    for (size_t i = 0; i < held.idle_count; i++)
        held.idle[i] = begin_idle(held.port);
    for (size_t i = 0; i < held.slow_count; i++)
        held.slow[i] = begin_slow(held.port, i);
    size_t report[2] = {held.idle_count + held.slow_count, 0};
    if (write(out, report, sizeof report) != sizeof report)
        _exit(1);
    struct pollfd told = {.fd = in, .events = POLLIN};
    while (poll(&told, 1, TICK / 1000) == 0)
        drip(&held);
    report[0] = open_idle(&held);
    report[1] = held.again;
    _exit(write(out, report, sizeof report) != sizeof report);
}

struct holder {
    int in, out;
    pid_t process;
};

static struct holder holder_begin(void) {
    int to[2], from[2];
    assert_int_equal(pipe2(to, O_CLOEXEC), 0);
    assert_int_equal(pipe2(from, O_CLOEXEC), 0);
    struct holder holder = {.in = from[0], .out = to[1], .process = fork()};
    assert_true(holder.process >= 0);
    if (holder.process == 0) {
        close(to[1]);
        close(from[0]);
        hold(to[0], from[1]);
    }
    close(to[0]);
    close(from[1]);
    return holder;
}

static void holder_told(struct holder *holder, size_t report[static 2]) {
    size_t size = 2 * sizeof *report;
    assert_int_equal(read(holder->in, report, size), size);
}

/* ---- the good requests ---- */

struct figures {
    double half, p99; /* milliseconds */
    size_t octets;    /* resident, of this process */
};

static int by_value(const void *a, const void *b) {
    const double *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

static size_t resident(void) {
    size_t pages = 0;
    FILE *file = fopen("/proc/self/statm", "r");
    assert_int_equal(fscanf(file, "%*u %zu", &pages), 1);
    fclose(file);
    return pages * (size_t)sysconf(_SC_PAGESIZE);
}

static struct figures measure(struct gateway *g, size_t count, size_t first) {
    double *times = calloc(count, sizeof *times);
    for (size_t i = 0; i < count; i++) {
        const eui64 device = BULK(first + i);
        struct span body = gateway_sign(
            g, USER_A,
            &(struct test_request){.body = DUIS_UPDATE_PPMID_FIRMWARE,
                                   .device_ids = &device,
                                   .device_id_count = 1});
        struct answer answer = gateway_post_raw(g, g->arena, "serviceD", body);
        assert_int_equal(answer.http, 200);
        assert_string_equal(answer_says(g, &answer), "I99");
        times[i] = answer.seconds * 1000;
    }
    qsort(times, count, sizeof *times, by_value);
    struct figures figures = {times[count / 2], times[count * 99 / 100],
                              resident()};
    free(times);
    return figures;
}

enum { ROUNDS = 3 };

/* The best of some rounds: what else the machine does is in none of them, or
 * not in all. */
static struct figures best(struct gateway *g, size_t count, size_t first) {
    struct figures best = measure(g, count, first);
    for (size_t i = 1; i < ROUNDS; i++) {
        struct figures next = measure(g, count, first + i * count);
        if (next.p99 < best.p99)
            best = next;
    }
    return best;
}

static void show(const char *name, struct figures f) {
    printf("%-6s p50 %.2f ms, p99 %.2f ms, resident %.1f MiB\n", name, f.half,
           f.p99, (double)f.octets / (1 << 20));
}

/* As many files as there are connections, and some. */
static bool allow_files(size_t count) {
    struct rlimit limit;
    getrlimit(RLIMIT_NOFILE, &limit);
    if (limit.rlim_cur >= count)
        return true;
    limit.rlim_cur = count;
    if (limit.rlim_max < count)
        limit.rlim_max = count;
    return setrlimit(RLIMIT_NOFILE, &limit) == 0;
}

static struct gateway *open_gateway(size_t devices) {
    struct gateway *g = gateway_new();
    estate_bulk_ppmids(g->sql, devices);
    gateway_open(g);
    return g;
}

static void good_requests_are_served_meanwhile(void **state) {
    (void)state;
    size_t requests = wanted("HOLD_REQUESTS", 20), report[2];
    size_t all = wanted("HOLD_IDLE", 300) + wanted("HOLD_SLOW", 30);
    if (!allow_files(all + 500)) {
        printf("skipped: this user may not open %zu files\n", all + 500);
        skip();
    }
    struct holder holder = holder_begin();
    struct gateway *g = open_gateway((2 * ROUNDS + 1) * requests);
    measure(g, requests, 0); /* warm */
    struct figures quiet = best(g, requests, requests);
    unsigned port = http_port(g->listener);
    assert_int_equal(write(holder.out, &port, sizeof port), sizeof port);
    holder_told(&holder, report);
    assert_true(report[0] == all);
    struct figures held = best(g, requests, (ROUNDS + 1) * requests);
    close(holder.out);
    holder_told(&holder, report);
    waitpid(holder.process, NULL, 0);
    show("quiet", quiet);
    show("held", held);
    printf("%zu connections; %zu idle ones still open, %zu slow ones cut and "
           "begun again; %.1f KiB a connection\n",
           all, report[0], report[1],
           (double)(held.octets - quiet.octets) / 1024 / (double)all);
    assert_true(report[0] == wanted("HOLD_IDLE", 300));
    if (getenv("HOLD_REQUESTS"))
        assert_true(held.p99 <= 2 * quiet.p99);
    gateway_free(g);
}

int main(void) {
    signal(SIGPIPE, SIG_IGN);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(good_requests_are_served_meanwhile),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
