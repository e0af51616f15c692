/*
 * schemas/csp-gateway-openapi.json against what fotad answers CSPs: each
 * operation is called, each answer that it says is given, and no body or
 * status has what it does not say.
 */
#include "contract.h"
#include "says.h"

#include "base/base64.h"
#include "gbcs/message.h"
#include "http/wire.h"
#include "support/tls_pki.h"

static const char *const taking[] = {REPORTS, NOTIFICATIONS, MESSAGES};

static void expect_reply(struct scene *scene, const json_t *contract,
                         const char *method, const char *path,
                         const struct wire_reply *reply, int status) {
    struct arena *arena = scene->world.arena;
    const json_t *operation = openapi_operation(contract, method, path, NULL);
    assert_non_null(operation);
    char code[12];
    snprintf(code, sizeof code, "%d", status);
    const json_t *response =
        openapi_response(contract, operation, (unsigned)status);
    if (reply->status != status || !response)
        fail_msg("%s %s: %d, %s: %.*s", method, path, reply->status, code,
                 (int)reply->body.len, (const char *)reply->body.data);
    const char *type =
        status == 200 ? "application/json" : "application/problem+json";
    assert_non_null(strcasestr(reply->head, type));
    const char *header;
    json_t *about;
    json_object_foreach(json_object_get(response, "headers"), header, about) {
        if (!strcasestr(reply->head, header))
            fail_msg("%s %s %s: no %s in %s", method, path, code, header,
                     reply->head);
    }
    json_t *body =
        json_loadb((const char *)reply->body.data, reply->body.len, 0, NULL);
    expect_described(arena, contract,
                     schema_of(json_object_get(response, "content"), type),
                     body);
    json_decref(body);
    see(arena, operation, code);
}

/* ' stands for ". */
static struct wire_reply say(struct scene *scene, unsigned port,
                             const char *method, const char *path,
                             const char *headers, const char *body) {
    struct span text = quoted(scene, body);
    int handle = wire_connect(port);
    wire_text(handle,
              arena_printf(scene->world.arena,
                           "%s %s HTTP/1.1\r\nHost: fotad\r\n%s\r\n%s", method,
                           path, headers, (const char *)text.data));
    struct wire_reply reply = wire_reply(handle);
    close(handle);
    return reply;
}

static const char *headers_for(struct scene *scene, const char *body) {
    return arena_printf(scene->world.arena,
                        "Authorization: Bearer north's\r\n"
                        "Content-Length: %zu\r\n",
                        strlen(body));
}

static void expect_answer(struct scene *scene, const json_t *contract,
                          const char *path, const char *headers,
                          const char *body, int status) {
    const char *method = *body ? "POST" : "GET";
    struct wire_reply reply =
        say(scene, http_port(scene->listener), method, path, headers, body);
    expect_reply(scene, contract, method, path, &reply, status);
    buffer_free(&reply.body);
}

static void listener_restart(struct scene *scene,
                             const struct http_options *with) {
    const char *reason;
    struct http_options options = *with;
    http_close(scene->listener);
    options.name = "csp_gateway";
    options.address = "127.0.0.1:0";
    if (!options.routes)
        options.routes = csp_routes(2000);
    options.route_count = csp_route_count;
    options.batch_handler = csp_take;
    options.worker_start = csp_worker_start;
    options.worker_stop = csp_worker_stop;
    options.worker_context = &scene->world.config;
    scene->listener = http_listen(&options, &reason);
    if (!scene->listener)
        fail_msg("%s", reason);
}

#define NOTIFIED                                                               \
    "[{'notificationId':'n1','jobId':'" NORTH_JOB                              \
    "','commsHubId':'00-00-00-00-00-00-10-01',"                                \
    "'deviceId':'00-00-00-00-00-00-11-01','deviceType':'PPMID',"               \
    "'firmwareVersion':'0000AB2A','timestamp':'2026-11-21T09:15:00Z',"         \
    "'status':'Success'},{'notificationId':'n2'}]"

