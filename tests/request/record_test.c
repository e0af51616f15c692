/*
 * The Service Audit Trail of requests (requirement H1): each request as it
 * came but for its image, who brought it, its answer, each refusal; enough to
 * check its signature again. What is not authentic cannot fill the disk.
 */
#include "support/check.h"
#include "support/user_gateway.h"

#include "base/base64.h"
#include "request/record.h"

#include <jansson.h>
#include <openssl/sha.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* ---- fotactl, for it closes the libraries that this process has open ---- */

static const char *fotactl_path(struct gateway *g) {
    char path[4096];
    ssize_t len = readlink("/proc/self/exe", path, sizeof path - 1);
    assert_true(len > 0);
    path[len] = '\0';
    *strstr(path, "/tests/") = '\0';
    return arena_printf(g->arena, "%s/fotactl", path);
}

static int fotactl(struct gateway *g, const char *words, json_t **json) {
    char config[] = "/tmp/fotad-record-XXXXXX";
    int descriptor = mkstemp(config);
    dprintf(descriptor, "[database]\nconninfo = %s\n", g->conninfo);
    close(descriptor);
    FILE *pipe = popen(arena_printf(g->arena, "%s --config %s %s --json 2>&1",
                                    fotactl_path(g), config, words),
                       "r");
    assert_non_null(pipe);
    *json = json_loadf(pipe, JSON_DISABLE_EOF_CHECK, NULL);
    int status = pclose(pipe);
    unlink(config);
    return status;
}

static const char *text_in(json_t *json, const char *name) {
    const char *text = json_string_value(json_object_get(json, name));
    return text ? text : "";
}

/* The entry shows the request octet for octet, and its signature is good. */
static void expect_recorded(struct gateway *g, const char *entry,
                            struct span body, struct span answer) {
    json_t *json;
    const char *file = arena_printf(g->arena, "/tmp/fotad-record-%d", getpid());
    const char *words =
        arena_printf(g->arena, "sat request %s --out %s", entry, file);
    assert_int_equal(fotactl(g, words, &json), 0);
    assert_string_equal(text_in(json, "signature"), "good");
    assert_true(json_is_true(json_object_get(json, "intact")));
    assert_true(span_equal(span_text(text_in(json, "answer")), answer));
    json_decref(json);
    struct buffer octets = {0};
    FILE *stream = fopen(file, "r");
    assert_non_null(stream);
    octets.len =
        fread(buffer_room(&octets, body.len + 1), 1, body.len + 1, stream);
    fclose(stream);
    unlink(file);
    assert_true(span_equal(buffer_span(&octets), body));
    buffer_free(&octets);
}

#define LAST "select max(entry_no) from sat_entry where kind = 'request'"

/* ---- requests ---- */

static const eui64 one[] = {PPMID(PLAIN)};

static struct span sign_update(struct gateway *g, enum user user) {
    return gateway_sign(
        g, user,
        &(struct test_request){.body = DUIS_UPDATE_PPMID_FIRMWARE,
                               .device_ids = one,
                               .device_id_count = 1});
}

/* Of a device that is nowhere. */
static struct span sign_reading(struct gateway *g) {
    char user[EUI64_TEXT_SIZE], device[EUI64_TEXT_SIZE];
    return gateway_sign(
        g, USER_A,
        &(struct test_request){.request_id = arena_printf(
                                   g->arena, "%s:%s:%ju",
                                   eui64_format(gateway_user_id(USER_A), user),
                                   eui64_format(NOWHERE, device),
                                   (uintmax_t)++g->counter),
                               .body = DUIS_READ_FIRMWARE_VERSION});
}

static void a_request_is_recorded_without_its_image(void **state) {
    (void)state;
    struct gateway *g = gateway_start();
    struct span body = sign_update(g, USER_A);
    struct answer answer = gateway_post(g, "serviceD", body);
    assert_string_equal(answer_says(g, &answer), "I99");
    sql_expect(g->sql, "t|90:b3:d5:1f:30:01:00:00|I99|t|t|t",
               "select e.request_no = s.request_no, e.party, e.code,"
               " e.detail ~ '^serviceD 11\\.4 accepted, from 127\\.0\\.0\\.1:',"
               " r.octets - octet_length(r.request) > 100, r.image_at > 0"
               " from sat_entry e join sat_request r using (entry_no)"
               " join service_request s on s.request_no = e.request_no"
               " where kind = 'request'");
    expect_recorded(g, gateway_ask(g, LAST), body, answer.body);
    gateway_free(g);
}

