/*
 * Requests at the same moment: a device belongs to one of them, a RequestID
 * has one effect and one answer, and more than can be worked on is told to
 * come back.
 */
#include "support/check.h"
#include "support/user_gateway.h"

#include <pthread.h>
#include <time.h>
#include <unistd.h>

enum { MOST_POSTS = 16 };

/* One POST in a thread of its own; all start together. */
struct post {
    struct gateway *gateway;
    struct arena *arena;
    struct span body;
    pthread_barrier_t *start;
    struct answer answer;
    pthread_t thread;
};

static void *post_one(void *context) {
    struct post *post = context;
    pthread_barrier_wait(post->start);
    post->answer =
        gateway_post_raw(post->gateway, post->arena, "serviceD", post->body);
    return NULL;
}

static void post_together(struct gateway *g, struct post *posts, size_t count) {
    pthread_barrier_t start;
    pthread_barrier_init(&start, NULL, (unsigned)count);
    for (size_t i = 0; i < count; i++) {
        posts[i].gateway = g;
        posts[i].arena = arena_new();
        posts[i].start = &start;
        pthread_create(&posts[i].thread, NULL, post_one, &posts[i]);
    }
    for (size_t i = 0; i < count; i++) {
        pthread_join(posts[i].thread, NULL);
        gateway_check(g, posts[i].arena, posts[i].body, &posts[i].answer);
    }
    pthread_barrier_destroy(&start);
}

static void free_posts(struct post *posts, size_t count) {
    for (size_t i = 0; i < count; i++)
        arena_free(posts[i].arena);
}

/* A session's counts are published when it ends. */
static void check_no_deadlock(struct gateway *g) {
    gateway_close(g);
    while (strcmp(gateway_ask(g, "select count(*) from pg_stat_activity where"
                                 " application_name like 'fotad%%' and datname"
                                 " = current_database()"),
                  "0") != 0)
        usleep(10000);
    assert_string_equal(gateway_ask(g, "select deadlocks from pg_stat_database"
                                       " where datname = current_database()"),
                        "0");
}

/* ---- the same devices ---- */

enum { MANY = 50000 };

static struct span sign_many(struct gateway *g, enum user user,
                             bool backwards) {
    static eui64 ids[MANY];
    for (size_t i = 0; i < MANY; i++)
        ids[i] = BULK(backwards ? MANY - 1 - i : i);
    return gateway_sign(
        g, user,
        &(struct test_request){.body = DUIS_UPDATE_PPMID_FIRMWARE,
                               .device_ids = ids,
                               .device_id_count = MANY});
}

static void bulk(struct gateway *g) {
    estate_bulk_ppmids(g->sql, MANY);
}

static size_t in_progress(struct gateway *g, const struct answer *answer) {
    const char *list = answer_text(g, answer, "OtherRequestInProgressList");
    return (strlen(list) + 1) / (EUI64_TEXT_LEN + 1);
}

static void two_suppliers_want_the_same_50000_devices(void **state) {
    (void)state;
    struct gateway *g = gateway_start();
    bulk(g);
    struct post posts[2] = {{.body = sign_many(g, USER_A, false)},
                            {.body = sign_many(g, USER_B, true)}};
    post_together(g, posts, 2);
    size_t refused = 0;
    for (int i = 0; i < 2; i++) {
        assert_int_equal(posts[i].answer.http, 200);
        refused += in_progress(g, &posts[i].answer);
    }
    assert_int_equal(refused, MANY);
    assert_string_equal(
        gateway_ask(g, "select format('%%s %%s %%s %%s', sum(listed),"
                       " sum(accepted), sum(in_progress),"
                       " (select count(*) from tracking_live))"
                       " from service_request"),
        "100000 50000 50000 50000");
    assert_string_equal(
        gateway_ask(g, "select bool_and(accepted = (select count(*) from"
                       " tracking_live l where l.request_no = r.request_no))"
                       " from service_request r"),
        "t");
    free_posts(posts, 2);
    check_no_deadlock(g);
    gateway_free(g);
}

/* Lists that overlap in part, so that each gets something. */
static void many_requests_share_devices(void **state) {
    (void)state;
    enum { POSTS = 8, EACH = 6 };
    static const eui64 homes[] = {PLAIN, PLAIN_TOO, CENTRAL, OTHER_REVISION,
                                  DUAL,  OLD_GBCS,  NO_GBCS, MODEL_AND_GBCS};
    struct gateway *g = gateway_new();
    g->config.minimum_gbcs_ppmid = 0;
    gateway_open(g);
    gateway_tell(g, "update smi_device set model_id = 1");
    struct post posts[POSTS] = {0};
    for (size_t i = 0; i < POSTS; i++) {
        eui64 ids[EACH];
        for (size_t k = 0; k < EACH; k++)
            ids[k] = PPMID(homes[(i * (i % 2 ? 3 : 5) + k) % POSTS]);
        posts[i].body = gateway_sign(
            g, USER_A,
            &(struct test_request){.body = DUIS_UPDATE_PPMID_FIRMWARE,
                                   .device_ids = ids,
                                   .device_id_count = EACH});
    }
    post_together(g, posts, POSTS);
    assert_string_equal(
        gateway_ask(g, "select format('%%s %%s', sum(accepted), sum(listed -"
                       " accepted - in_progress)) from service_request"),
        "8 0");
    assert_string_equal(gateway_ask(g, "select count(*) from tracking_live"),
                        "8");
    free_posts(posts, POSTS);
    check_no_deadlock(g);
    gateway_free(g);
}

