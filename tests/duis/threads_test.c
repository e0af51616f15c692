/* Many threads in the room at once, each with its own arena. Mostly for the
 * thread sanitizer. */
#include "support/check.h"

#include "duis/library.h"
#include "duis/request.h"
#include "duis/response.h"
#include "duis/signature.h"
#include "support/duis_signing.h"
#include "support/duis_stage.h"

#include <pthread.h>
#include <stdatomic.h>

enum { THREADS = 8, ROUNDS = 25 };

static const eui64 DEVICES[] = {0x00DB1234567890A0};
static struct arena *arena;
static struct test_identity user;
static struct duis_signer *signer;
static struct span sound, altered, broken;
static atomic_int good;

static struct span copy_and_free(struct buffer *text) {
    struct span copy = arena_copy(arena, buffer_span(text));
    buffer_free(text);
    return copy;
}

static int set_up(void **state) {
    (void)state;
    const char *reason;
    struct buffer text = {0}, other = {0}, bad = {0};
    arena = arena_new();
    user = test_identity_new(arena, &(struct test_certificate){.id = 1});
    signer =
        duis_signer_new(arena, user.key_pem, user.certificate_pem, &reason);
    if (!duis_open() || !signer)
        return -1;
    test_request_signed(
        &(struct test_request){
            .request_id = "90-B3-D5-1F-30-01-00-00:90-B3-D5-1F-30-00-00-02:7",
            .body = DUIS_UPDATE_FIRMWARE,
            .device_ids = DEVICES,
            .device_id_count = 1},
        &user, &text);
    test_replace(buffer_span(&text), ":7<", ":8<", &other);
    test_replace(buffer_span(&text), "A0<", "A0;<", &bad);
    sound = copy_and_free(&text);
    altered = copy_and_free(&other);
    broken = copy_and_free(&bad);
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    duis_close();
    arena_free(arena);
    return 0;
}

static bool answers(struct arena *own) {
    const struct duis_response_id id = {1, 2, 3};
    const struct duis_response response = {.schema_version = "5.4",
                                           .response_id = &id,
                                           .response_code = "I99",
                                           .message = DUIS_NO_ELEMENT,
                                           .service_reference = "11.1",
                                           .service_reference_variant = "11.1"};
    struct buffer out = {0};
    struct duis_document document;
    struct duis_fault fault;
    const char *reason;
    bool done =
        duis_response_compose(&out, signer, &response) &&
        duis_document_parse(own, buffer_span(&out), DUIS_RESPONSE, &document,
                            &fault) == DUIS_PARSED &&
        duis_signature_verify(own, &document, DUIS_STRICT, user.key, &reason);
    buffer_free(&out);
    return done;
}

static void *work(void *unused) {
    (void)unused;
    struct arena *own = arena_new();
    const char *reason;
    for (int i = 0; i < ROUNDS; i++) {
        struct certificate c;
        if (certificate_read(own, user.certificate_pem, &c, &reason) &&
            stage_of(own, sound, c.key, &reason) == GOOD &&
            stage_of(own, sound, user.key, &reason) == GOOD &&
            stage_of(own, altered, user.key, &reason) == VERIFY &&
            stage_of(own, broken, user.key, &reason) == PARSE && answers(own))
            atomic_fetch_add(&good, 1);
        arena_reset(own);
    }
    arena_free(own);
    return NULL;
}

static void threads_do_not_disturb_each_other(void **state) {
    (void)state;
    pthread_t threads[THREADS];
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, work, NULL), 0);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    assert_int_equal(good, THREADS * ROUNDS);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(threads_do_not_disturb_each_other),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
