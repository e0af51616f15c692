/* The User listener over TLS: whose certificate may bring whose request. */
#include "support/check.h"
#include "support/tls_pki.h"
#include "support/user_gateway.h"

#include "http/client.h"

static struct tls_identity ca, server, user_a, by_name, user_b, nobody;

static int make_all(void **state) {
    (void)state;
    static char a[EUI64_TEXT_SIZE], b[EUI64_TEXT_SIZE];
    eui64_format(gateway_user_id(USER_A), a);
    eui64_format(gateway_user_id(USER_B), b);
    tls_make(&ca, &(struct tls_wish){.name = "ca", .serial = 1});
    const struct {
        struct tls_identity *identity;
        struct tls_wish wish;
    } rest[] = {
        {&server, {.name = "server", .serial = 2}},
        {&user_a, {.name = "a", .serial_number = a, .serial = 3}},
        {&by_name, {.name = a, .serial = 4}},
        {&user_b, {.name = "b", .serial_number = b, .serial = 5}},
        {&nobody, {.name = "nobody", .serial = 6}},
    };
    for (size_t i = 0; i < sizeof rest / sizeof *rest; i++) {
        struct tls_wish wish = rest[i].wish;
        wish.issuer = &ca;
        tls_make(rest[i].identity, &wish);
    }
    return 0;
}

static int free_all(void **state) {
    (void)state;
    struct tls_identity *const all[] = {&ca,      &server, &user_a,
                                        &by_name, &user_b, &nobody};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        tls_identity_free(all[i]);
    tls_pki_remove();
    return 0;
}

static struct gateway *open_gateway(bool client_is_originator) {
    struct gateway *g = gateway_new();
    g->config.user_certificate = server.certificate_path;
    g->config.user_key = server.key_path;
    g->config.user_client_ca = ca.certificate_path;
    g->config.user_client_is_originator = client_is_originator;
    gateway_open(g);
    return g;
}

static struct answer post_as(struct gateway *g, const struct tls_identity *who,
                             struct span body) {
    static const char *const type[] = {"Content-Type: application/xml", NULL};
    struct http_client *client = http_client_new(&(struct http_client_options){
        .certificate = who ? who->certificate_path : NULL,
        .key = who ? who->key_path : NULL,
        .ca = ca.certificate_path});
    struct http_message message = {
        .method = "POST",
        .url = arena_printf(g->arena, "https://127.0.0.1:%u/api/v1/serviceD",
                            http_port(g->listener)),
        .headers = type,
        .body = body};
    struct http_answer got;
    http_client_send(client, &message, &got);
    struct answer answer = {
        .http = got.status,
        .media_type = "",
        .body = span_text(arena_text(g->arena, buffer_span(&got.body)))};
    http_answer_free(&got);
    http_client_free(client);
    return answer;
}

/* All requests are signed by User A. */
static void a_client_may_have_to_be_the_originator(void **state) {
    (void)state;
    static const struct {
        const char *what;
        bool must_be;
        const struct tls_identity *who;
        unsigned http;
        bool authentic;
    } cases[] = {
        {"its own", false, &user_a, 200, true},
        {"another User's", false, &user_b, 200, true},
        {"nobody's", false, &nobody, 200, true},
        {"none", false, NULL, 403, false},
        {"its own, by serialNumber", true, &user_a, 200, true},
        {"its own, by CN", true, &by_name, 200, true},
        {"another User's", true, &user_b, 200, false},
        {"nobody's", true, &nobody, 200, false},
        {"none", true, NULL, 403, false},
    };
    for (int must_be = 0; must_be < 2; must_be++) {
        struct gateway *g = open_gateway(must_be);
        for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
            if (cases[i].must_be != must_be)
                continue;
            static const eui64 device = 0x00DB1234567890A0;
            struct span body = gateway_sign(
                g, USER_A,
                &(struct test_request){.body = DUIS_UPDATE_PPMID_FIRMWARE,
                                       .device_ids = &device,
                                       .device_id_count = 1});
            struct answer answer = post_as(g, cases[i].who, body);
            bool refused =
                memmem(answer.body.data, answer.body.len, ">E1<", 4) != NULL;
            if (answer.http != cases[i].http ||
                (answer.http == 200 && refused == cases[i].authentic))
                fail_msg("%s: %u %.*s", cases[i].what, answer.http,
                         (int)answer.body.len, (const char *)answer.body.data);
        }
        gateway_close(g);
        gateway_free(g);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_client_may_have_to_be_the_originator),
    };
    return cmocka_run_group_tests(tests, make_all, free_all);
}