/* ---- the same request ---- */

static void check_all_same(const struct post *posts, size_t count,
                           struct gateway *g, const char *code) {
    for (size_t i = 0; i < count; i++) {
        assert_string_equal(answer_says(g, &posts[i].answer), code);
        assert_true(span_equal(posts[i].answer.body, posts[0].answer.body));
    }
}

static void eight_times_at_once(enum user user, const char *code,
                                const char *tracked) {
    enum { POSTS = 8, ROUNDS = 10 };
    struct gateway *g = gateway_new();
    g->config.user_workers = POSTS;
    gateway_open(g);
    for (int round = 0; round < ROUNDS; round++) {
        gateway_forget(g);
        struct span body = gateway_sign(
            g, user,
            &(struct test_request){.body = DUIS_UPDATE_PPMID_FIRMWARE,
                                   .device_ids = &(eui64){PPMID(PLAIN)},
                                   .device_id_count = 1});
        struct post posts[POSTS];
        for (int i = 0; i < POSTS; i++)
            posts[i] = (struct post){.body = body};
        post_together(g, posts, POSTS);
        check_all_same(posts, POSTS, g, code);
        assert_string_equal(gateway_tracked(g), tracked);
        assert_string_equal(
            gateway_ask(g, "select count(*) from service_request"), "1");
        free_posts(posts, POSTS);
    }
    gateway_free(g);
}

static void a_request_has_one_effect(void **state) {
    (void)state;
    eight_times_at_once(USER_A, "I99", "1 AWAITING_CSP, image");
}

static void a_refusal_has_one_answer(void **state) {
    (void)state;
    eight_times_at_once(USER_EXPORT, "E2", "nothing");
}

/* ---- more than can be worked on ---- */

static struct span sign_home(struct gateway *g, unsigned home) {
    return gateway_sign(
        g, USER_A,
        &(struct test_request){.body = DUIS_UPDATE_PPMID_FIRMWARE,
                               .device_ids = &(eui64){PPMID(home)},
                               .device_id_count = 1});
}

static void *release_soon(void *context) {
    struct gateway *g = context;
    gateway_wait_for_lock(g);
    usleep(300000);
    gateway_tell(g, "rollback");
    return NULL;
}

/* One worker, and room for one more: of eight requests two are taken, a third
 * if the worker was quick, one if it was slow. */
static void a_full_queue_says_when_to_come_back(void **state) {
    (void)state;
    enum { POSTS = 8 };
    struct gateway *g = gateway_new();
    g->config.user_workers = 1;
    g->config.user_queue = 1;
    g->config.user_retry_after = 7 * SECOND;
    gateway_open(g);
    struct post posts[POSTS] = {0};
    for (int i = 0; i < POSTS; i++)
        posts[i].body = sign_home(g, PLAIN);
    gateway_tell(g, "begin; lock table service_request in exclusive mode");
    pthread_t thread;
    pthread_create(&thread, NULL, release_soon, g);
    post_together(g, posts, POSTS);
    pthread_join(thread, NULL);
    size_t busy = 0;
    for (int i = 0; i < POSTS; i++)
        if (posts[i].answer.http == 503) {
            busy++;
            assert_int_equal(posts[i].answer.retry_after, 7);
        }
    assert_in_range(busy, POSTS - 3, POSTS - 1);
    free_posts(posts, POSTS);
    struct answer answer = gateway_post(g, "serviceD", sign_home(g, CENTRAL));
    assert_string_equal(answer_says(g, &answer), "I99");
    gateway_free(g);
}

/* ---- fotad ends while a request is in hand ---- */

static void *close_gateway(void *context) {
    gateway_close(context);
    return NULL;
}

static void a_request_in_hand_is_finished(void **state) {
    (void)state;
    struct gateway *g = gateway_start();
    struct post post = {.body = sign_home(g, PLAIN), .gateway = g};
    pthread_barrier_t start;
    pthread_barrier_init(&start, NULL, 1);
    post.start = &start;
    post.arena = arena_new();
    gateway_tell(g, "begin; lock table service_request in exclusive mode");
    pthread_create(&post.thread, NULL, post_one, &post);
    gateway_wait_for_lock(g);
    pthread_t closing;
    pthread_create(&closing, NULL, close_gateway, g);
    usleep(200000);
    gateway_tell(g, "rollback");
    pthread_join(closing, NULL);
    pthread_join(post.thread, NULL);
    pthread_barrier_destroy(&start);
    gateway_check(g, g->arena, post.body, &post.answer);
    assert_string_equal(answer_says(g, &post.answer), "I99");
    assert_string_equal(gateway_tracked(g), "1 AWAITING_CSP, image");
    arena_free(post.arena);
    gateway_free(g);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(two_suppliers_want_the_same_50000_devices),
        cmocka_unit_test(many_requests_share_devices),
        cmocka_unit_test(a_request_has_one_effect),
        cmocka_unit_test(a_refusal_has_one_answer),
        cmocka_unit_test(a_full_queue_says_when_to_come_back),
        cmocka_unit_test(a_request_in_hand_is_finished),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
