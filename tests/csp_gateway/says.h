/*
 * A listener for what CSPs bring, and a client that speaks as they do. In what
 * it says ' stands for ".
 */
#ifndef FOTAD_TESTS_CSP_GATEWAY_SAYS_H
#define FOTAD_TESTS_CSP_GATEWAY_SAYS_H

#include "world.h"

#include "csp_gateway/listener.h"
#include "http/client.h"

#include <jansson.h>

#define REPORTS "/csp/v1/validation-reports"
#define NOTIFICATIONS "/csp/v1/delivery-notifications"
#define MESSAGES "/csp/v1/gbcs-messages"

#define NORTH_JOB "00000000-0000-4000-8000-000000000001"
#define SOUTH_JOB "00000000-0000-4000-8000-000000000002"

struct scene {
    struct world world;
    struct http_listener *listener;
    struct http_client *client;
    struct http_answer answer;
};

/* Two jobs that were handed over: north's of devices 1 to 6, south's of 1. */
static const char jobs[] =
    "insert into csp_job (job_id, request_no, csp, device_type, devices,"
    " created, state, next_try, ended, posted)"
    " select ('00000000-0000-4000-8000-00000000000' || request_no)::uuid,"
    " request_no, csp, 'PPMID', devices, '2026-11-20', 'handed_over', now(),"
    " now(), devices"
    " from distribution;"
    "update tracking_live set job_no = request_no;";

static inline int open_with(void **state, const char *norths_token) {
    static struct scene scene;
    scene = (struct scene){.listener = NULL};
    world_open(&scene.world);
    scene.world.config.csps[0].inbound_token = norths_token;
    accept_request(&scene.world, 1, "north", 1, 6);
    accept_request(&scene.world, 2, "south", 1, 1);
    script(&scene.world, "%s", jobs);
    const char *reason;
    scene.listener = http_listen(
        &(struct http_options){.name = "csp_gateway",
                               .address = "127.0.0.1:0",
                               .routes = csp_routes(8 << 20),
                               .route_count = csp_route_count,
                               .batch_handler = csp_take,
                               .worker_start = csp_worker_start,
                               .worker_stop = csp_worker_stop,
                               .worker_context = &scene.world.config},
        &reason);
    assert_non_null(scene.listener);
    scene.client = http_client_new(&(struct http_client_options){0});
    *state = &scene;
    return 0;
}

static inline int open_scene(void **state) {
    return open_with(state, "north's");
}

static inline int close_scene(void **state) {
    struct scene *scene = *state;
    if (!scene)
        return 0;
    http_answer_free(&scene->answer);
    http_client_free(scene->client);
    http_close(scene->listener);
    world_close(&scene->world);
    return 0;
}

static inline unsigned post(struct scene *scene, const char *authorization,
                            const char *path, struct span body) {
    struct arena *arena = scene->world.arena;
    const char *headers[] = {
        "Content-Type: application/json",
        authorization ? arena_printf(arena, "Authorization: %s", authorization)
                      : NULL,
        NULL};
    http_answer_free(&scene->answer);
    http_client_send(scene->client,
                     &(struct http_message){
                         .method = "POST",
                         .url = arena_printf(arena, "http://127.0.0.1:%u%s",
                                             http_port(scene->listener), path),
                         .headers = headers,
                         .body = body},
                     &scene->answer);
    return scene->answer.status;
}

static inline struct span quoted(struct scene *scene, const char *text) {
    char *body = arena_text(scene->world.arena, span_text(text));
    for (char *c = body; *c; c++)
        if (*c == '\'')
            *c = '"';
    return span_text(body);
}

static inline unsigned north_says(struct scene *scene, const char *path,
                                  const char *text) {
    return post(scene, "Bearer north's", path, quoted(scene, text));
}

/* "2 1 [0: reason] [3: reason]": accepted, duplicates, rejected */
static inline const char *summary(struct scene *scene) {
    struct arena *arena = scene->world.arena;
    json_t *json = json_loadb((const char *)scene->answer.body.data,
                              scene->answer.body.len, 0, NULL);
    if (!json)
        return "no JSON";
    const char *text = arena_printf(
        arena, "%d %d",
        (int)json_integer_value(json_object_get(json, "accepted")),
        (int)json_integer_value(json_object_get(json, "duplicates")));
    const json_t *rejected = json_object_get(json, "rejected");
    for (size_t i = 0; i < json_array_size(rejected); i++) {
        const json_t *row = json_array_get(rejected, i);
        text =
            arena_printf(arena, "%s [%d: %s]", text,
                         (int)json_integer_value(json_object_get(row, "index")),
                         json_string_value(json_object_get(row, "reason")));
    }
    json_decref(json);
    return text;
}

#define expect_summary(scene, expected)                                        \
    do {                                                                       \
        assert_int_equal((scene)->answer.status, 200);                         \
        assert_string_equal(summary(scene), expected);                         \
    } while (0)

static inline const char *statuses(struct scene *scene) {
    return ask(&scene->world,
               "select string_agg(right(device_id::text, 2) || ' ' || status,"
               " ', ' order by device_id) from tracking where request_no = 1"
               " and status <> 'AWAITING_CSP'");
}

static inline const char *alerts(struct scene *scene) {
    return ask(&scene->world, "select coalesce(string_agg(code || ' to ' ||"
                              " right(user_id::text, 1) || ' of ' ||"
                              " coalesce(right(device_id::text, 2),"
                              " cardinality(device_ids)::text), ', '"
                              " order by code, alert_no), 'none') from alert");
}

#define TEST(name)                                                             \
    cmocka_unit_test_setup_teardown(name, open_scene, close_scene)

#endif
