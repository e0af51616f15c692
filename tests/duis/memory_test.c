/* Memory runs out while a good request is read: the process ends; it never
 * says that the request was bad. */
#include "support/duis_signing.h"
#include "support/duis_stage.h"
#include "support/failing_memory.h"

#include "duis/library.h"

static struct arena *arena;
static struct test_identity user;
static struct span request;

static void make_request(void) {
    static const eui64 devices[] = {0x00DB1234567890A0};
    const struct test_request update = {
        .request_id = "90-B3-D5-1F-30-01-00-00:90-B3-D5-1F-30-00-00-02:1000",
        .body = DUIS_UPDATE_FIRMWARE,
        .image = {(const uint8_t *)"image", 5},
        .device_ids = devices,
        .device_id_count = 1};
    struct buffer document = {0}, out = {0};
    test_request_build(&update, &document);
    test_sign(buffer_span(&document), &(struct test_signing){.signer = &user},
              &out);
    request = arena_copy(arena, buffer_span(&out));
    buffer_free(&document);
    buffer_free(&out);
}

static int read_request(void) {
    const char *reason;
    return stage_of(arena, request, user.key, &reason) != GOOD;
}

static void no_good_request_is_refused(void **state) {
    (void)state;
    if (!MEMORY_FAILS) {
        print_message("sanitizers have an allocator of their own\n");
        skip();
    }
    assert_int_equal(read_request(), 0);
    memory_fails_everywhere(read_request, 1);
}

int main(void) {
    arena = arena_new();
    user = test_identity_new(
        arena, &(struct test_certificate){.id = 0x90B3D51F30010000});
    if (!duis_open())
        return 1;
    make_request();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_good_request_is_refused),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    duis_close();
    arena_free(arena);
    return failed;
}
