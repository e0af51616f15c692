/* TLS: how certificates are replaced while connections come and go. */
#include "served.h"

#include "http/client.h"
#include "support/askers.h"
#include "support/tls_pki.h"

#include <malloc.h>

static struct tls_identity our_ca, other_ca, server, renewed;

static int make_all(void **state) {
    (void)state;
    tls_make(&our_ca, &(struct tls_wish){.name = "our-ca", .serial = 1});
    tls_make(&other_ca, &(struct tls_wish){.name = "other-ca", .serial = 2});
    tls_make(&server, &(struct tls_wish){
                          .name = "server", .serial = 3, .issuer = &our_ca});
    tls_make(&renewed, &(struct tls_wish){.name = "renewed",
                                          .serial = 4,
                                          .issuer = &other_ca});
    return 0;
}

static int free_all(void **state) {
    (void)state;
    struct tls_identity *const all[] = {&our_ca, &other_ca, &server, &renewed};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        tls_identity_free(all[i]);
    tls_pki_remove();
    return 0;
}

static void put(const char *name, const char *path, char kept[static 96]) {
    struct buffer text = {0};
    FILE *file = fopen(path, "re");
    assert_non_null(file);
    text.len = fread(buffer_room(&text, 8192), 1, 8192, file);
    fclose(file);
    snprintf(kept, 96, "%s", tls_write(name, buffer_span(&text)));
    buffer_free(&text);
}

/* The files that the listener reads. */
static char certificate_path[96], key_path[96];

static void use(const struct tls_identity *who) {
    put("used.pem", who->certificate_path, certificate_path);
    put("used.key", who->key_path, key_path);
}

static const struct http_tls files = {.certificate = certificate_path,
                                      .key = key_path};

static struct http_listener *start_used(void) {
    use(&server);
    struct http_options options = basic_options();
    options.tls = files;
    return started(&options);
}

static void reload(struct http_listener *listener) {
    const char *reason = NULL;
    struct tls *fresh = http_read_tls(&files, &reason);
    if (!fresh)
        fail_msg("%s", reason);
    http_renew(listener, fresh);
}

static unsigned status_of(struct http_client *client, unsigned port) {
    char url[64];
    snprintf(url, sizeof url, "https://127.0.0.1:%u/hello", port);
    struct http_message message = {.method = "GET", .url = url};
    struct http_answer answer;
    http_client_send(client, &message, &answer);
    unsigned status = answer.status;
    http_answer_free(&answer);
    return status;
}

static struct http_client *client_of(const struct tls_identity *trusted) {
    return http_client_new(
        &(struct http_client_options){.ca = trusted->certificate_path});
}

static unsigned status_of_new(const struct tls_identity *trusted,
                              unsigned port) {
    struct http_client *client = client_of(trusted);
    unsigned status = status_of(client, port);
    http_client_free(client);
    return status;
}

static void new_connections_get_the_new_certificate(void **state) {
    (void)state;
    struct http_listener *listener = start_used();
    unsigned port = http_port(listener);
    const char *reason = NULL;
    struct http_client *lasting = client_of(&our_ca);
    assert_int_equal(status_of(lasting, port), 200);
    assert_int_equal(status_of_new(&other_ca, port), 0);
    use(&renewed);
    assert_int_equal(status_of_new(&our_ca, port), 200);
    reload(listener);
    assert_int_equal(status_of(lasting, port), 200);
    assert_int_equal(status_of_new(&our_ca, port), 0);
    assert_int_equal(status_of_new(&other_ca, port), 200);
    /* what cannot be used changes nothing */
    tls_write("used.key", span_text("no key"));
    assert_null(http_read_tls(&files, &reason));
    assert_non_null(strstr(reason, "used.pem"));
    assert_int_equal(status_of(lasting, port), 200);
    assert_int_equal(status_of_new(&other_ca, port), 200);
    http_client_free(lasting);
    http_close(listener);
}

/* Both CAs in one file. */
static const char *bundle_of_both(void) {
    struct buffer text = {0};
    const char *const paths[] = {our_ca.certificate_path,
                                 other_ca.certificate_path};
    for (size_t i = 0; i < 2; i++) {
        FILE *file = fopen(paths[i], "re");
        assert_non_null(file);
        text.len += fread(buffer_room(&text, 8192), 1, 8192, file);
        fclose(file);
    }
    const char *path = tls_write("both.pem", buffer_span(&text));
    buffer_free(&text);
    return path;
}

static void reloading_under_load_drops_nothing(void **state) {
    (void)state;
    enum { RELOADS = 60 };
    struct http_listener *listener = start_used();
    static char bundle[96];
    snprintf(bundle, sizeof bundle, "%s", bundle_of_both());
    struct askers askers = {.ca = bundle, .expected = 200};
    snprintf(askers.url, sizeof askers.url, "https://127.0.0.1:%u/hello",
             http_port(listener));
    askers_start(&askers);
    for (int i = 0; i < RELOADS; i++) {
        use(i % 2 ? &server : &renewed);
        reload(listener);
        usleep(20 * 1000);
    }
    askers_stop(&askers);
    http_close(listener);
}

static size_t octets_in_use(void) {
    struct mallinfo2 all = mallinfo2();
    return all.uordblks + all.hblkhd;
}

static void reloading_leaves_nothing_behind(void **state) {
    (void)state;
    enum { WARM = 5, RELOADS = 50, OCTETS = 1024 };
    struct http_listener *listener = start_used();
    size_t before = 0;
    for (int i = 0; i < WARM + RELOADS; i++) {
        if (i == WARM)
            before = octets_in_use();
        reload(listener);
    }
    assert_true(octets_in_use() < before + RELOADS * OCTETS);
    http_close(listener);
}

int main(void) {
    signal(SIGPIPE, SIG_IGN);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(new_connections_get_the_new_certificate),
        cmocka_unit_test(reloading_under_load_drops_nothing),
        cmocka_unit_test(reloading_leaves_nothing_behind),
    };
    return cmocka_run_group_tests(tests, make_all, free_all);
}
