/*
 * Anomaly detection (requirement A7, §2.3.4 and §4.10): devices are counted by
 * User and Service Reference Variant over a sliding period; in excess of a
 * quarantine level a request is held whole.
 */
#include "support/check.h"
#include "support/user_gateway.h"

#include <pthread.h>

#define ALL_USERS "00-00-00-00-00-00-00-00"
#define USER_A_ID "90-B3-D5-1F-30-01-00-00"
#define USER_B_ID "90-B3-D5-1F-30-02-00-00"

/* ---- what arrives, and what becomes of it ---- */

enum { MOST_ARRIVALS = 10, HOUR_LONG = 3600 };

struct threshold {
    const char *user, *variant;
    int period;
    const char *warning, *quarantine;
};

struct arrival {
    int at; /* seconds after the first */
    enum user user;
    const char *variant;
    size_t devices;
    const char *becomes; /* "on", or whose threshold holds it */
    const char *warns;   /* whose warning level it comes to exceed */
};

struct case_of {
    const char *what;
    struct threshold thresholds[3];
    struct arrival arrivals[MOST_ARRIVALS];
};

static const struct case_of cases[] = {
    {"without a threshold nothing is counted or held",
     {{NULL, NULL, 0, NULL, NULL}},
     {{0, USER_A, "11.4", 500, "on", ""}}},
    {"at the levels it goes on, in excess of them it warns and is held",
     {{USER_A_ID, "11.4", HOUR_LONG, "5", "10"}},
     {{0, USER_A, "11.4", 5, "on", ""},
      {0, USER_A, "11.4", 1, "on", "user"},
      {0, USER_A, "11.4", 4, "on", ""},
      {0, USER_A, "11.4", 1, "user", ""}}},
    {"one request alone may be in excess",
     {{USER_A_ID, "11.4", HOUR_LONG, "5", "10"}},
     {{0, USER_A, "11.4", 11, "user", ""},
      {0, USER_A, "11.4", 10, "on", "user"}}},
    {"what is held is not counted, what is less may still go on",
     {{USER_A_ID, "11.4", HOUR_LONG, "", "10"}},
     {{0, USER_A, "11.4", 6, "on", ""},
      {0, USER_A, "11.4", 5, "user", ""},
      {0, USER_A, "11.4", 5, "user", ""},
      {0, USER_A, "11.4", 4, "on", ""}}},
    {"the period slides: what is as old as the period counts no more",
     {{USER_A_ID, "11.4", HOUR_LONG, "", "10"}},
     {{0, USER_A, "11.4", 4, "on", ""},
      {1800, USER_A, "11.4", 6, "on", ""},
      {3590, USER_A, "11.4", 1, "user", ""},
      {3601, USER_A, "11.4", 5, "user", ""},
      {3601, USER_A, "11.4", 4, "on", ""},
      {5390, USER_A, "11.4", 1, "user", ""},
      {5402, USER_A, "11.4", 6, "on", ""},
      {7202, USER_A, "11.4", 5, "user", ""},
      {9010, USER_A, "11.4", 10, "on", ""}}},
    {"it warns once, and again when the volume has been below",
     {{USER_A_ID, "11.4", HOUR_LONG, "3", ""}},
     {{0, USER_A, "11.4", 4, "on", "user"},
      {10, USER_A, "11.4", 4, "on", ""},
      {20, USER_A, "11.4", 400, "on", ""},
      {3700, USER_A, "11.4", 4, "on", "user"}}},
    {"11.1 and 11.4 are counted apart",
     {{USER_A_ID, "11.1", HOUR_LONG, "", "10"},
      {USER_A_ID, "11.4", HOUR_LONG, "", "3"}},
     {{0, USER_A, "11.1", 10, "on", ""},
      {0, USER_A, "11.4", 3, "on", ""},
      {0, USER_A, "11.4", 1, "user", ""},
      {0, USER_A, "11.1", 1, "user", ""}}},
    {"a threshold of one variant is none of the other",
     {{USER_A_ID, "11.1", HOUR_LONG, "", "0"}},
     {{0, USER_A, "11.4", 50, "on", ""}, {0, USER_A, "11.1", 1, "user", ""}}},
    {"a User's threshold is not another's",
     {{USER_A_ID, "11.4", HOUR_LONG, "", "2"}},
     {{0, USER_A, "11.4", 2, "on", ""},
      {0, USER_B, "11.4", 50, "on", ""},
      {0, USER_A, "11.4", 1, "user", ""}}},
    {"DCC's threshold counts all Users together",
     {{ALL_USERS, "11.4", HOUR_LONG, "4", "10"}},
     {{0, USER_A, "11.4", 4, "on", ""},
      {0, USER_B, "11.4", 4, "on", "dcc"},
      {0, USER_A, "11.4", 3, "dcc", ""},
      {0, USER_B, "11.4", 2, "on", ""},
      {0, USER_A, "11.4", 1, "dcc", ""}}},
    {"the User's own level is the lower one",
     {{USER_A_ID, "11.4", HOUR_LONG, "2", "5"},
      {ALL_USERS, "11.4", HOUR_LONG, "8", "20"}},
     {{0, USER_A, "11.4", 6, "user", ""},
      {0, USER_B, "11.4", 6, "on", ""},
      {0, USER_A, "11.4", 5, "on", "user dcc"},
      {0, USER_A, "11.4", 1, "user", ""},
      {0, USER_B, "11.4", 9, "on", ""},
      {0, USER_B, "11.4", 1, "dcc", ""}}},
    {"DCC's level is the lower one",
     {{USER_A_ID, "11.4", HOUR_LONG, "", "20"},
      {ALL_USERS, "11.4", HOUR_LONG, "", "5"}},
     {{0, USER_A, "11.4", 6, "dcc", ""},
      {0, USER_A, "11.4", 5, "on", ""},
      {0, USER_A, "11.4", 1, "dcc", ""}}},
    {"in excess of both it is the User's own",
     {{USER_A_ID, "11.4", HOUR_LONG, "", "5"},
      {ALL_USERS, "11.4", HOUR_LONG, "", "5"}},
     {{0, USER_A, "11.4", 6, "user", ""}, {0, USER_B, "11.4", 6, "dcc", ""}}},
    {"each threshold has its own period",
     {{USER_A_ID, "11.4", 60, "", "5"},
      {ALL_USERS, "11.4", HOUR_LONG, "", "12"}},
     {{0, USER_A, "11.4", 5, "on", ""},
      {70, USER_A, "11.4", 5, "on", ""},
      {80, USER_A, "11.4", 1, "user", ""},
      {140, USER_A, "11.4", 5, "dcc", ""},
      {140, USER_A, "11.4", 2, "on", ""},
      {3620, USER_A, "11.4", 5, "on", ""}}},
    {"a clock that was set back does not put the count wrong",
     {{USER_A_ID, "11.4", HOUR_LONG, "", "10"}},
     {{90000, USER_A, "11.4", 4, "on", ""},
      {0, USER_A, "11.4", 6, "on", ""},
      {0, USER_A, "11.4", 1, "user", ""},
      {90001, USER_A, "11.4", 6, "on", ""},
      {90001, USER_A, "11.4", 1, "user", ""}}},
};

