/*
 * An orderly end: while requests pour in, a fotad is ended by SIGTERM and
 * started again. Every POST gets a whole answer or its connection is refused;
 * /readyz says no before anything else ends; nothing is lost.
 *
 *   STOPS  how often (3)
 */
#include "support/campaign.h"
#include "support/check.h"

#include <arpa/inet.h>

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum { CLIENTS = 4, BATCH = 10 };

static struct {
    atomic_bool over;
    atomic_size_t answered, accepted, busy, refused, broken;
    struct campaign *campaign;
    unsigned port;
    pthread_mutex_t lock; /* of the campaign's requests */
} load = {.lock = PTHREAD_MUTEX_INITIALIZER};

/* A request of its own; empty when the devices are used up. */
static struct span next_request(void) {
    struct campaign *c = load.campaign;
    struct span request = {0};
    pthread_mutex_lock(&load.lock);
    if (c->sent + BATCH <= c->devices) {
        request = scenario_update(c->scenario, 1, "ppmid-a-0A000003",
                                  c->scenario->bulk + c->sent, BATCH);
        c->sent += BATCH;
    } else {
        request = scenario_read(c->scenario, 1,
                                scenario_device(c->scenario, "n1.ppmid"));
    }
    pthread_mutex_unlock(&load.lock);
    return request;
}

static int connect_to_fotad(void) {
    const struct sockaddr_in to = {.sin_family = AF_INET,
                                   .sin_port = htons((uint16_t)load.port),
                                   .sin_addr = {htonl(INADDR_LOOPBACK)}};
    int handle = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (connect(handle, (const struct sockaddr *)&to, sizeof to) == 0)
        return handle;
    close(handle);
    return -1;
}

static void send_all(int handle, struct span octets) {
    for (ssize_t sent; octets.len;
         octets.data += sent, octets.len -= (size_t)sent)
        if ((sent = send(handle, octets.data, octets.len, MSG_NOSIGNAL)) <= 0)
            return; /* what came back says more */
}

/* Everything until the end of the connection; the status if it is one whole
 * answer, else 0. */
static int receive_whole(int handle, struct buffer *in) {
    int status = 0, at = 0;
    for (ssize_t got = 1; got > 0;) {
        got = recv(handle, buffer_room(in, 65536), 65535, 0);
        in->len += got > 0 ? (size_t)got : 0;
    }
    *(char *)buffer_room(in, 1) = '\0';
    const char *text = (const char *)in->data, *body = strstr(text, "\r\n\r\n");
    const char *length = strstr(text, "Content-Length: ");
    bool whole = body && length && length < body &&
                 sscanf(text, "HTTP/1.1 %d %n", &status, &at) == 1 &&
                 strlen(body + 4) == strtoul(length + 16, NULL, 10);
    return whole ? status : 0;
}

/* One POST on a connection of its own. True when it was accepted. */
static bool post(struct span request) {
    char head[256];
    int handle = connect_to_fotad();
    if (handle < 0) {
        atomic_fetch_add(&load.refused, 1);
        usleep(20000);
        return false;
    }
    bool is_read = memmem(request.data, request.len, ">11.2<", 6) != NULL;
    snprintf(head, sizeof head,
             "POST /api/v1/%s HTTP/1.1\r\nHost: fotad\r\nConnection: close\r\n"
             "Content-Type: application/xml\r\nContent-Length: %zu\r\n\r\n",
             is_read ? "serviceS" : "serviceD", request.len);
    send_all(handle, span_text(head));
    send_all(handle, request);
    struct buffer in = {0};
    int status = receive_whole(handle, &in);
    bool accepted =
        status == 200 && strstr((const char *)in.data, ">I99<") != NULL;
    atomic_fetch_add(status ? &load.answered : &load.broken, 1);
    atomic_fetch_add(&load.accepted, accepted);
    atomic_fetch_add(&load.busy, status == 503);
    buffer_free(&in);
    close(handle);
    return accepted;
}

static void *pour(void *context) {
    while (!atomic_load(&load.over)) {
        struct span request = next_request();
        while (!post(request))
            if (atomic_load(&load.over) && atomic_load(&load.broken))
                return context;
    }
    return context;
}

/* Readiness goes first: it is down, and requests are still answered. */
static void step_down(struct scenario *s) {
    unsigned status = 200;
    size_t accepted;
    kill(s->fotads[0].pid, SIGTERM);
    for (struct scenario_wait wait = {0}; status == 200;) {
        scenario_get(s, 0, "/readyz", &status);
        assert_true(scenario_again(&wait));
    }
    assert_int_equal(status, 503);
    accepted = atomic_load(&load.accepted);
    for (struct scenario_wait wait = {0};
         atomic_load(&load.accepted) == accepted;)
        assert_true(scenario_again(&wait));
    unsigned still;
    scenario_get(s, 0, "/readyz", &still);
    assert_true(still == 503 || still == 0);
    int end;
    assert_int_equal(waitpid(s->fotads[0].pid, &end, 0), s->fotads[0].pid);
    assert_int_equal(end, 0);
    s->fotads[0].pid = 0;
}

static void no_answer_is_broken(void **state) {
    (void)state;
    size_t stops = campaign_number("STOPS", 3);
    struct campaign *c = campaign_open(
        (struct scenario_wish){.config = "[delivery]\nretry_most = 2s\n"
                                         "[operations]\nstop_grace = 1s\n"},
        200, BATCH);
    struct scenario *s = c->scenario;
    pthread_t clients[CLIENTS];
    load.campaign = campaign_apart(c);
    load.port = s->user_port;
    for (int i = 0; i < CLIENTS; i++)
        pthread_create(&clients[i], NULL, pour, NULL);
    for (size_t i = 0; i < stops; i++) {
        usleep(200000);
        step_down(s);
        scenario_launch(s, 0, NULL);
        if (!scenario_wait_ready(s, 0))
            scenario_fail(s, "fotad ended");
    }
    atomic_store(&load.over, true);
    for (int i = 0; i < CLIENTS; i++)
        pthread_join(clients[i], NULL);
    campaign_together(c, load.campaign);
    print_message("%zu ends in order: %zu POSTs answered (%zu accepted, %zu "
                  "with 503), %zu refused, %zu broken\n",
                  stops, load.answered, load.accepted, load.busy, load.refused,
                  load.broken);
    assert_int_equal(load.broken, 0);
    /* the reads were not noted: their account is the number of responses */
    size_t reads = load.accepted - 200 / BATCH;
    scenario_settle_by(s, 5 * SECOND);
    assert_string_equal(
        scenario_ask(s, "select count(*) from sat_entry where kind ="
                        " 'delivered' and code = 'ResponseMessage'"),
        arena_printf(s->arena, "%zu", reads));
    assert_string_equal(
        scenario_ask(s, "select count(*) from tracking where status ="
                        " 'FIRMWARE_ACTIVATED'"),
        "200");
    assert_int_equal(sim_users_counts(s->users, 0).wrong, 0);
    scenario_stop_fotad(s, SIGTERM);
    scenario_end(s);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_answer_is_broken),
    };
    return scenario_tests(tests, NULL, NULL);
}
