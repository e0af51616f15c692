/*
 * Small update requests that wait at the same time share a transaction: each
 * has its own end in it, and what befalls one is not told to another.
 */
#include "base/log.h"
#include "support/check.h"
#include "support/user_gateway.h"

#include <pthread.h>
#include <unistd.h>

enum { MOST = 8 };

struct post {
    struct gateway *gateway;
    struct arena *arena;
    struct span body;
    struct answer answer;
    pthread_t thread;
};

static void *run(void *context) {
    struct post *post = context;
    post->answer =
        gateway_post_raw(post->gateway, post->arena, "serviceD", post->body);
    return NULL;
}

static void begin(struct gateway *g, struct post *post, struct span body) {
    *post = (struct post){.gateway = g, .arena = arena_new(), .body = body};
    pthread_create(&post->thread, NULL, run, post);
}

static const char *end(struct gateway *g, struct post *post) {
    pthread_join(post->thread, NULL);
    gateway_check(g, g->arena, post->body, &post->answer);
    const char *says =
        arena_text(g->arena, span_text(answer_says(g, &post->answer)));
    arena_free(post->arena);
    return says;
}

static struct gateway *eight_workers(void) {
    struct gateway *g = gateway_new();
    g->config.user_workers = MOST;
    gateway_open(g);
    return g;
}

static struct span signed_for(struct gateway *g, const char *request_id,
                              eui64 device) {
    return gateway_sign(
        g, USER_A,
        &(struct test_request){.body = DUIS_UPDATE_PPMID_FIRMWARE,
                               .request_id = request_id,
                               .device_ids = &device,
                               .device_id_count = 1});
}

/* ---- a set waits while another is held up ---- */

struct row {
    struct span body;
    const char *says; /* NULL: whichever came first */
};

/* The first waits for the lock, the others for the first. */
static void check_together(struct gateway *g, const struct row *rows,
                           size_t count) {
    struct post posts[MOST];
    gateway_tell(g, "begin; lock table tracking_live in exclusive mode");
    begin(g, &posts[0], rows[0].body);
    gateway_wait_for_lock(g);
    for (size_t i = 1; i < count; i++)
        begin(g, &posts[i], rows[i].body);
    usleep(200000);
    gateway_tell(g, "rollback");
    for (size_t i = 0; i < count; i++) {
        const char *says = end(g, &posts[i]);
        if (rows[i].says)
            assert_string_equal(says, rows[i].says);
    }
}

static void each_has_its_own_end(void **state) {
    (void)state;
    struct gateway *g = eight_workers();
    const char *id = gateway_request_id(g, gateway_user_id(USER_A));
    const eui64 device = PPMID(CENTRAL);
    const struct test_request good = {.body = DUIS_UPDATE_PPMID_FIRMWARE,
                                      .device_ids = &device,
                                      .device_id_count = 1};
    struct test_request unlisted = good, broken = good;
    unlisted.firmware_version = "0A0B0C0D";
    broken.image = span_text("no image");
    const struct row rows[] = {
        {signed_for(g, id, PPMID(DUAL)), "I99"},
        {signed_for(g, id, PPMID(PLAIN_TOO)), "E65"},
        {signed_for(g, NULL, PPMID(PLAIN)), NULL}, /* one has the device */
        {signed_for(g, NULL, PPMID(PLAIN)), NULL},
        {signed_for(g, NULL, 0x1234), "W110401"},
        {gateway_sign(g, USER_A, &unlisted), "E110402"},
        {gateway_sign(g, USER_A, &broken), "E110403"},
        {signed_for(g, NULL, PPMID(CENTRAL)), "I99"},
    };
    check_together(g, rows, sizeof rows / sizeof *rows);
    assert_string_equal(
        gateway_ask(g, "select string_agg(c, ', ' order by c) from (select"
                       " concat_ws(' ', response_code, listed, accepted,"
                       " invalid, in_progress) c from service_request) x"),
        "E110402 0 0 0 0, E110403 0 0 0 0, E65 0 0 0 0, I99 1 1 0 0,"
        " I99 1 1 0 0, I99 1 1 0 0, W110401 1 0 0 1, W110401 1 0 1 0");
    assert_string_equal(gateway_tracked(g),
                        "3 AWAITING_CSP, 1 REJECTED_BY_DSP, image");
    gateway_free(g);
}

/* The database refuses one of them for a reason that does not pass. */
static void a_fault_of_one_is_not_the_others(void **state) {
    (void)state;
    struct gateway *g = eight_workers();
    gateway_tell(g, "create function refuse() returns trigger language plpgsql"
                    " as $$ begin raise 'not this one'; end $$");
    gateway_tell(
        g, "%s",
        arena_printf(g->arena,
                     "create trigger refuse before insert on tracking_live"
                     " for each row when (new.device_id = '%016llx')"
                     " execute function refuse()",
                     (unsigned long long)PPMID(CENTRAL)));
    const struct row rows[] = {
        {signed_for(g, NULL, PPMID(PLAIN)), "I99"},
        {signed_for(g, NULL, PPMID(DUAL)), "I99"},
        {signed_for(g, NULL, PPMID(CENTRAL)), "E100"},
        {signed_for(g, NULL, PPMID(PLAIN_TOO)), "I99"},
    };
    log_set_level(LOG_LEVEL_ERROR - 1);
    check_together(g, rows, sizeof rows / sizeof *rows);
    log_set_level(LOG_LEVEL_ERROR);
    assert_string_equal(gateway_tracked(g), "3 AWAITING_CSP, image");
    assert_string_equal(gateway_ask(g, "select count(*) from service_request"),
                        "3");
    gateway_free(g);
}

/* A set that waits for another session's lock does not hold up those that come
 * after it. */
static void nobody_waits_for_long_for_another(void **state) {
    (void)state;
    struct gateway *g = eight_workers();
    gateway_tell(g, "%s",
                 arena_printf(g->arena,
                              "begin; insert into tracking_live (device_id,"
                              " chf_id, request_no, last_updated, release_due,"
                              " status, device_type, csp,"
                              " responsible_supplier_ids) values ('%016llx',"
                              " '00:00:00:00:00:00:00:01', 1, now(), now(),"
                              " 'AWAITING_CSP', 'PPMID', 'x', '{}')",
                              (unsigned long long)PPMID(PLAIN)));
    struct post waiting;
    begin(g, &waiting, signed_for(g, NULL, PPMID(PLAIN)));
    gateway_wait_for_lock(g);
    struct answer answer =
        gateway_post(g, "serviceD", signed_for(g, NULL, PPMID(CENTRAL)));
    assert_string_equal(answer_says(g, &answer), "I99");
    gateway_tell(g, "rollback");
    assert_string_equal(end(g, &waiting), "I99");
    gateway_free(g);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_has_its_own_end),
        cmocka_unit_test(a_fault_of_one_is_not_the_others),
        cmocka_unit_test(nobody_waits_for_long_for_another),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