static const char *number_or_null(const char *text) {
    return *text ? text : "null";
}

static void set_threshold(struct gateway *g, const struct threshold *t) {
    gateway_tell(g, "%s",
                 arena_printf(g->arena,
                              "insert into volume_threshold (user_id,"
                              " service_reference_variant, period_seconds,"
                              " warning, quarantine) values ('%s', '%s', %d,"
                              " %s, %s)",
                              t->user, t->variant, t->period,
                              number_or_null(t->warning),
                              number_or_null(t->quarantine)));
}

/* Devices that no inventory has: they count as they are listed. */
static struct span sign_devices(struct gateway *g, enum user user,
                                const char *variant, size_t count) {
    static eui64 ids[50000];
    for (size_t i = 0; i < count; i++)
        ids[i] = BULK(i);
    return gateway_sign(
        g, user,
        &(struct test_request){.body = strcmp(variant, "11.4") == 0
                                           ? DUIS_UPDATE_PPMID_FIRMWARE
                                           : DUIS_UPDATE_FIRMWARE,
                               .device_ids = ids,
                               .device_id_count = count});
}

static const char *became(struct gateway *g) {
    return gateway_ask(
        g, "select coalesce(h.breach, 'on') || '/' || coalesce((select"
           " string_agg(code, ' ' order by code desc) from sat_entry"
           " where kind = 'warning' and at = r.received), '')"
           " from service_request r left join held_request h using"
           " (request_no) order by r.request_no desc limit 1");
}

