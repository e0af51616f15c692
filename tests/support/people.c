#include "support/people.h"
#include "support/check.h"

#include "base/hex.h"
#include "base/secret.h"
#include "tracking/transition.h"

#include <curl/curl.h>
#include <stdlib.h>
#include <strings.h>

static const struct {
    const char *name, *role;
    eui64 supplier;
} accounts[WHO] = {
    [A] = {"anne", "supplier", SUPPLIER_A},
    [B] = {"bert", "supplier", SUPPLIER_B},
    [DESK] = {"dora", "service_desk", 0},
    [AUDITOR] = {"otto", "auditor", 0},
    [ADMINISTRATOR] = {"root", "administrator", 0},
};

const char *who_name(enum who who) {
    return accounts[who].name;
}

/* ---- start ---- */

static const char *token_of(struct arena *arena, enum who who) {
    return arena_printf(arena, "token-of-%s", accounts[who].name);
}

static void add_accounts(struct screens *s) {
    const char *hash = password_hash(s->arena, PASSWORD);
    for (enum who who = A; who < WHO; who++) {
        uint8_t token[TOKEN_HASH_LEN];
        char hex[2 * TOKEN_HASH_LEN + 1], id[EUI64_TEXT_SIZE];
        token_hash(token_of(s->arena, who), token);
        const char *supplier =
            accounts[who].supplier
                ? arena_printf(s->arena, "'%s'",
                               eui64_format(accounts[who].supplier, id))
                : "null";
        gateway_tell(s->gateway,
                     "insert into account (name, role, supplier_id,"
                     " password, token, created) values ('%s', '%s', %s,"
                     " '%s', '\\x%s', '2026-01-01')",
                     accounts[who].name, accounts[who].role, supplier, hash,
                     hex_format(span_of(token, sizeof token), hex));
    }
}

static void unref(void *json) {
    json_decref(json);
}

static void hand_over(struct screens *s) {
    struct db *db = db_open(s->gateway->conninfo, "transitions");
    assert_int_equal(tracking_hand_over(db, &s->gateway->config), DONE);
    db_close(db);
}

struct screens *screens_new(void) {
    struct gateway *gateway = gateway_new();
    struct screens *s = arena_zero(gateway->arena, 1, sizeof *s);
    s->gateway = gateway;
    s->arena = gateway->arena;
    gateway->config.people_listen = "127.0.0.1:0";
    gateway->config.alerts_n59_collect = 0;
    gateway->config.people_workers = 2;
    s->openapi = openapi_read(s->arena, "ssi-openapi.json");
    hand_over(s);
    add_accounts(s);
    return s;
}

void screens_open(struct screens *s) {
    const char *reason = "";
    if (!s->gateway->listener)
        gateway_open(s->gateway);
    const char *address = s->gateway->config.people_listen;
    s->unix_path = strncmp(address, "unix:", 5) == 0 ? address + 5 : NULL;
    s->people = people_start(&s->gateway->config, &reason);
    if (!s->people)
        fail_msg("people_start: %s", reason);
}

struct screens *screens_start(void) {
    struct screens *s = screens_new();
    screens_open(s);
    return s;
}

void screens_close(struct screens *s) {
    people_stop(s->people);
    s->people = NULL;
}

void screens_free(struct screens *s) {
    screens_close(s);
    gateway_free(s->gateway);
}

/* ---- HTTP ---- */

static size_t take(char *data, size_t size, size_t count, void *context) {
    buffer_add(context, span_of(data, size * count));
    return size * count;
}

static struct curl_slist *headers_of(struct screens *s, const struct ask *a) {
    struct curl_slist *list = curl_slist_append(NULL, "Expect:");
    if (a->body)
        list = curl_slist_append(
            list, arena_printf(s->arena, "Content-Type: %s",
                               a->type ? a->type : "application/json"));
    else
        list = curl_slist_append(list, "Content-Type:");
    if (a->who != NOBODY)
        list = curl_slist_append(
            list, arena_printf(s->arena, "Authorization: Bearer %s",
                               token_of(s->arena, a->who)));
    if (a->cookie)
        list = curl_slist_append(
            list, arena_printf(s->arena, "Cookie: %s", a->cookie));
    if (a->csrf)
        list = curl_slist_append(
            list, arena_printf(s->arena, "X-CSRF-Token: %s", a->csrf));
    for (int i = 0; i < 4 && a->headers[i]; i++)
        list = curl_slist_append(list, a->headers[i]);
    return list;
}

static void set_up(struct screens *s, CURL *curl, const struct ask *a) {
    curl_easy_setopt(curl, CURLOPT_URL,
                     arena_printf(s->arena, "http://127.0.0.1:%u%s%s",
                                  s->unix_path ? 80 : people_port(s->people),
                                  a->raw ? "" : "/api/v1", a->path));
    if (s->unix_path)
        curl_easy_setopt(curl, CURLOPT_UNIX_SOCKET_PATH, s->unix_path);
    curl_easy_setopt(curl, CURLOPT_PATH_AS_IS, 1L);
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT, 120L);
    if (a->body) {
        curl_easy_setopt(curl, CURLOPT_POSTFIELDS, a->body);
        curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE,
                         (long)(a->body_len ? a->body_len : strlen(a->body)));
    }
    curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, a->method);
}

