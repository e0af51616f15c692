#include "support/user_gateway.h"
#include "support/check.h"

#include "base/log.h"
#include "duis/document.h"
#include "duis/library.h"
#include "duis/signature.h"
#include "request/user_gateway.h"
#include "support/duis_check.h"
#include "support/pg.h"

#include <ctype.h>
#include <curl/curl.h>
#include <libpq-fe.h>
#include <libxml/tree.h>
#include <openssl/sha.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* ---- Users ---- */

/* Is the official schema there to check answers against? */
static bool checks_official;

static const struct {
    eui64 id;
    const char *roles, *status, *duis_version; /* no roles: not registered */
} USER[USERS] = {
    [USER_A] = {SUPPLIER_A, "{IS,GS}", "active", "5.4"},
    [USER_B] = {SUPPLIER_B, "{IS,GS}", "active", "5.3"},
    [USER_EXPORT] = {0x90B3D51F30030000, "{ES}", "active", "5.4"},
    [USER_NO_ROLE] = {0x90B3D51F30040000, "{}", "active", "5.4"},
    [USER_SUSPENDED] = {0x90B3D51F30050000, "{IS}", "suspended", "5.4"},
    [USER_STRANGER] = {0x90B3D51F30060000, NULL, NULL, NULL},
};

eui64 gateway_user_id(enum user user) {
    return USER[user].id;
}

static void need(bool good, const char *what, const char *reason) {
    if (!good)
        fail_msg("%s: %s", what, reason);
}

/* Inside of a transaction pg_stat_activity stands still unless told. */
void gateway_wait_for_lock(struct gateway *g) {
    static const char waiting[] =
        "select count(*) > 0 from pg_stat_activity where wait_event_type ="
        " 'Lock' and datname = current_database()";
    while (strcmp(gateway_ask(g, "%s", waiting), "t") != 0) {
        usleep(10000);
        gateway_tell(g, "select pg_stat_clear_snapshot()");
    }
}

static void register_users(struct gateway *g) {
    for (int i = 0; i < USERS; i++) {
        char id[EUI64_TEXT_SIZE];
        if (USER[i].roles)
            gateway_tell(g,
                         "insert into service_user values"
                         " ('%s', 'User %d', '%s', '%s', null,"
                         " '%s')",
                         eui64_format(USER[i].id, id), i, USER[i].roles,
                         USER[i].status, USER[i].duis_version);
        g->users[i] = test_identity_new(
            g->arena, &(struct test_certificate){.id = USER[i].id});
        gateway_trust(g, &g->users[i]);
    }
}

static const char *role_name(int role) {
    switch (role) {
    case CERTIFICATE_DEVICE:
        return "Device";
    case CERTIFICATE_SUPPLIER:
        return "Supplier";
    case CERTIFICATE_NETWORK_OPERATOR:
        return "NetworkOperator";
    case CERTIFICATE_ACB:
        return "ACB";
    case CERTIFICATE_USER_XML_SIGN:
        return "User";
    case CERTIFICATE_DSP_XML_SIGN:
        return "DSP";
    default:
        return "Other";
    }
}

void gateway_trust(struct gateway *g, const struct test_identity *identity) {
    struct certificate c;
    const char *reason = "";
    need(certificate_read(g->arena, identity->certificate_pem, &c, &reason),
         "certificate", reason);
    char id[EUI64_TEXT_SIZE];
    size_t len;
    unsigned char *der =
        PQescapeByteaConn(sql_connection(g->sql), c.der.data, c.der.len, &len);
    gateway_tell(g,
                 "insert into certificate values ('%s', %s, '%s', '%s',"
                 " '%s', to_timestamp(%jd), to_timestamp(%jd), null,"
                 " '%s')",
                 c.issuer, c.serial, eui64_format(c.id, id), role_name(c.role),
                 c.usage == CERTIFICATE_KEY_AGREEMENT ? "ka" : "ds",
                 (intmax_t)(c.not_before / SECOND),
                 (intmax_t)(c.not_after / SECOND), (char *)der);
    PQfreemem(der);
}

/* ---- starting ---- */