static void check_case(struct gateway *g, const struct case_of *c) {
    print_message("  %s\n", c->what);
    gateway_forget(g);
    gateway_tell(g, "delete from volume_threshold; delete from request_volume;"
                    "delete from alert");
    for (size_t i = 0; i < 3 && c->thresholds[i].user; i++)
        set_threshold(g, &c->thresholds[i]);
    for (size_t i = 0; i < MOST_ARRIVALS && c->arrivals[i].variant; i++) {
        const struct arrival *a = &c->arrivals[i];
        test_clock_set(a->at * SECOND);
        struct answer answer = gateway_post(
            g, "serviceD", sign_devices(g, a->user, a->variant, a->devices));
        bool held = strcmp(a->becomes, "on") != 0;
        const char *wanted =
            arena_printf(g->arena, "%s/%s", a->becomes, a->warns);
        if (strcmp(became(g), wanted) != 0)
            fail_msg("%s: request %zu: expected %s, got %s", c->what, i + 1,
                     wanted, became(g));
        assert_string_equal(answer_says(g, &answer),
                            held                              ? "I99"
                            : strcmp(a->variant, "11.4") == 0 ? "W110401"
                                                              : "W110101");
    }
}

static void devices_are_counted(void **state) {
    (void)state;
    test_clock_set(0);
    struct gateway *g = gateway_start();
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        check_case(g, &cases[i]);
    test_clock_set(0);
    gateway_free(g);
}

/* A gateway with one threshold. */
static struct gateway *gateway_with(const struct threshold *threshold) {
    test_clock_set(0);
    struct gateway *g = gateway_start();
    set_threshold(g, threshold);
    return g;
}

static const struct threshold NOTHING_OF_A = {USER_A_ID, "11.4", HOUR_LONG, "",
                                              "0"};

static void a_device_listed_twice_counts_once(void **state) {
    (void)state;
    struct gateway *g = gateway_with(
        &(struct threshold){USER_A_ID, "11.4", HOUR_LONG, "", "2"});
    const eui64 ids[] = {PPMID(PLAIN), PPMID(CENTRAL), PPMID(PLAIN), 0};
    struct answer answer = gateway_send_devices(g, USER_A, true, NULL, ids);
    assert_string_equal(answer_says(g, &answer), "I99");
    assert_string_equal(gateway_tracked(g), "2 AWAITING_CSP, image");
    assert_string_equal(
        gateway_ask(g, "select sum(devices) from request_volume"), "2");
    gateway_free(g);
}

/* It is not the User who asked: nothing of it counts. */
static void what_is_not_authorised_is_not_counted(void **state) {
    (void)state;
    struct gateway *g = gateway_with(
        &(struct threshold){ALL_USERS, "11.4", HOUR_LONG, "0", "0"});
    static const enum user users[] = {USER_EXPORT, USER_NO_ROLE, USER_SUSPENDED,
                                      USER_STRANGER};
    for (size_t i = 0; i < sizeof users / sizeof *users; i++)
        gateway_send_devices(g, users[i], true, NULL,
                             (const eui64[]){PPMID(PLAIN), 0});
    assert_string_equal(
        gateway_ask(g,
                    "select format('%%s %%s', (select count(*) from"
                    " request_volume), (select count(*) from held_request))"),
        "0 0");
    gateway_free(g);
}

static void a_request_sent_again_counts_once(void **state) {
    (void)state;
    struct gateway *g = gateway_with(
        &(struct threshold){USER_A_ID, "11.4", HOUR_LONG, "", "3"});
    struct span body = sign_devices(g, USER_A, "11.4", 2);
    struct answer first = gateway_post(g, "serviceD", body);
    for (int i = 0; i < 3; i++) {
        struct answer again = gateway_post(g, "serviceD", body);
        assert_true(span_equal(again.body, first.body));
    }
    assert_string_equal(gateway_ask(g, "select counted from volume_threshold"),
                        "2");
    gateway_free(g);
}

/* ---- held ---- */