static struct told send_it(struct screens *s, const struct ask *a) {
    CURL *curl = curl_easy_init();
    struct buffer head = {0}, body = {0};
    struct curl_slist *headers = headers_of(s, a);
    set_up(s, curl, a);
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, &body);
    curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, take);
    curl_easy_setopt(curl, CURLOPT_HEADERDATA, &head);
    CURLcode code = curl_easy_perform(curl);
    if (code != CURLE_OK)
        fail_msg("%s %s: %s", a->method, a->path, curl_easy_strerror(code));
    long status = 0;
    const char *type = NULL;
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
    curl_easy_getinfo(curl, CURLINFO_CONTENT_TYPE, &type);
    struct told told = {
        .http = (unsigned)status,
        .type = arena_text(s->arena, span_text(type ? type : "")),
        .headers = arena_text(s->arena, buffer_span(&head)),
        .text = arena_text(s->arena, buffer_span(&body)),
        .len = body.len,
        .json = json_loadb((char *)body.data, body.len, 0, NULL)};
    arena_adopt(s->arena, told.json, unref);
    curl_slist_free_all(headers);
    curl_easy_cleanup(curl);
    buffer_free(&head);
    buffer_free(&body);
    return told;
}

/* ---- checking ---- */

static void check(struct screens *s, const struct ask *a,
                  const struct told *told) {
    const json_t *operation =
        openapi_operation(s->openapi, a->method,
                          arena_printf(s->arena, "/api/v1%s", a->path), NULL);
    if (!operation)
        fail_msg("%s %s is not in the OpenAPI file", a->method, a->path);
    const json_t *response =
        openapi_response(s->openapi, operation, told->http);
    if (!response)
        fail_msg("%s %s: %u is not in the OpenAPI file: %s", a->method, a->path,
                 told->http, told->text);
    const json_t *content = json_object_get(response, "content");
    if (!content) {
        assert_int_equal(told->len, 0);
        return;
    }
    const char *type =
        arena_text(s->arena, span_of(told->type, strcspn(told->type, "; ")));
    const json_t *media = json_object_get(content, type);
    if (!media)
        fail_msg("%s %s: %s is not in the OpenAPI file", a->method, a->path,
                 told->type);
    if (!told->json)
        return;
    const char *fault = openapi_fault(
        s->arena, s->openapi, json_object_get(media, "schema"), told->json);
    if (fault)
        fail_msg("%s %s: %s\nin %s", a->method, a->path, fault, told->text);
}

struct told ask(struct screens *s, const struct ask *a) {
    struct told told = send_it(s, a);
    if (!a->raw)
        check(s, a, &told);
    return told;
}

struct told look(struct screens *s, enum who who, const char *path) {
    return ask(s, &(struct ask){.method = "GET", .path = path, .who = who});
}

/* ---- reading ---- */

const char *told_header(struct screens *s, const struct told *told,
                        const char *name) {
    const char *at =
        strcasestr(told->headers, arena_printf(s->arena, "\n%s:", name));
    if (!at)
        return NULL;
    at += strlen(name) + 2;
    at += strspn(at, " ");
    return arena_text(s->arena, span_of(at, strcspn(at, "\r\n")));
}

const char *told_at(struct screens *s, const struct told *told,
                    const char *path) {
    const json_t *at = told->json;
    while (at && *path) {
        const char *step =
            arena_text(s->arena, span_of(path, strcspn(path, ".")));
        at = json_is_array(at) ? json_array_get(at, strtoul(step, NULL, 10))
                               : json_object_get(at, step);
        path += strlen(step);
        path += *path == '.';
    }
    if (!at)
        return "";
    if (json_is_string(at))
        return json_string_value(at);
    char *text = json_dumps(at, JSON_ENCODE_ANY | JSON_COMPACT);
    return arena_adopt(s->arena, text, free);
}

struct signed_in sign_in(struct screens *s, const char *name,
                         const char *password) {
    struct told told = ask(
        s, &(struct ask){.method = "POST",
                         .path = "/sign-in",
                         .body = arena_printf(
                             s->arena, "{\"name\":\"%s\",\"password\":\"%s\"}",
                             name, password)});
    if (told.http != 200)
        fail_msg("%s cannot sign in: %s", name, told.text);
    const char *cookie = told_header(s, &told, "Set-Cookie");
    assert_non_null(cookie);
    return (struct signed_in){
        arena_text(s->arena, span_of(cookie, strcspn(cookie, ";"))),
        told_at(s, &told, "csrfToken")};
}

void screens_event(struct screens *s, const char *event, eui64 device) {
    char id[EUI64_TEXT_SIZE], now[INSTANT_TEXT_SIZE];
    instant_format(clock_now(), now);
    gateway_tell(s->gateway,
                 "select apply_events(array[row(1, '%s', device_id,"
                 " request_no, null, chf_id, null, '%s', null, null)"
                 "::tracking_event], '%s', '5 days')"
                 " from tracking where device_id = '%s'"
                 " order by released is null desc, last_updated desc"
                 " limit 1",
                 event, now, now, eui64_format(device, id));
}

const char *screens_update(struct screens *s, enum user user,
                           const eui64 *devices, size_t count,
                           const char *code) {
    struct gateway *g = s->gateway;
    const char *id = gateway_request_id(g, gateway_user_id(user));
    struct answer answer =
        gateway_send(g, user,
                     &(struct test_request){.body = DUIS_UPDATE_PPMID_FIRMWARE,
                                            .request_id = id,
                                            .device_ids = devices,
                                            .device_id_count = count});
    assert_string_equal(answer_says(g, &answer), code);
    return id;
}

void told_expect(struct screens *s, const struct told *told, const char *path,
                 const char *value) {
    const char *got = told_at(s, told, path);
    if (told->http != 200 || strcmp(got, value) != 0)
        fail_msg("%s is %s, not %s, in %u %s", path, got, value, told->http,
                 told->text);
}