static void an_image_in_lines_is_put_back_in_lines(void **state) {
    (void)state;
    static const char *const breaks[] = {"\n", "\r\n", "\n        "};
    struct gateway *g = gateway_start();
    for (size_t i = 0; i < sizeof breaks / sizeof *breaks; i++) {
        struct buffer plain = {0}, letters = {0}, lines = {0}, changed = {0},
                      body = {0};
        struct buffer octets = {0};
        estate_image(span_text(FOR_ALL), false, &octets);
        struct span image = buffer_span(&octets);
        test_request_build(
            &(struct test_request){
                .request_id = gateway_request_id(g, gateway_user_id(USER_A)),
                .body = DUIS_UPDATE_PPMID_FIRMWARE,
                .image = image,
                .device_ids = one,
                .device_id_count = 1},
            &plain);
        base64_add(&letters, image);
        buffer_text(&letters, "");
        for (size_t at = 0; at < letters.len; at += 76)
            buffer_printf(&lines, "%.76s%s", (char *)letters.data + at,
                          at + 76 < letters.len ? breaks[i] : "\n");
        test_replace(buffer_span(&plain), (char *)letters.data,
                     (char *)lines.data, &changed);
        test_sign(buffer_span(&changed),
                  &(struct test_signing){.signer = &g->users[USER_A]}, &body);
        gateway_forget(g);
        struct answer answer = gateway_post(g, "serviceD", buffer_span(&body));
        assert_string_equal(answer_says(g, &answer), "I99");
        sql_expect(g->sql, "76|t",
                   "select line_length, image_at is not null from sat_request"
                   " order by entry_no desc limit 1");
        expect_recorded(g, gateway_ask(g, LAST), buffer_span(&body),
                        answer.body);
        buffer_free(&plain), buffer_free(&letters), buffer_free(&lines);
        buffer_free(&changed), buffer_free(&body), buffer_free(&octets);
    }
    gateway_free(g);
}

/* Its signature can be checked no more, but all else is there. */
static void a_request_outlives_its_image(void **state) {
    (void)state;
    struct gateway *g = gateway_start();
    gateway_post(g, "serviceD", sign_update(g, USER_A));
    gateway_tell(g, "delete from firmware_image");
    json_t *json;
    assert_int_equal(
        fotactl(g,
                arena_printf(g->arena, "sat request %s", gateway_ask(g, LAST)),
                &json),
        0);
    assert_string_equal(text_in(json, "signature"),
                        "not checked: its image is not kept any more");
    assert_non_null(strstr(text_in(json, "request"), "UpdatePPMIDFirmware"));
    json_decref(json);
    gateway_free(g);
}

static void a_refusal_is_recorded_and_so_is_who_asks_again(void **state) {
    (void)state;
    struct gateway *g = gateway_start();
    struct span body = sign_update(g, USER_EXPORT);
    struct answer answer = gateway_post(g, "serviceD", body);
    assert_string_equal(answer_says(g, &answer), "E2");
    gateway_post(g, "serviceD", body);
    struct span good = sign_reading(g);
    gateway_post(g, "serviceS", good);
    gateway_post(g, "serviceS", good);
    struct answer used = gateway_post(g, "serviceT", good);
    sql_expect(g->sql, "5",
               "select count(*) from sat_entry where kind ="
               " 'request'");
    assert_string_equal(
        gateway_ask(g, "select string_agg(concat_ws(' ', code,"
                       " record is not null, detail ~ 'the same again'), ', '"
                       " order by entry_no) from sat_entry"
                       " where kind = 'request' and party ="
                       " '90b3d51f30030000'"),
        "E2 t f, E2 f t");
    assert_string_equal(gateway_ask(g, "select code from sat_entry where"
                                       " entry_no = (" LAST ")"),
                        answer_says(g, &used));
    const char *again =
        gateway_ask(g, "select min(entry_no) from sat_entry where detail ~"
                       " 'the same again'");
    /* the image of a refused request is not kept */
    json_t *json;
    assert_int_equal(
        fotactl(g, arena_printf(g->arena, "sat request %s", again), &json), 0);
    assert_true(json_is_true(json_object_get(json, "intact")));
    assert_true(json_is_integer(json_object_get(json, "recordedIn")));
    json_decref(json);
    gateway_free(g);
}