/* What is taken, in part, again, and not. */
static void takes(struct scene *scene, const json_t *contract) {
    static const char *const bodies[][2] = {
        {REPORTS, "{'reportId':'r1','jobId':'" NORTH_JOB "','rejected':[]}"},
        {REPORTS, "{'reportId':'r1','jobId':'" NORTH_JOB "','rejected':[]}"},
        {REPORTS, "{'reportId':'r2','jobId':'" NORTH_JOB "','rejected':[{}]}"},
        {NOTIFICATIONS, NOTIFIED},
        {NOTIFICATIONS, NOTIFIED},
        {MESSAGES, "{'messageId':'m1','commsHubId':'00-00-00-00-00-00-10-01',"
                   "'payload':'AA=='}"},
    };
    for (size_t i = 0; i < sizeof bodies / sizeof *bodies; i++)
        expect_answer(scene, contract, bodies[i][0],
                      headers_for(scene, bodies[i][1]), bodies[i][1], 200);
    expect_answer(scene, contract, "/csp/v1/openapi.json",
                  headers_for(scene, ""), "", 200);
}

/* What the listener answers before it looks at a body; GET has none. */
static void refuses(struct scene *scene, const json_t *contract) {
    struct arena *arena = scene->world.arena;
    char *large = arena_alloc(arena, 9001);
    memset(large, 'x', 9000);
    large[9000] = '\0';
    const struct {
        const char *headers, *body;
        int status;
        bool get;
    } rows[] = {
        {"Authorization: Bearer x\r\nContent-Length: 2\r\n", "{}", 401, true},
        {headers_for(scene, "{"), "{", 400, false},
        {"Host: another\r\n", "", 400, true},
        {headers_for(scene, large), "x", 413, false},
        {"Content-Encoding: gzip\r\nContent-Length: 2\r\n", "{}", 415, false},
        {arena_printf(arena, "X: %s\r\n", large), "x", 431, true},
        {"Transfer-Encoding: gzip\r\n", "x", 501, false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        for (size_t n = 0; n < 3; n++)
            expect_answer(scene, contract, taking[n], rows[i].headers,
                          *rows[i].body ? rows[i].body : "{}", rows[i].status);
        if (rows[i].get)
            expect_answer(scene, contract, "/csp/v1/openapi.json",
                          strstr(rows[i].headers, "Bearer x") ? ""
                                                              : rows[i].headers,
                          "", rows[i].status);
    }
}

static void is_slow(struct scene *scene, const json_t *contract) {
    listener_restart(
        scene, &(struct http_options){.receive_timeout = 200 * MILLISECOND});
    for (size_t n = 0; n < 3; n++)
        expect_answer(scene, contract, taking[n], "Content-Length: 900\r\n",
                      "{}", 408);
}

static void comes_too_fast(struct scene *scene, const json_t *contract) {
    for (size_t n = 0; n < 4; n++) {
        listener_restart(
            scene, &(struct http_options){.peer_rate = 1, .limit_local = true});
        bool get = n == 3;
        const char *path = get ? "/csp/v1/openapi.json" : taking[n];
        struct wire_reply reply = {.status = 0};
        for (int i = 0; i < 50 && reply.status != 429; i++) {
            buffer_free(&reply.body);
            reply =
                say(scene, http_port(scene->listener), get ? "GET" : "POST",
                    path, headers_for(scene, get ? "" : "{}"), get ? "" : "{}");
        }
        expect_reply(scene, contract, get ? "GET" : "POST", path, &reply, 429);
        buffer_free(&reply.body);
    }
}

/* A certificate is asked for, and none is shown: over TLS. */
static void has_no_certificate(struct scene *scene, const json_t *contract) {
    struct tls_identity server;
    tls_make(&server, &(struct tls_wish){.name = "server"});
    listener_restart(scene, &(struct http_options){
                                .tls = {.certificate = server.certificate_path,
                                        .key = server.key_path,
                                        .client_ca = server.certificate_path}});
    struct http_client *client = http_client_new(
        &(struct http_client_options){.ca = server.certificate_path});
    for (size_t n = 0; n < 4; n++) {
        const char *path = n < 3 ? taking[n] : "/csp/v1/openapi.json";
        const char *method = n < 3 ? "POST" : "GET";
        struct http_answer answer;
        http_client_send(client,
                         &(struct http_message){
                             .method = method,
                             .url = arena_printf(
                                 scene->world.arena, "https://127.0.0.1:%u%s",
                                 http_port(scene->listener), path),
                             .headers = (const char *const[]){NULL},
                             .body = span_text(n < 3 ? "{}" : "")},
                         &answer);
        struct wire_reply reply = {.status = (int)answer.status,
                                   .head = "application/problem+json"};
        buffer_add(&reply.body, buffer_span(&answer.body));
        expect_reply(scene, contract, method, path, &reply, 403);
        buffer_free(&reply.body);
        http_answer_free(&answer);
    }
    http_client_free(client);
    tls_identity_free(&server);
}

/* Of device 11-01, good as far as the gateway looks. */
static const char *alert(struct scene *scene) {
    struct buffer octets = {0}, base64 = {0};
    uint8_t signature[GBCS_SIGNATURE_LEN] = {1};
    gbcs_put_content(&(struct gbcs_header){.cra = GBCS_ALERT,
                                           .counter = 1,
                                           .originator = 0x1101,
                                           .recipient = 0x90B3D51F30000002,
                                           .code = 0x00CA},
                     span_text("payload"), &octets);
    gbcs_put_signature(signature, &octets);
    base64_add(&base64, buffer_span(&octets));
    const char *text =
        arena_printf(scene->world.arena,
                     "{'messageId':'m1','commsHubId':"
                     "'00-00-00-00-00-00-10-01','payload':'%.*s'}",
                     (int)base64.len, (char *)base64.data);
    buffer_free(&octets);
    buffer_free(&base64);
    return text;
}

static void expect_from_all(struct scene *scene, const json_t *contract,
                            int status) {
    const char *const bodies[] = {"{'reportId':'r9','jobId':'" NORTH_JOB
                                  "','rejected':[]}",
                                  NOTIFIED, alert(scene)};
    for (size_t n = 0; n < 3; n++)
        expect_answer(scene, contract, taking[n], headers_for(scene, bodies[n]),
                      bodies[n], status);
}

static void has_a_fault(struct scene *scene, const json_t *contract) {
    static const char *const functions[] = {"take_validation_reports",
                                            "take_delivery_notifications",
                                            "take_gbcs_messages"};
    for (size_t n = 0; n < 3; n++)
        script(&scene->world, "alter function %s rename to %s_away",
               functions[n], functions[n]);
    expect_from_all(scene, contract, 500);
    for (size_t n = 0; n < 3; n++)
        script(&scene->world, "alter function %s_away rename to %s",
               functions[n], functions[n]);
}

static void has_no_database(struct scene *scene, const json_t *contract) {
    const char *conninfo = scene->world.config.database_conninfo;
    scene->world.config.database_conninfo = "host=/nowhere";
    listener_restart(scene, &(struct http_options){0});
    expect_from_all(scene, contract, 503);
    scene->world.config.database_conninfo = conninfo;
}

static void has_no_room(struct scene *scene, const json_t *contract) {
    listener_restart(scene, &(struct http_options){.max_connections = 1});
    int held = wire_connect(http_port(scene->listener));
    expect_answer(scene, contract, "/csp/v1/openapi.json",
                  headers_for(scene, ""), "", 503);
    close(held);
}

static void fotad_answers_what_the_contract_says(void **state) {
    struct scene *scene = *state;
    const json_t *contract = contract_read(scene->world.arena);
    listener_restart(scene, &(struct http_options){0});
    takes(scene, contract);
    refuses(scene, contract);
    has_a_fault(scene, contract);
    has_no_database(scene, contract);
    has_no_room(scene, contract);
    is_slow(scene, contract);
    comes_too_fast(scene, contract);
    has_no_certificate(scene, contract);
    expect_all_seen(scene->world.arena, contract, "to fotad");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(fotad_answers_what_the_contract_says),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    tls_pki_remove();
    return failed;
}