static void configure(struct gateway *g) {
    const char *reason = "";
    need(config_read(&g->config, NULL, g->arena, &reason), "config", reason);
    g->config.database_conninfo = pg_as_daemon(g->conninfo);
    g->config.user_listen = "127.0.0.1:0";
    g->config.csp_count = 2;
    g->config.csps[0] =
        (struct config_csp){.name = "north", .regions = "North, 4G North"};
    g->config.csps[1] =
        (struct config_csp){.name = "south-and-central",
                            .regions = "Central, South, 4G Central, 4G South"};
    config_set_regions(&g->config);
}

static void load_keys(struct gateway *g) {
    const char *reason = "";
    g->dsp = test_identity_new(
        g->arena, &(struct test_certificate){.id = ACB_ID, .role = "89"});
    g->requests.signer = duis_signer_new(g->arena, g->dsp.key_pem,
                                         g->dsp.certificate_pem, &reason);
    need(g->requests.signer, "signer", reason);
    need(certificate_read(g->arena, g->dsp.certificate_pem, &g->dsp_certificate,
                          &reason),
         "certificate", reason);
}

/* The official schema first, for duis_open() closes the doors of libxml2. */
static void open_libraries(void) {
    static bool open;
    if (open)
        return;
    checks_official = official_schema_open();
    if (!checks_official)
        printf("no official schema beside the tree: answers are checked "
               "against our own only\n");
    need(duis_open(), "duis_open", "failed");
    curl_global_init(CURL_GLOBAL_ALL);
    log_set_level(LOG_LEVEL_ERROR);
    open = true;
}

void gateway_publish(struct gateway *g, const char *device_type,
                     struct span manufacturer_image, const char *version) {
    estate_publish(g->sql, device_type, manufacturer_image, version);
}

struct gateway *gateway_new(void) {
    const char *conninfo = pg_fresh_database();
    open_libraries();
    struct arena *arena = arena_new();
    struct gateway *g = arena_zero(arena, 1, sizeof *g);
    g->arena = arena;
    g->conninfo = conninfo;
    g->sql = sql_open(conninfo);
    configure(g);
    estate_load(g->sql);
    load_keys(g);
    register_users(g);
    g->requests.config = &g->config;
    return g;
}

bool gateway_reload(struct gateway *g) {
    struct db *db = db_open(g->conninfo, "rules");
    struct rules *rules;
    bool loaded = rules_load(db, &rules) == DONE;
    if (loaded)
        rules_use(rules);
    db_close(db);
    return loaded;
}

void gateway_open(struct gateway *g) {
    const char *reason = "";
    need(gateway_reload(g), "rules", "unfit");
    g->listener = request_listen(&g->requests, &reason);
    need(g->listener, "http_listen", reason);
}

void gateway_close(struct gateway *g) {
    http_close(g->listener);
    g->listener = NULL;
    rules_use(NULL);
}

void gateway_free(struct gateway *g) {
    if (g->listener)
        gateway_close(g);
    sql_close(g->sql);
    arena_free(g->arena);
}

struct gateway *gateway_start(void) {
    struct gateway *g = gateway_new();
    gateway_open(g);
    return g;
}

/* ---- posting ---- */

static size_t take_octets(char *data, size_t size, size_t count,
                          void *context) {
    buffer_add(context, span_of(data, size * count));
    return size * count;
}

static const char *media_type_of(struct arena *arena, CURL *curl) {
    const char *type = NULL;
    curl_easy_getinfo(curl, CURLINFO_CONTENT_TYPE, &type);
    type = type ? type : "";
    return arena_text(arena, span_of(type, strcspn(type, "; ")));
}

static struct answer answer_of(struct arena *arena, CURL *curl,
                               const struct buffer *body) {
    long status = 0;
    curl_off_t retry_after = 0, microseconds = 0;
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
    curl_easy_getinfo(curl, CURLINFO_RETRY_AFTER, &retry_after);
    curl_easy_getinfo(curl, CURLINFO_TOTAL_TIME_T, &microseconds);
    char *text = arena_text(arena, buffer_span(body));
    return (struct answer){.http = (unsigned)status,
                           .media_type = media_type_of(arena, curl),
                           .retry_after = (unsigned)retry_after,
                           .body = span_of(text, body->len),
                           .seconds = (double)microseconds / 1e6};
}

