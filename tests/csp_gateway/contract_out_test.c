/*
 * schemas/csp-gateway-openapi.json against what fotad sends to CSPs and what it
 * concludes from each answer there is; and against the emulated CSPs.
 */
#include "contract.h"
#include "world.h"

#include "csp_gateway/send.h"
#include "fotasim/csp.h"
#include "http/client.h"
#include "support/fake_csp.h"

/* ---- what fotad sends, and what it concludes ---- */

struct outward {
    struct world *world;
    const json_t *contract;
    struct fake_csp *csp;
    int number;
};

static void expect_sent(const struct outward *o, const char *method,
                        const char *path) {
    struct fake_request request =
        fake_csp_request(o->csp, method, fake_csp_count(o->csp, method) - 1);
    const json_t *operation =
        openapi_operation(o->contract, method, request.path, NULL);
    assert_non_null(operation);
    assert_ptr_equal(operation,
                     openapi_operation(o->contract, method, path, NULL));
    assert_string_equal(request.authorization, "Bearer ours");
    const json_t *content =
        json_object_get(json_object_get(operation, "requestBody"), "content");
    if (content)
        assert_non_null(json_object_get(content, request.media_type));
    else
        assert_int_equal(request.body_len, 0);
    if (request.json)
        expect_described(o->world->arena, o->contract,
                         schema_of(content, request.media_type), request.json);
    const json_t *parameters = json_object_get(operation, "parameters");
    const json_t *first = json_array_get(parameters, 0);
    const char *value =
        strcmp(json_string_value(json_object_get(first, "in")), "header") == 0
            ? request.key
            : strrchr(request.path, '/') + 1;
    expect_described(o->world->arena, o->contract,
                     json_object_get(first, "schema"),
                     arena_adopt(o->world->arena, json_string(value), unref));
}

/* What the contract says of that answer, given as a word of fake_csp.h: it is
 * also a row of its own, "503" or "4XX". */
static const char *meaning_of(const struct outward *o, const char *method,
                              const char *path, const char *word) {
    unsigned status = (unsigned)strtoul(word, NULL, 10);
    const json_t *operation =
        openapi_operation(o->contract, method, path, NULL);
    const json_t *response = openapi_response(o->contract, operation, status);
    assert_non_null(response);
    char code[12];
    snprintf(code, sizeof code, "%u", status);
    const json_t *responses = json_object_get(operation, "responses");
    see(o->world->arena, operation,
        json_object_get(responses, code)
            ? arena_text(o->world->arena, span_text(code))
        : status / 100 == 4 ? "4XX"
                            : "default");
    return json_string_value(json_object_get(response, "x-means"));
}

static void begin_anew(struct outward *o) {
    sql_empty(o->world->sql, "csp_recall, device_command, pre_command, "
                             "csp_image, csp_job, csp_pace,"
                             " distribution, service_request, tracking_live,"
                             " tracking_history, alert cascade");
    accept_request(o->world, ++o->number, "north", 1, 2);
}

static void expect_job(struct outward *o, const char *means) {
    expect_soon(o->world,
                strcmp(means, "taken") == 0     ? "handed_over"
                : strcmp(means, "refused") == 0 ? "refused"
                                                : "waiting, tried again",
                "select state || case when state = 'waiting' and tries = 2"
                " then ', tried again' else '' end from csp_job");
}

static void sends_images_and_jobs(struct outward *o) {
    static const char *const images[] = {"200", "201", "503+60",
                                         "413:IMAGE_INVALID", "500"};
    static const char *const answers[] = {"202", "503+60", "400:IMAGE_INVALID",
                                          "500", "hang"};
    for (size_t i = 0; i < sizeof images / sizeof *images; i++) {
        fake_csp_script(o->csp, images[i], "202");
        begin_anew(o);
        csp_send_wake(CSP_JOBS);
        expect_job(o, meaning_of(o, "PUT", "/firmware-images/x", images[i]));
        expect_sent(o, "PUT", "/firmware-images/x");
    }
    for (size_t i = 0; i < sizeof answers / sizeof *answers; i++) {
        fake_csp_script(o->csp, "201", answers[i]);
        begin_anew(o);
        csp_send_wake(CSP_JOBS);
        expect_job(o, meaning_of(o, "POST", "/firmware-jobs", answers[i]));
        expect_sent(o, "POST", "/firmware-jobs");
    }
}

