/* Posts that wait are taken in one transaction, and each gets its own answer:
 * what is wrong with one is no matter of the others. */
#include "says.h"
#include "support/queue_depth.h"

#include <pthread.h>

/* Of the device of hub n. */
#define OF(job, area, id, n, status)                                           \
    "{'notificationId':'" id "','jobId':'" job                                 \
    "','commsHubId':'00-00-00-00-00-00-" area "0-" n                           \
    "','deviceId':'00-00-00-00-00-00-" area "1-" n                             \
    "','deviceType':'PPMID','firmwareVersion':'0000AB2A',"                     \
    "'timestamp':'2026-11-21T09:15:00Z','status':'" status "'}"
#define NORTH(id, n, status) OF(NORTH_JOB, "1", id, n, status)
#define SOUTH(id, n, status) OF(SOUTH_JOB, "2", id, n, status)

struct post {
    const char *authorization, *path, *text;
    unsigned status;
    const char *summary; /* of a 200 */
};

/* A post on its way, by a connection of its own. */
struct poster {
    struct scene scene;
    const struct post *post;
    pthread_t thread;
};

static void *run(void *context) {
    struct poster *poster = context;
    struct scene *scene = &poster->scene;
    post(scene, poster->post->authorization, poster->post->path,
         quoted(scene, poster->post->text));
    return NULL;
}

static void begin(struct poster *poster, const struct scene *scene,
                  const struct post *one) {
    *poster = (struct poster){.post = one};
    poster->scene.listener = scene->listener;
    poster->scene.world.arena = arena_new();
    poster->scene.client = http_client_new(&(struct http_client_options){0});
    pthread_create(&poster->thread, NULL, run, poster);
}

static void end(struct poster *poster) {
    pthread_join(poster->thread, NULL);
    struct scene *scene = &poster->scene;
    const struct post *expected = poster->post;
    if (scene->answer.status != expected->status ||
        (expected->status == 200 &&
         strcmp(summary(scene), expected->summary) != 0))
        fail_msg("%s: %u %s", expected->text, scene->answer.status,
                 (const char *)scene->answer.body.data);
    http_answer_free(&scene->answer);
    http_client_free(scene->client);
    arena_free(scene->world.arena);
}

/* ---- one worker, held up by a lock ---- */

static int open_with_one_worker(void **state) {
    open_scene(state);
    struct scene *scene = *state;
    http_close(scene->listener);
    const char *reason;
    scene->listener = http_listen(
        &(struct http_options){.name = "one_worker",
                               .address = "127.0.0.1:0",
                               .routes = csp_routes(8 << 20),
                               .route_count = csp_route_count,
                               .batch_handler = csp_take,
                               .workers = 1,
                               .worker_start = csp_worker_start,
                               .worker_stop = csp_worker_stop,
                               .worker_context = &scene->world.config},
        &reason);
    assert_non_null(scene->listener);
    return 0;
}

static const char waiting[] =
    "select count(*)::text from pg_stat_activity where datname ="
    " current_database() and application_name = 'fotad CSP gateway'"
    " and wait_event_type = 'Lock'";

enum { MOST_POSTS = 8 };

/* Sends a first post, which waits for the database, and the others behind it;
 * `meanwhile` is run before they may go on. */
static void post_together(struct scene *scene, const struct post *posts,
                          int count, const char *meanwhile) {
    static const struct post first = {"Bearer north's", NOTIFICATIONS,
                                      NORTH("first", "06", "Success"), 200,
                                      "1 0"};
    struct poster posters[MOST_POSTS + 1];
    struct sql *holder = sql_open(scene->world.config.database_conninfo);
    sql_do(holder, "begin; lock table csp_message in exclusive mode");
    begin(&posters[0], scene, &first);
    expect_soon(&scene->world, "1", waiting);
    for (int i = 0; i < count; i++) {
        begin(&posters[i + 1], scene, &posts[i]);
        wait_for_queue("one_worker", i + 1);
    }
    script(&scene->world, "%s", meanwhile);
    sql_close(holder);
    for (int i = 0; i <= count; i++)
        end(&posters[i]);
}

#define POST_TOGETHER(scene, posts, meanwhile)                                 \
    post_together(scene, posts, sizeof(posts) / sizeof *(posts), meanwhile)

/* ---- what it shows ---- */