static void a_held_request_is_kept_whole(void **state) {
    (void)state;
    struct gateway *g = gateway_with(&NOTHING_OF_A);
    struct span body = gateway_sign(
        g, USER_A,
        &(struct test_request){.body = DUIS_UPDATE_PPMID_FIRMWARE,
                               .device_ids = &(eui64){PPMID(PLAIN)},
                               .device_id_count = 1});
    struct answer answer = gateway_post(g, "serviceD", body);
    assert_string_equal(answer_says(g, &answer), "I99");
    assert_string_equal(gateway_tracked(g), "nothing");
    assert_string_equal(
        gateway_ask(g, "select upper(encode(body, 'hex')) from held_request"),
        gateway_ask(g, "%s",
                    arena_printf(g->arena,
                                 "select upper(encode(convert_to($x$%s$x$,"
                                 " 'UTF8'), 'hex'))",
                                 (const char *)body.data)));
    assert_string_equal(
        gateway_ask(g,
                    "select format('%%s %%s %%s %%s %%s %%s', breach, devices,"
                    " volume, quarantine, period_seconds, state)"
                    " from held_request"),
        "user 1 1 0 3600 held");
    assert_string_equal(
        gateway_ask(g,
                    "select format('%%s %%s %%s', a.code, eui64_text(user_id),"
                    " a.quarantine_event_ref = h.hold_no) from alert a"
                    " join held_request h using (request_no)"),
        "N46 " USER_A_ID " t");
    assert_string_equal(
        gateway_ask(g, "select string_agg(kind || ' ' || code, ', '"
                       " order by entry_no) from sat_entry"
                       " where kind <> 'person'"),
        "quarantine held, alert N46, request I99");
    /* sent again while it is held: the same octets, and held once */
    struct answer again = gateway_post(g, "serviceD", body);
    assert_true(span_equal(again.body, answer.body));
    assert_string_equal(
        gateway_ask(g, "select format('%%s %%s', (select count(*) from alert),"
                       " (select count(*) from held_request))"),
        "1 1");
    gateway_free(g);
}

/* Each is kept whole, so that not any number may be; a RequestID is not used
 * up by being told so. */
static void not_any_number_is_held(void **state) {
    (void)state;
    test_clock_set(0);
    struct gateway *g = gateway_new();
    g->config.anomaly_most_held = 2;
    gateway_open(g);
    set_threshold(g,
                  &(struct threshold){ALL_USERS, "11.4", HOUR_LONG, "", "0"});
    for (int i = 0; i < 2; i++)
        gateway_post(g, "serviceD", sign_devices(g, USER_A, "11.4", 1));
    struct span body = sign_devices(g, USER_A, "11.4", 1);
    struct answer answer = gateway_post(g, "serviceD", body);
    assert_int_equal(answer.http, 503);
    assert_string_equal(gateway_ask(g, "select count(*) from held_request"),
                        "2");
    answer = gateway_post(g, "serviceD", sign_devices(g, USER_B, "11.4", 1));
    assert_string_equal(answer_says(g, &answer), "I99");
    gateway_tell(g, "update held_request set state = 'rejected'");
    answer = gateway_post(g, "serviceD", body);
    assert_string_equal(answer_says(g, &answer), "I99");
    gateway_free(g);
}

static void in_excess_of_dccs_threshold_it_is_n47(void **state) {
    (void)state;
    struct gateway *g = gateway_with(
        &(struct threshold){ALL_USERS, "11.1", HOUR_LONG, "", "0"});
    gateway_send_devices(g, USER_B, false, NULL,
                         (const eui64[]){ESME(OF_B), 0});
    assert_string_equal(
        gateway_ask(g, "select code || ' ' || eui64_text(user_id) from alert"),
        "N47 " USER_B_ID);
    gateway_free(g);
}

/* ---- at the same moment ---- */

enum { POSTS = 8 };

struct post {
    struct gateway *gateway;
    struct arena *arena;
    struct span body;
    pthread_barrier_t *start;
    pthread_t thread;
};

static void *post_one(void *context) {
    struct post *post = context;
    pthread_barrier_wait(post->start);
    gateway_post_raw(post->gateway, post->arena, "serviceD", post->body);
    return NULL;
}