static void sends_commands(struct outward *o) {
    static const char *const answers[] = {"202", "503+60", "400:OTHER", "500",
                                          "hang"};
    for (size_t i = 0; i < sizeof answers / sizeof *answers; i++) {
        fake_csp_script(o->csp, "201", "202");
        begin_anew(o);
        csp_send_wake(CSP_JOBS);
        expect_job(o, "taken");
        fake_csp_script(o->csp, "201", answers[i]);
        char now[INSTANT_TEXT_SIZE];
        instant_format(clock_now(), now);
        script(o->world,
               "insert into device_command (request_no, device_id, device_type,"
               " chf_id, csp, originator, counter, message_code, state,"
               " created, next_try, payload) select request_no,"
               " '00:00:00:00:00:00:11:01', 'PPMID', '00:00:00:00:00:00:10:01',"
               " 'north', '90b3d51f30010000', 7, 18, 'waiting', '%s', '%s', 'x'"
               " from service_request",
               now, now);
        csp_send_wake(CSP_COMMANDS);
        const char *means = meaning_of(o, "POST", "/gbcs-commands", answers[i]);
        expect_soon(o->world,
                    strcmp(means, "taken") == 0     ? "sent"
                    : strcmp(means, "refused") == 0 ? "failed"
                                                    : "waiting, tried again",
                    "select state || case when state = 'waiting' and tries = 2"
                    " then ', tried again' else '' end from device_command");
        expect_sent(o, "POST", "/gbcs-commands");
    }
}

static void recalls_jobs(struct outward *o) {
    static const char *const answers[] = {
        "200={\"recalled\":[\"00-00-00-00-00-00-11-01\"]}", "404", "409",
        "503+60", "500"};
    for (size_t i = 0; i < sizeof answers / sizeof *answers; i++) {
        fake_csp_script(o->csp, "201", "202");
        fake_csp_script_recalls(o->csp, answers[i]);
        begin_anew(o);
        csp_send_wake(CSP_JOBS);
        expect_job(o, "taken");
        char now[INSTANT_TEXT_SIZE];
        instant_format(clock_now(), now);
        script(o->world,
               "select recall_jobs(array(select job_no from csp_job),"
               " array['north'], 'stopped_by_dcc', '%s')",
               now);
        csp_send_wake(CSP_RECALLS);
        const char *means =
            meaning_of(o, "DELETE", "/firmware-jobs/x", answers[i]);
        expect_soon(o->world,
                    strcmp(means, "again") == 0 ? "waiting, tried again"
                                                : means,
                    "select state || case when state = 'waiting' and tries = 2"
                    " then ', tried again' else '' end from csp_recall");
        expect_sent(o, "DELETE", "/firmware-jobs/x");
    }
}

static void fotad_sends_what_the_contract_says(void **state) {
    (void)state;
    struct world world;
    world_open(&world);
    struct outward o = {.world = &world,
                        .contract = contract_read(world.arena),
                        .csp = fake_csp_start()};
    world.config.csp_count = 1;
    world.config.csps[0].recall = true;
    world.config.csps[0].base_url = fake_csp_url(o.csp);
    struct csp_sender *sender = csp_send_start(&world.config);
    sends_images_and_jobs(&o);
    sends_commands(&o);
    recalls_jobs(&o);
    csp_send_stop(sender);
    expect_all_seen(world.arena, o.contract, "to the CSP");
    fake_csp_stop(o.csp);
    world_close(&world);
}

/* ---- the emulated CSPs ---- */

static const char *const taking[] = {"/csp/v1/validation-reports",
                                     "/csp/v1/delivery-notifications"};