struct answer http_fetch(struct arena *arena, const char *socket_path,
                         const char *url, struct span body) {
    CURL *curl = curl_easy_init();
    struct buffer got = {0};
    struct curl_slist *headers =
        curl_slist_append(NULL, "Content-Type: application/xml");
    headers = curl_slist_append(headers, "Expect:");
    curl_easy_setopt(curl, CURLOPT_URL, url);
    if (socket_path)
        curl_easy_setopt(curl, CURLOPT_UNIX_SOCKET_PATH, socket_path);
    if (body.data) {
        curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
        curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE,
                         (curl_off_t)body.len);
        curl_easy_setopt(curl, CURLOPT_POSTFIELDS, body.data);
    }
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take_octets);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, &got);
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT, 120L);
    curl_easy_perform(curl);
    struct answer answer = answer_of(arena, curl, &got);
    curl_slist_free_all(headers);
    curl_easy_cleanup(curl);
    buffer_free(&got);
    return answer;
}

struct answer gateway_post_raw(const struct gateway *g, struct arena *arena,
                               const char *service, struct span body) {
    const char *url = arena_printf(arena, "http://127.0.0.1:%u/api/v1/%s",
                                   http_port(g->listener), service);
    return http_fetch(arena, NULL, url, body);
}

/* ---- checking ---- */

static void check_duis(const struct gateway *g, struct arena *arena,
                       const struct answer *answer) {
    struct duis_document document;
    struct duis_fault fault = {0};
    const char *reason = "";
    assert_string_equal(answer->media_type, "application/xml");
    need(duis_document_parse(arena, answer->body, DUIS_RESPONSE, &document,
                             &fault) == DUIS_PARSED,
         "our schema refuses the answer", fault.reason);
    need(!checks_official || official_schema_accepts(answer->body),
         "the official schema refuses the answer", official_schema_reason());
    need(duis_signature_verify(arena, &document, DUIS_STRICT,
                               g->dsp_certificate.key, &reason),
         "the answer's signature", reason);
}

static const char *xml_text(struct arena *arena, struct span body,
                            const char *name) {
    const char *tag = arena_printf(arena, "<sr:%s>", name);
    const char *at = memmem(body.data, body.len, tag, strlen(tag));
    if (!at)
        return "";
    at += strlen(tag);
    return arena_text(arena, span_of(at, strcspn(at, "<")));
}

/* RequestID as received; ResponseID = target:originator:counter, in fotad's
 * own writing: upper case, no zeros in front. */
static void check_ids(struct arena *arena, struct span body,
                      const struct answer *answer) {
    enum { PART = EUI64_TEXT_LEN + 1 };
    const char *id = xml_text(arena, body, "RequestID");
    assert_string_equal(xml_text(arena, answer->body, "RequestID"), id);
    assert_true(strlen(id) > 2 * PART);
    char *turned = arena_printf(arena, "%.23s:%.23s:%ju", id + PART, id,
                                (uintmax_t)strtoull(id + 2 * PART, NULL, 10));
    for (char *c = turned; *c; c++)
        *c = (char)toupper((unsigned char)*c);
    assert_string_equal(xml_text(arena, answer->body, "ResponseID"), turned);
}

void gateway_check(const struct gateway *g, struct arena *arena,
                   struct span body, const struct answer *answer) {
    switch (answer->http) {
    case 200:
    case 500:
        check_duis(g, arena, answer);
        check_ids(arena, body, answer);
        break;
    default:
        assert_string_equal(answer->media_type, "application/problem+json");
    }
}

struct answer gateway_post(struct gateway *g, const char *service,
                           struct span body) {
    struct answer answer = gateway_post_raw(g, g->arena, service, body);
    gateway_check(g, g->arena, body, &answer);
    return answer;
}

/* ---- Service Requests ---- */