static void a_request_for_a_device_is_recorded(void **state) {
    (void)state;
    struct gateway *g = gateway_start();
    struct span body = sign_reading(g);
    struct answer answer = gateway_post(g, "serviceS", body);
    expect_recorded(g, gateway_ask(g, LAST), body, answer.body);
    gateway_free(g);
}

static void what_is_recorded_cannot_be_changed(void **state) {
    (void)state;
    static const char *const changes[] = {
        "update sat_request_rest set request = 'x'",
        "update sat_request_rest set answer = null",
        "update sat_request_rest set octets = octets + 1",
        "delete from sat_request_rest",
    };
    struct gateway *g = gateway_start();
    gateway_post(g, "serviceD", sign_update(g, USER_A));
    while (strcmp(gateway_ask(g, "select count(*) from sat_seal"), "0") == 0) {
        sql_find(g->sql, "select seal_trail(now(), 1000)");
        usleep(50000);
    }
    json_t *json;
    assert_int_equal(fotactl(g, "sat verify", &json), 0);
    json_decref(json);
    for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
        gateway_tell(g, "create table was as table sat_request_rest; %s",
                     changes[i]);
        assert_int_not_equal(fotactl(g, "sat verify", &json), 0);
        json_t *fault = json_array_get(json_object_get(json, "faults"), 0);
        assert_string_equal(text_in(fault, "fault"),
                            "a request is missing or was changed");
        json_decref(json);
        gateway_tell(g, "delete from sat_request_rest; insert into"
                        " sat_request_rest table was; drop table was");
    }
    gateway_free(g);
}

/* ---- what is not authentic ---- */

static void little_is_kept_of_what_is_not_authentic(void **state) {
    (void)state;
    struct gateway *g = gateway_start();
    struct buffer forged = {0};
    eui64 many[200];
    for (size_t i = 0; i < sizeof many / sizeof *many; i++)
        many[i] = BULK(i);
    test_replace(
        gateway_sign(g, USER_A,
                     &(struct test_request){.body = DUIS_UPDATE_PPMID_FIRMWARE,
                                            .device_ids = many,
                                            .device_id_count = 200}),
        "0123ABCD", "0123ABCE", &forged);
    struct answer answer = gateway_post(g, "serviceD", buffer_span(&forged));
    assert_string_equal(answer_says(g, &answer), "E1");
    answer = gateway_post(g, "serviceD", span_text("<no request/>"));
    assert_int_equal(answer.http, 400);
    assert_string_equal(
        gateway_ask(g, "select string_agg(concat_ws(' ', e.code, e.party is"
                       " null, detail ~ 'not authentic', octet_length("
                       " r.request), r.octets > octet_length(r.request)), ', '"
                       " order by e.entry_no) from sat_entry e"
                       " join sat_request r using (entry_no)"),
        "E1 t t 2048 t, t t 13 f");
    buffer_free(&forged);
    gateway_free(g);
}

/* As many as anybody likes to send: some have an entry each, of the others
 * there is a sum. */
static void a_flood_is_summed_up(void **state) {
    (void)state;
    enum { FLOOD = 700 };
    struct gateway *g = gateway_start();
    for (int i = 0; i < FLOOD; i++) {
        struct arena *arena = arena_new();
        gateway_post_raw(g, arena, "serviceD", span_text("<no request/>"));
        arena_free(arena);
    }
    int64_t kept = sql_int(g->sql, "select count(*) from sat_entry"
                                   " where kind = 'request'");
    if (kept < 400 || kept > 520)
        fail_msg("%jd entries", (intmax_t)kept);
    struct db *db = db_open(g->config.database_conninfo, "test");
    assert_int_equal(request_record_kept(db, true), DONE);
    assert_int_equal(request_record_kept(db, true), DONE);
    sql_expect(g->sql, "1",
               "select count(*) from sat_entry where detail ~"
               " '^%jd more that were not authentic, of %jd octets, since '",
               (intmax_t)(FLOOD - kept), (intmax_t)(13 * (FLOOD - kept)));
    db_close(db);
    gateway_free(g);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_request_is_recorded_without_its_image),
        cmocka_unit_test(an_image_in_lines_is_put_back_in_lines),
        cmocka_unit_test(a_request_outlives_its_image),
        cmocka_unit_test(a_refusal_is_recorded_and_so_is_who_asks_again),
        cmocka_unit_test(a_request_for_a_device_is_recorded),
        cmocka_unit_test(what_is_recorded_cannot_be_changed),
        cmocka_unit_test(little_is_kept_of_what_is_not_authentic),
        cmocka_unit_test(a_flood_is_summed_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