struct emulated {
    struct arena *arena;
    const json_t *contract;
    struct fake_csp *fotad;
    struct csp_sim *sim;
    struct http_client *client;
    char folder[32], faults[48];
};

static void set_faults(const struct emulated *e, const char *rows) {
    FILE *file = fopen(e->faults, "w");
    assert_non_null(file);
    fputs(rows, file);
    fclose(file);
}

/* As fotad does it; ' stands for ". */
static void expect_from_sim(const struct emulated *e, const char *method,
                            const char *path, const char *key, const char *body,
                            unsigned status) {
    char *text = arena_text(e->arena, span_text(body));
    for (char *c = text; *c; c++)
        *c = *c == '\'' ? '"' : *c;
    struct http_answer answer;
    http_client_send(
        e->client,
        &(struct http_message){
            .method = method,
            .url = arena_printf(e->arena, "http://127.0.0.1:%u%s",
                                csp_sim_port(e->sim), path),
            .headers =
                (const char *const[]){
                    arena_printf(e->arena, "Idempotency-Key: %s", key), NULL},
            .body = span_text(text)},
        &answer);
    const json_t *operation =
        openapi_operation(e->contract, method, path, NULL);
    assert_non_null(operation);
    if (answer.status != status)
        fail_msg("%s %s: %u", method, path, answer.status);
    const json_t *response = openapi_response(e->contract, operation, status);
    const char *type = "application/json";
    json_t *told =
        json_loadb((const char *)answer.body.data, answer.body.len, 0, NULL);
    if (json_object_get(told, "title"))
        type = "application/problem+json";
    if (answer.body.len)
        expect_described(e->arena, e->contract,
                         schema_of(json_object_get(response, "content"), type),
                         told);
    json_decref(told);
    http_answer_free(&answer);
}

/* Everything that it says, each operation at least once. */
static void expect_said(const struct emulated *e, size_t count) {
    assert_true(fake_csp_wait(e->fotad, "POST", count));
    bool said[2] = {false};
    for (size_t i = 0; i < fake_csp_count(e->fotad, "POST"); i++) {
        struct fake_request request = fake_csp_request(e->fotad, "POST", i);
        const json_t *operation =
            openapi_operation(e->contract, "POST", request.path, NULL);
        assert_non_null(operation);
        expect_described(
            e->arena, e->contract,
            schema_of(json_object_get(json_object_get(operation, "requestBody"),
                                      "content"),
                      request.media_type),
            request.json);
        for (size_t n = 0; n < 2; n++)
            said[n] |= strcmp(request.path, taking[n]) == 0;
    }
    assert_true(said[0] && said[1]);
}

static void emulated_open(struct emulated *e) {
    const char *reason;
    *e = (struct emulated){.arena = arena_new(),
                           .fotad = fake_csp_start(),
                           .folder = "/tmp/fotad-csp-XXXXXX"};
    e->contract = contract_read(e->arena);
    assert_non_null(mkdtemp(e->folder));
    snprintf(e->faults, sizeof e->faults, "%s/faults", e->folder);
    fake_csp_script(e->fotad, "200", "200");
    e->sim =
        csp_sim_start(&(struct csp_options){.listen = "127.0.0.1:0",
                                            .name = "north",
                                            .fotad = fake_csp_url(e->fotad),
                                            .token = "north's",
                                            .expect_token = "ours",
                                            .recall = "yes",
                                            .most_jobs = 1,
                                            .hold = 1000,
                                            .state = e->folder,
                                            .faults = e->faults},
                      &reason);
    if (!e->sim)
        fail_msg("%s", reason);
    e->client =
        http_client_new(&(struct http_client_options){.bearer = "ours"});
}

static void emulated_close(struct emulated *e) {
    static const char *const names[] = {"faults",        "images.jsonl",
                                        "jobs.jsonl",    "commands.jsonl",
                                        "recalls.jsonl", "said.jsonl"};
    csp_sim_stop(e->sim);
    http_client_free(e->client);
    fake_csp_stop(e->fotad);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        unlink(arena_printf(e->arena, "%s/%s", e->folder, names[i]));
    assert_int_equal(rmdir(e->folder), 0);
    arena_free(e->arena);
}