const char *gateway_request_id(struct gateway *g, eui64 originator) {
    char from[EUI64_TEXT_SIZE], to[EUI64_TEXT_SIZE];
    return arena_printf(g->arena, "%s:%s:%ju", eui64_format(originator, from),
                        eui64_format(ACB_ID, to), (uintmax_t)++g->counter);
}

struct span gateway_sign(struct gateway *g, enum user user,
                         const struct test_request *wanted) {
    struct test_request request = *wanted;
    struct buffer image = {0}, text = {0};
    if (!request.request_id)
        request.request_id = gateway_request_id(g, USER[user].id);
    if (!request.image.len) {
        estate_image(span_text(FOR_ALL), request.body == DUIS_UPDATE_FIRMWARE,
                     &image);
        request.image = buffer_span(&image);
    }
    test_request_signed(&request, &g->users[user], &text);
    struct span body = arena_copy(g->arena, buffer_span(&text));
    buffer_free(&image);
    buffer_free(&text);
    return body;
}

struct answer gateway_send(struct gateway *g, enum user user,
                           const struct test_request *request) {
    return gateway_post(g, "serviceD", gateway_sign(g, user, request));
}

struct answer gateway_send_devices(struct gateway *g, enum user user,
                                   bool ppmid, const char *image,
                                   const eui64 *devices) {
    struct buffer octets = {0};
    size_t count = 0;
    while (devices[count])
        count++;
    estate_image(span_text(image ? image : FOR_ALL), !ppmid, &octets);
    struct answer answer = gateway_send(
        g, user,
        &(struct test_request){.body = ppmid ? DUIS_UPDATE_PPMID_FIRMWARE
                                             : DUIS_UPDATE_FIRMWARE,
                               .image = buffer_span(&octets),
                               .device_ids = devices,
                               .device_id_count = count});
    buffer_free(&octets);
    return answer;
}

const char *answer_text(struct gateway *g, const struct answer *answer,
                        const char *name) {
    static const char VERSION[] = "schemaVersion=\"";
    if (strcmp(name, "schemaVersion") != 0)
        return xml_text(g->arena, answer->body, name);
    const char *at = strstr((const char *)answer->body.data, VERSION);
    if (!at)
        return "";
    at += strlen(VERSION);
    return arena_text(g->arena, span_of(at, strcspn(at, "\"")));
}

const char *answer_says(struct gateway *g, const struct answer *answer) {
    if (strcmp(answer->media_type, "application/xml") == 0)
        return xml_text(g->arena, answer->body, "ResponseCode");
    const char *detail = strstr((const char *)answer->body.data, "\"detail\":");
    return detail ? detail : (const char *)answer->body.data;
}

static const char *ids_text(struct gateway *g, const eui64 *ids) {
    const char *text = "";
    for (size_t i = 0; i < MOST_REFUSED && ids[i]; i++) {
        char one[EUI64_TEXT_SIZE];
        text = arena_printf(g->arena, "%s%s%s", text, i ? "," : "",
                            eui64_format(ids[i], one));
    }
    return text;
}

void answer_check_lists(struct gateway *g, const struct answer *answer,
                        const refused_lists refused) {
    static const char *const names[DUIS_WARNING_LISTS] = {
        "InvalidDeviceIDList", "NotCommissionedDeviceIDList",
        "NotApplicableFirmwareDeviceIDList", "OtherRequestInProgressList",
        "InvalidGBCSVersionList"};
    for (int i = 0; i < DUIS_WARNING_LISTS; i++)
        assert_string_equal(answer_text(g, answer, names[i]),
                            ids_text(g, refused[i]));
}

const char *gateway_tracked(struct gateway *g) {
    return gateway_ask(
        g, "select coalesce(string_agg(part, ', ' order by status), 'nothing')"
           " from (select count(*) || ' ' || status, status from tracking"
           " group by status union all select 'image', null"
           " where exists (select from firmware_image)) t (part, status)");
}

void gateway_forget(struct gateway *g) {
    gateway_tell(g, "delete from tracking_live; delete from tracking_history;"
                    "delete from distribution; delete from firmware_image;"
                    "delete from service_request");
}
