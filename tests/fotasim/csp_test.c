/*
 * The emulated CSP with its hubs: what fotad is told of jobs. A fake listener
 * stands for fotad and remembers what came.
 */
#include "support/check.h"

#include "base/arena.h"
#include "base/base64.h"
#include "base/eui64.h"
#include "base/memory.h"
#include "fotasim/csp.h"
#include "fotasim/verbs.h"
#include "gbcs/payload.h"
#include "http/client.h"
#include "support/clock.h"
#include "support/fake_csp.h"

#include <ftw.h>
#include <stdio.h>
#include <string.h>

#include <unistd.h>

#define HUB "00-DB-00-00-00-00-01-00"
#define ESME "00-DB-00-00-00-00-01-01"
#define GSME "00-DB-00-00-00-00-01-02"
#define PPMID "00-DB-00-00-00-00-01-03"
#define SENDER "90-B3-D5-1F-30-01-00-00:00-DB-00-00-00-00-01-01:1"

struct world {
    char folder[64];
    struct arena *arena;
    struct fake_csp *fotad;
    struct csp_sim *csp;
    struct http_client *http;
    unsigned jobs;
};

static const char *path(struct world *world, const char *name) {
    return arena_printf(world->arena, "%s/%s", world->folder, name);
}

static void write_faults(struct world *world, const char *file,
                         const char *rows) {
    const char *whole = path(world, "new");
    assert_true(write_whole(whole, span_text(rows)));
    assert_int_equal(rename(whole, path(world, file)), 0);
}

static int set_up(void **state) {
    static struct world world;
    world = (struct world){
        .folder = "/tmp/fotasim-test-XXXXXX",
        .arena = arena_new(),
        .fotad = fake_csp_start(),
        .http = http_client_new(&(struct http_client_options){.bearer = "f"})};
    fake_csp_script(world.fotad, "200", "200");
    assert_non_null(mkdtemp(world.folder));
    char *words[] = {arena_text(world.arena, span_text("pki")), world.folder,
                     NULL};
    assert_int_equal(verb_pki(2, words), 0);
    write_faults(&world, "csp.faults", "");
    write_faults(&world, "device.faults", "");
    const char *reason;
    world.csp = csp_sim_start(
        &(struct csp_options){.listen = "127.0.0.1:0",
                              .name = "north",
                              .fotad = fake_csp_url(world.fotad),
                              .token = "n",
                              .state = path(&world, "state"),
                              .faults = path(&world, "csp.faults"),
                              .pki = world.folder,
                              .seed = 3,
                              .device_faults = path(&world, "device.faults")},
        &reason);
    assert_non_null(world.csp);
    *state = &world;
    return 0;
}

static int remove_one(const char *name, const struct stat *status, int type,
                      struct FTW *place) {
    (void)status, (void)type, (void)place;
    return remove(name);
}