/* Every second one by another daemon: its own workers and connections. */
static void post_together(struct gateway *const gateways[2],
                          struct post *posts) {
    pthread_barrier_t start;
    pthread_barrier_init(&start, NULL, POSTS);
    for (size_t i = 0; i < POSTS; i++) {
        posts[i].gateway = gateways[i % 2];
        posts[i].arena = arena_new();
        posts[i].start = &start;
        pthread_create(&posts[i].thread, NULL, post_one, &posts[i]);
    }
    for (size_t i = 0; i < POSTS; i++) {
        pthread_join(posts[i].thread, NULL);
        arena_free(posts[i].arena);
    }
    pthread_barrier_destroy(&start);
}

static void no_two_slip_under_a_level(void **state) {
    (void)state;
    static const struct {
        struct threshold threshold;
        bool two_users;
    } rows[] = {
        {{USER_A_ID, "11.4", HOUR_LONG, "", "500"}, false},
        {{ALL_USERS, "11.4", HOUR_LONG, "", "500"}, true},
    };
    enum { EACH = 100, ROUNDS = 5 };
    test_clock_set(0);
    struct gateway *g = gateway_new();
    g->config.user_workers = POSTS;
    gateway_open(g);
    struct gateway second = *g;
    gateway_open(&second);
    struct gateway *const gateways[2] = {g, &second};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        for (int round = 0; round < ROUNDS; round++) {
            gateway_forget(g);
            gateway_tell(g, "delete from volume_threshold;"
                            "delete from request_volume");
            set_threshold(g, &rows[i].threshold);
            struct post posts[POSTS] = {0};
            for (size_t k = 0; k < POSTS; k++)
                posts[k].body = sign_devices(
                    g, rows[i].two_users && k % 3 ? USER_B : USER_A, "11.4",
                    EACH);
            post_together(gateways, posts);
            assert_string_equal(
                gateway_ask(g,
                            "select format('%%s %%s %%s', (select counted from"
                            " volume_threshold), (select sum(devices) from"
                            " request_volume), (select count(*) from"
                            " held_request))"),
                "500 500 3");
        }
    }
    assert_string_equal(gateway_ask(g, "select deadlocks from pg_stat_database"
                                       " where datname = current_database()"),
                        "0");
    http_close(second.listener);
    gateway_free(g);
}

/* A claim that takes its time keeps no other request from being counted. */
static void nobody_waits_for_a_claim(void **state) {
    (void)state;
    struct gateway *g = gateway_with(
        &(struct threshold){ALL_USERS, "11.4", HOUR_LONG, "", "500"});
    gateway_tell(g, "begin; lock table tracking_live in exclusive mode");
    struct post post = {.gateway = g, .arena = arena_new()};
    pthread_barrier_t start;
    pthread_barrier_init(&start, NULL, 1);
    post.start = &start;
    post.body = gateway_sign(
        g, USER_A,
        &(struct test_request){.body = DUIS_UPDATE_PPMID_FIRMWARE,
                               .device_ids = &(eui64){PPMID(PLAIN)},
                               .device_id_count = 1});
    pthread_create(&post.thread, NULL, post_one, &post);
    while (strcmp(gateway_ask(g, "select count(*) > 0 from pg_stat_activity"
                                 " where wait_event_type = 'Lock' and datname ="
                                 " current_database()"),
                  "t") != 0)
        gateway_tell(g, "select pg_stat_clear_snapshot()");
    /* a row that nobody has locked is had at once */
    assert_string_equal(gateway_ask(g, "select counted from volume_threshold"
                                       " for update nowait"),
                        "1");
    gateway_tell(g, "rollback");
    pthread_join(post.thread, NULL);
    pthread_barrier_destroy(&start);
    arena_free(post.arena);
    assert_string_equal(gateway_tracked(g), "1 AWAITING_CSP, image");
    gateway_free(g);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(devices_are_counted),
        cmocka_unit_test(a_device_listed_twice_counts_once),
        cmocka_unit_test(what_is_not_authorised_is_not_counted),
        cmocka_unit_test(a_request_sent_again_counts_once),
        cmocka_unit_test(a_held_request_is_kept_whole),
        cmocka_unit_test(not_any_number_is_held),
        cmocka_unit_test(in_excess_of_dccs_threshold_it_is_n47),
        cmocka_unit_test(no_two_slip_under_a_level),
        cmocka_unit_test(nobody_waits_for_a_claim),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