static void each_gets_its_own_answer(void **state) {
    struct scene *scene = *state;
    static const struct post posts[] = {
        {"Bearer north's", NOTIFICATIONS, NORTH("n1", "01", "Success"), 200,
         "1 0"},
        {"Bearer north's", NOTIFICATIONS, "[{'notificationId':", 400, NULL},
        {"Bearer nobody's", NOTIFICATIONS, NORTH("n2", "02", "Success"), 401,
         NULL},
        {"Bearer north's", NOTIFICATIONS,
         "[" NORTH("n3", "03", "Failed") ",{}," NORTH("n4", "09",
                                                      "Success") /**/
         "," NORTH("n5", "04", "Other") "]",
         200, "2 0 [1: notificationId: missing] [2: deviceId: not in the job]"},
        {"Bearer south's", NOTIFICATIONS, SOUTH("n1", "01", "Success"), 200,
         "1 0"},
        {"Bearer south's", NOTIFICATIONS, NORTH("n6", "02", "Success"), 200,
         "0 0 [0: jobId: not known]"},
        {"Bearer north's", NOTIFICATIONS,
         "[" NORTH("n1", "01", "Success") "," NORTH("n7", "05", "Success") "]",
         200, "1 1"},
    };
    POST_TOGETHER(scene, posts, "select 1");
    assert_string_equal(statuses(scene),
                        "01 SUCCESSFUL_CH_TRANSFER, 03 FAILED_CH_TRANSFER,"
                        " 05 SUCCESSFUL_CH_TRANSFER,"
                        " 06 SUCCESSFUL_CH_TRANSFER");
    expect(&scene->world, "first | n1 n3 n5 n7 | n1",
           "select string_agg(ids, ' | ' order by csp, ids) from ("
           " select csp, string_agg(message_id, ' ' order by message_id) as ids"
           " from csp_message group by csp, xmin::text) x");
}

/* Events of one device, from several posts, are told in the order they came. Of
 * what is said to have happened at the same time, success counts. */
static void the_order_of_posts_is_kept(void **state) {
    struct scene *scene = *state;
    static const struct post posts[] = {
        {"Bearer north's", NOTIFICATIONS, NORTH("n1", "01", "Success"), 200,
         "1 0"},
        {"Bearer north's", NOTIFICATIONS, NORTH("n2", "01", "Failed"), 200,
         "1 0"},
        {"Bearer north's", NOTIFICATIONS, NORTH("n3", "02", "Failed"), 200,
         "1 0"},
        {"Bearer north's", NOTIFICATIONS, NORTH("n4", "02", "Success"), 200,
         "1 0"},
    };
    POST_TOGETHER(scene, posts, "select 1");
    assert_string_equal(statuses(scene),
                        "01 SUCCESSFUL_CH_TRANSFER, 02 SUCCESSFUL_CH_TRANSFER,"
                        " 06 SUCCESSFUL_CH_TRANSFER");
    expect(&scene->world, "01 N61 N60, 02 N60 N61, 06 N61",
           "select string_agg(told, ', ' order by told) from ("
           " select right(device_id::text, 2) || ' '"
           " || string_agg(code, ' ' order by alert_no) as told from alert"
           " where device_id is not null group by device_id) x");
}

static void what_the_database_cannot_take_fails_alone(void **state) {
    struct scene *scene = *state;
    script(&scene->world,
           "create function refuse_poison() returns trigger language plpgsql"
           " as 'begin raise exception ''poison''; end';"
           "create trigger poison before insert on csp_message for each row"
           " when (new.message_id = 'poison') execute function"
           " refuse_poison()");
    static const struct post posts[] = {
        {"Bearer north's", NOTIFICATIONS, NORTH("n1", "01", "Success"), 200,
         "1 0"},
        {"Bearer north's", NOTIFICATIONS, NORTH("poison", "02", "Success"), 500,
         NULL},
        {"Bearer north's", NOTIFICATIONS, NORTH("n3", "03", "Failed"), 200,
         "1 0"},
    };
    POST_TOGETHER(scene, posts, "select 1");
    assert_string_equal(statuses(scene),
                        "01 SUCCESSFUL_CH_TRANSFER, 03 FAILED_CH_TRANSFER,"
                        " 06 SUCCESSFUL_CH_TRANSFER");
}

/* The first is cut off while it waits; it and the others are taken once. */
static void a_lost_connection_loses_nobody(void **state) {
    struct scene *scene = *state;
    static const struct post posts[] = {
        {"Bearer north's", NOTIFICATIONS, NORTH("n1", "01", "Success"), 200,
         "1 0"},
        {"Bearer north's", NOTIFICATIONS, NORTH("n2", "02", "Failed"), 200,
         "1 0"},
    };
    POST_TOGETHER(scene, posts,
                  "do $$ begin perform pg_terminate_backend(pid) from"
                  " pg_stat_activity where datname = current_database() and"
                  " application_name = 'fotad CSP gateway'; end $$");
    assert_string_equal(statuses(scene),
                        "01 SUCCESSFUL_CH_TRANSFER, 02 FAILED_CH_TRANSFER,"
                        " 06 SUCCESSFUL_CH_TRANSFER");
    assert_string_equal(alerts(scene),
                        "N60 to 1 of 02, N61 to 1 of 06, N61 to 1 of 01");
}

#undef TEST
#define TEST(name)                                                             \
    cmocka_unit_test_setup_teardown(name, open_with_one_worker, close_scene)

int main(void) {
    test_clock_open(NULL);
    const struct CMUnitTest tests[] = {
        TEST(each_gets_its_own_answer),
        TEST(the_order_of_posts_is_kept),
        TEST(what_the_database_cannot_take_fails_alone),
        TEST(a_lost_connection_loses_nobody),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