static int tear_down(void **state) {
    struct world *world = *state;
    csp_sim_stop(world->csp);
    fake_csp_stop(world->fotad);
    http_client_free(world->http);
    nftw(world->folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
    arena_free(world->arena);
    return 0;
}

/* ---- what fotad does ---- */

static void job(struct world *world, const char *type, const char *device) {
    const char *id = arena_printf(world->arena, "job %u", ++world->jobs);
    const char *headers[] = {
        arena_printf(world->arena, "Idempotency-Key: %s", id),
        "Content-Type: application/json", NULL};
    struct http_answer answer;
    assert_true(http_client_send(
        world->http,
        &(struct http_message){
            .method = "POST",
            .url =
                arena_printf(world->arena, "http://127.0.0.1:%u/firmware-jobs",
                             csp_sim_port(world->csp)),
            .headers = headers,
            .body = span_text(arena_printf(
                world->arena,
                "{\"jobId\":\"%s\",\"requestId\":\"" SENDER
                "\",\"deviceType\":\"%s\",\"firmwareVersion\":\"0000002A\","
                "\"imageId\":\"00\",\"targets\":[{\"deviceId\":\"%s\","
                "\"commsHubId\":\"" HUB "\"}]}",
                id, type, device))},
        &answer));
    assert_int_equal(answer.status, 202);
    http_answer_free(&answer);
}

/* ---- what fotad hears, in words ---- */

/* Of the supplier and of device types nothing is said here: who and what. */
static void message_word(struct world *world, struct buffer *words,
                         const json_t *message) {
    const char *text = json_string_value(json_object_get(message, "payload"));
    uint8_t *octets =
        arena_alloc(world->arena, base64_most_octets(strlen(text)));
    ptrdiff_t len = base64_parse(span_text(text), octets);
    struct gbcs_message parsed;
    struct gbcs_payload payload;
    const char *reason;
    assert_true(
        gbcs_message_parse(span_of(octets, (size_t)len), &parsed, &reason) &&
        gbcs_payload_read(&parsed, &payload, &reason));
    eui64 device = payload.device ? payload.device : parsed.header.originator;
    buffer_printf(words, "%04X/%u:%02X ", payload.alert_code, payload.result,
                  (unsigned)(device & 0xFF));
}

static void post_words(struct world *world, struct buffer *words,
                       const struct fake_request *post) {
    if (strstr(post->path, "validation-reports")) {
        const json_t *rejected = json_object_get(post->json, "rejected");
        buffer_printf(
            words, "report%s/%zu ",
            strstr(json_string_value(json_object_get(post->json, "reportId")),
                   "job ") +
                4,
            json_array_size(rejected));
    } else if (strstr(post->path, "notifications")) {
        buffer_printf(
            words, "%s:%s ",
            json_string_value(json_object_get(post->json, "status")),
            json_string_value(json_object_get(post->json, "deviceId")) + 21);
    } else {
        for (size_t i = 0; i < json_array_size(post->json); i++)
            message_word(world, words, json_array_get(post->json, i));
    }
}

static const char *heard(struct world *world) {
    struct buffer words = {0};
    size_t count = fake_csp_count(world->fotad, "POST");
    for (size_t i = 0; i < count; i++) {
        struct fake_request post = fake_csp_request(world->fotad, "POST", i);
        post_words(world, &words, &post);
    }
    buffer_add(&words, span_of("", 1));
    const char *text = arena_text(world->arena, buffer_span(&words));
    buffer_free(&words);
    return text;
}

/* That, soon, and in that order. */
static void hears(struct world *world, const char *words) {
    const struct timespec pause = {.tv_nsec = 10000000};
    for (instant end = clock_elapsed() + 10 * SECOND * patience();
         strcmp(heard(world), words) != 0; nanosleep(&pause, NULL))
        if (clock_elapsed() > end)
            fail_msg("heard \"%s\" and not \"%s\"", heard(world), words);
}

/* ---- jobs ---- */

static void an_image_is_notified_when_it_is_in_the_hub(void **state) {
    struct world *world = *state;
    write_faults(world, "device.faults", "off 100 " GSME "\n");
    job(world, "GSME", GSME);
    hears(world, "report1/0 Success:02 ");
    job(world, "PPMID", PPMID);
    hears(world, "report1/0 Success:02 report2/0 ");
    job(world, "ESME", ESME);
    hears(world, "report1/0 Success:02 report2/0 report3/0 Success:01 "
                 "8F72/0:01 8F8A/0:01 ");
    write_faults(world, "device.faults", "");
    hears(world, "report1/0 Success:02 report2/0 report3/0 Success:01 "
                 "8F72/0:01 8F8A/0:01 Success:03 8F72/0:02 8F8A/0:02 "
                 "8F8B/0:03 8F8A/0:03 ");
}

static void a_hub_goes_by_the_clock_of_the_program(void **state) {
    struct world *world = *state;
    write_faults(world, "device.faults", "off 100\n");
    job(world, "GSME", GSME);
    hears(world, "report1/0 Success:02 ");
    job(world, "PPMID", PPMID);
    hears(world, "report1/0 Success:02 report2/0 ");
    usleep(500000); /* the image comes to its hub after the report, unheard */
    instant begun = clock_now();
    test_clock_move(15 * DAY);
    hears(world, "report1/0 Success:02 report2/0 Success:03 8F89/1:02 ");
    instant when;
    const json_t *told = fake_csp_request(world->fotad, "POST", 3).json;
    assert_true(instant_parse(
        span_text(json_string_value(json_object_get(told, "timestamp"))),
        &when));
    assert_in_range(begun + 14 * DAY - when, 0, MINUTE);
    test_clock_move(14 * DAY);
    hears(world, "report1/0 Success:02 report2/0 Success:03 8F89/1:02 "
                 "8F89/1:03 ");
}

static void what_is_discarded_while_it_waits_is_not_notified(void **state) {
    struct world *world = *state;
    write_faults(world, "device.faults", "off 100 " GSME "\n");
    job(world, "GSME", GSME);
    hears(world, "report1/0 Success:02 ");
    job(world, "PPMID", PPMID);
    hears(world, "report1/0 Success:02 report2/0 ");
    job(world, "PPMID", PPMID);
    hears(world, "report1/0 Success:02 report2/0 report3/0 8F89/1:03 ");
    write_faults(world, "device.faults", "");
    hears(world, "report1/0 Success:02 report2/0 report3/0 8F89/1:03 "
                 "Success:03 8F72/0:02 8F8A/0:02 8F8B/0:03 8F8A/0:03 ");
}

static void a_hub_without_wan_gets_it_later(void **state) {
    struct world *world = *state;
    write_faults(world, "device.faults", "no_wan 100 " HUB "\n");
    job(world, "PPMID", PPMID);
    hears(world, "report1/0 ");
    write_faults(world, "device.faults", "");
    hears(world, "report1/0 Success:03 8F8B/0:03 8F8A/0:03 ");
}

static void a_job_is_never_reported(void **state) {
    struct world *world = *state;
    write_faults(world, "csp.faults", "reports 0\nsilent 100\n");
    job(world, "ESME", ESME);
    write_faults(world, "csp.faults", "silent 100\n");
    job(world, "ESME", ESME);
    hears(world, "report2/0 ");
    write_faults(world, "csp.faults", "silent 100\nreports 2\n");
    job(world, "ESME", ESME);
    hears(world, "report2/0 report3/0 report3/0 ");
}

static void a_report_contradicts_another(void **state) {
    struct world *world = *state;
    write_faults(world, "csp.faults", "contradict 100\nsilent 100\n");
    job(world, "ESME", ESME);
    hears(world, "report1/0 report1 otherwise/1 ");
    write_faults(world, "csp.faults",
                 "contradict 100\nreject 100 IMAGE_INVALID\n");
    job(world, "ESME", ESME);
    hears(world, "report1/0 report1 otherwise/1 report2/1 "
                 "report2 otherwise/0 ");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void) {
    test_clock_open(NULL);
    const struct CMUnitTest tests[] = {
        TEST(an_image_is_notified_when_it_is_in_the_hub),
        TEST(a_hub_goes_by_the_clock_of_the_program),
        TEST(what_is_discarded_while_it_waits_is_not_notified),
        TEST(a_hub_without_wan_gets_it_later),
        TEST(a_job_is_never_reported),
        TEST(a_report_contradicts_another),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