#define JOB_BODY(id)                                                           \
    "{'jobId':'" id "','requestId':'00-00-00-00-00-00-00-01:90-B3-D5-1F-30-"   \
    "00-00-02:1','deviceType':'PPMID','firmwareVersion':'0000AB2A',"           \
    "'imageId':'" X_HASH "','targets':["                                       \
    "{'deviceId':'00-00-00-00-00-00-11-01','commsHubId':"                      \
    "'00-00-00-00-00-00-10-01'},"                                              \
    "{'deviceId':'00-00-00-00-00-00-11-02','commsHubId':"                      \
    "'00-00-00-00-00-00-10-02'},"                                              \
    "{'deviceId':'00-00-00-00-00-00-11-03','commsHubId':"                      \
    "'00-00-00-00-00-00-10-03'}]}"
#define X_HASH                                                                 \
    "2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881"

/* Each in its place {jobId} or commandId. */
#define ID_1 "00000000-0000-4000-8000-000000000001"
#define ID_2 "00000000-0000-4000-8000-000000000002"

static void emulated_csps_say_what_the_contract_says(void **state) {
    (void)state;
    struct emulated e;
    emulated_open(&e);
    static const char command[] =
        "{'commandId':'" ID_1 "','commsHubId':'00-00-00-00-00-00-10-01',"
        "'deviceId':'00-00-00-00-00-00-11-01','payload':'AA=='}";
    static const struct {
        const char *faults;
        unsigned image, job, command;
    } rows[] = {
        {"image 503\njob 503 BUSY\ncommand 503 BUSY\n", 503, 503, 503},
        {"image 400 IMAGE_INVALID\njob 400 OTHER\ncommand 400 OTHER\n", 400,
         400, 400},
        {"image 500\njob 500\ncommand 500\n", 500, 500, 500},
        {"device 00-00-00-00-00-00-11-02 reject IMAGE_INVALID\n"
         "device 00-00-00-00-00-00-11-03 fail NO_SLOT\ncopies 2\n",
         201, 202, 202},
        {"", 200, 202, 202},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        set_faults(&e, rows[i].faults);
        expect_from_sim(&e, "PUT", "/firmware-images/" X_HASH, "", "x",
                        rows[i].image);
        expect_from_sim(&e, "POST", "/firmware-jobs", ID_1, JOB_BODY(ID_1),
                        rows[i].job);
        expect_from_sim(&e, "POST", "/gbcs-commands", ID_1, command,
                        rows[i].command);
    }
    expect_from_sim(&e, "POST", "/firmware-jobs", ID_2, JOB_BODY(ID_2), 503);
    expect_from_sim(&e, "DELETE", "/firmware-jobs/" ID_2, "", "", 404);
    expect_said(&e, 4);
    expect_from_sim(&e, "DELETE", "/firmware-jobs/" ID_1, "", "", 409);
    set_faults(&e, "delivery_delay 60000\nrecall 503 - 2\n");
    expect_from_sim(&e, "POST", "/firmware-jobs", ID_2, JOB_BODY(ID_2), 202);
    expect_from_sim(&e, "DELETE", "/firmware-jobs/" ID_2, "", "", 503);
    expect_from_sim(&e, "DELETE", "/firmware-jobs/" ID_2, "", "", 200);
    expect_from_sim(&e, "DELETE", "/firmware-jobs/" ID_2, "", "", 200);
    set_faults(&e, "");
    expect_from_sim(&e, "PUT", "/firmware-images/" X_HASH, "", "y", 422);
    expect_from_sim(&e, "POST", "/firmware-jobs", ID_2, JOB_BODY(ID_1), 400);
    emulated_close(&e);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fotad_sends_what_the_contract_says),
        cmocka_unit_test(emulated_csps_say_what_the_contract_says),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
