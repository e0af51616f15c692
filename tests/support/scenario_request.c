/* What Users ask in a scenario: 11.1 to 11.4, and the answers. */
#include "support/check.h"
#include "support/scenario.h"
#include "support/scenario_files.h"

#include "base/base64.h"
#include "base/hex.h"
#include "cpl/ota.h"
#include "fotasim/catalogue.h"
#include "fotasim/estate.h"
#include "fotasim/service_request.h"
#include "fotasim/user_message.h"
#include "fotasim/verbs.h"
#include "gbcs/crypto.h"
#include "http/client.h"

#include <openssl/sha.h>
#include <stdio.h>
#include <stdlib.h>

/* ---- images ---- */

static const struct sim_firmware *firmware_of(struct scenario *s,
                                              const char *name) {
    const struct sim_firmware *firmware = sim_firmware_find(name);
    if (!firmware)
        scenario_fail(s, "no image is called %s", name);
    return firmware;
}

struct span scenario_manufacturer_image(struct scenario *s, const char *name) {
    const struct sim_firmware *firmware = firmware_of(s, name);
    struct buffer image = {0};
    sim_manufacturer_image(
        firmware, sim_manufacturer_octets(firmware, SCENARIO_IMAGE_OCTETS),
        &image);
    arena_adopt(s->arena, image.data, free);
    return buffer_span(&image);
}

struct span scenario_image(struct scenario *s, const char *name) {
    const char *path = arena_printf(s->arena, "%s/%s.ota", s->folder, name);
    struct buffer image = {0};
    if (!scenario_verb(verb_image,
                       arena_printf(s->arena,
                                    "image --octets %d --output %s %s",
                                    SCENARIO_IMAGE_OCTETS, path, name)) ||
        !read_whole(path, &image))
        scenario_fail(s, "the image %s cannot be made", name);
    arena_adopt(s->arena, image.data, free);
    return buffer_span(&image);
}

/* ---- requests and answers ---- */

static struct span write_request(struct scenario *s, unsigned supplier,
                                 struct service_request *request) {
    struct buffer out = {0};
    if (!request->counter)
        request->counter = ++s->counter;
    if (!service_request_write(request, s->signers[supplier - 1], &out))
        scenario_fail(s, "the key of supplier %u does not sign", supplier);
    arena_adopt(s->arena, out.data, free);
    return buffer_span(&out);
}

struct span scenario_update(struct scenario *s, unsigned supplier,
                            const char *image, const eui64 *ids, size_t count) {
    const struct sim_firmware *firmware = firmware_of(s, image);
    return write_request(
        s, supplier,
        &(struct service_request){
            .variant = sim_update_service(sim_models[firmware->model].type),
            .target = sim_acb,
            .image = scenario_image(s, image),
            .firmware_version =
                arena_printf(s->arena, "%08X", firmware->version),
            .device_ids = ids,
            .device_count = count});
}

const char *scenario_element(struct scenario *s, const char *document,
                             const char *name) {
    const char *tag = arena_printf(s->arena, "<sr:%s>", name);
    const char *at = strstr(document, tag);
    if (!at)
        return "";
    at += strlen(tag);
    return arena_text(s->arena, span_of(at, strcspn(at, "<")));
}

/* As a User would: schema, signature of the DSP, and that it is the answer to
 * this request. */
static void check_answer(struct scenario *s, struct span request,
                         struct span answer) {
    struct user_message response;
    const char *reason;
    struct arena *arena = arena_new();
    if (!user_message_read(arena, answer, s->dsp, &response, &reason))
        scenario_fail(s, "an answer is not good: %s", reason);
    const char *asked =
        scenario_element(s, arena_text(arena, request), "RequestID");
    if (strcmp(asked, response.request_id) != 0)
        scenario_fail(s, "the answer to %s is to %s", asked,
                      response.request_id);
    arena_free(arena);
}

static const char *const XML[] = {"Content-Type: application/xml", NULL};

static struct http_message post_of(struct scenario *s, const char *service,
                                   struct span request) {
    return (struct http_message){
        .method = "POST",
        .url = arena_printf(s->arena, "http://%s:%u/api/v1/%s",
                            scenario_host(s, LINE_FROM_USERS), s->user_port,
                            service),
        .headers = XML,
        .body = request};
}

/* NULL when fotad is away or busy. Frees the answer. */
static const char *take_answer(struct scenario *s, struct span request,
                               struct http_answer *answer) {
    const char *text = NULL;
    unsigned status = answer->status;
    if (status == 200) {
        text = arena_text(s->arena, buffer_span(&answer->body));
        check_answer(s, request, buffer_span(&answer->body));
    }
    s->refusal = arena_printf(s->arena, "%u %s", status, answer->error);
    s->retry_after = answer->retry_after;
    http_answer_free(answer);
    if (!text && status && status < 500)
        scenario_fail(s, "a request was answered %u", status);
    return text;
}

const char *scenario_post(struct scenario *s, const char *service,
                          struct span request) {
    struct http_message message = post_of(s, service, request);
    struct http_answer answer;
    http_client_send(s->http, &message, &answer);
    return take_answer(s, request, &answer);
}

void scenario_post_both(struct scenario *s,
                        const struct span requests[static 2],
                        const char *answers[static 2]) {
    const struct http_message messages[] = {
        post_of(s, "serviceD", requests[0]),
        post_of(s, "serviceD", requests[1])};
    struct http_answer got[2];
    http_client_send_many(s->http, messages, got, 2);
    for (size_t i = 0; i < 2; i++)
        if (!(answers[i] = take_answer(s, requests[i], &got[i])))
            scenario_fail(s, "a request is not answered");
}

static const char *answered(struct scenario *s, const char *service,
                            struct span request, const char *code) {
    const char *answer = scenario_post(s, service, request);
    const char *got =
        answer ? scenario_element(s, answer, "ResponseCode") : "nothing";
    if (strcmp(got, code) != 0)
        scenario_fail(s, "answered %s (%s), not %s", got, s->refusal, code);
    return answer;
}

static unsigned supplier_of(struct scenario *s, const char *word) {
    unsigned supplier = (unsigned)strtoul(word, NULL, 10);
    if (supplier < 1 || supplier > SCENARIO_SUPPLIERS)
        scenario_fail(s, "%s is no supplier", word);
    return supplier;
}

/* ---- 11.1 and 11.4 ---- */

enum { MOST_LISTED = 16 };

static size_t read_list(struct scenario *s, const char *names,
                        eui64 ids[static MOST_LISTED]) {
    size_t count = 0;
    char *rest = arena_text(s->arena, span_text(names));
    for (char *name; (name = strsep(&rest, ","));)
        ids[count++] = scenario_device(s, name);
    return count;
}

/* A list of the answer has exactly these devices. */
static void check_list(struct scenario *s, const char *answer, const char *list,
                       const char *names) {
    eui64 ids[MOST_LISTED];
    size_t count = read_list(s, names, ids);
    const char *got = scenario_element(s, answer, list);
    bool good = strlen(got) + 1 == count * EUI64_TEXT_SIZE;
    for (size_t i = 0; i < count && good; i++) {
        char text[EUI64_TEXT_SIZE];
        good = strstr(got, eui64_format(ids[i], text)) != NULL;
    }
    if (!good)
        scenario_fail(s, "%s is '%s', not %s", list, got, names);
}

static void check_lists(struct scenario *s, const char *answer, char **words) {
    static const char *const lists[] = {
        "InvalidDeviceIDList", "NotCommissionedDeviceIDList",
        "NotApplicableFirmwareDeviceIDList", "OtherRequestInProgressList",
        "InvalidGBCSVersionList"};
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) {
        char **word = words;
        while (*word && strcmp(*word, lists[i]) != 0)
            word += 2;
        if (*word)
            check_list(s, answer, lists[i], word[1]);
        else if (*scenario_element(s, answer, lists[i]))
            scenario_fail(s, "%s is not expected", lists[i]);
    }
}

void sends(struct scenario *s, char **words) {
    eui64 ids[MOST_LISTED];
    size_t count = read_list(s, words[3], ids);
    struct span request =
        scenario_update(s, supplier_of(s, words[0]), words[2], ids, count);
    if (s->update_count < SCENARIO_UPDATES)
        s->updates[s->update_count++] = s->counter;
    check_lists(s, answered(s, "serviceD", request, words[4]), words + 5);
}

uint64_t scenario_nth(struct scenario *s, const char *word) {
    unsigned long number = strtoul(word + 1, NULL, 10);
    if (*word != '#' || number < 1 || number > s->update_count)
        scenario_fail(s, "%s is no update that was sent", word);
    return s->updates[number - 1];
}

/* ---- 11.2 ---- */

struct span scenario_read(struct scenario *s, unsigned supplier, eui64 device) {
    return write_request(
        s, supplier,
        &(struct service_request){.variant = "11.2", .target = device});
}

void reads(struct scenario *s, char **words) {
    struct span request = scenario_read(s, supplier_of(s, words[0]),
                                        scenario_device(s, words[1]));
    answered(s, "serviceS", request, words[2] ? words[2] : "I99");
}

/* ---- 11.3 ---- */

instant scenario_duration(struct scenario *s, const char *word);
instant scenario_duration(struct scenario *s, const char *word) {
    char *unit;
    instant number = (instant)strtol(word, &unit, 10);
    switch (*unit) {
    case 's':
        return number * SECOND;
    case 'm':
        return number * MINUTE;
    case 'h':
        return number * HOUR;
    case 'd':
        return number * DAY;
    default:
        scenario_fail(s, "%s is no duration", word);
    }
}

static const char *execution(struct scenario *s, const char *word) {
    char text[INSTANT_TEXT_SIZE];
    if (!word)
        return NULL;
    if (strcmp(word, "cancelled") == 0)
        return "3000-12-31T00:00:00Z";
    instant when = clock_now() + scenario_duration(s, word);
    return arena_text(s->arena,
                      span_text(instant_format(when / SECOND * SECOND, text)));
}

static struct span sign(struct scenario *s, unsigned supplier,
                        const char *base64) {
    struct span text = span_text(base64);
    uint8_t *octets = arena_alloc(s->arena, base64_most_octets(text.len));
    ptrdiff_t len = base64_parse(text, octets);
    struct buffer out = {0};
    if (len < 0 ||
        !service_request_sign_pre_command(s->signing[supplier - 1],
                                          span_of(octets, (size_t)len), &out))
        scenario_fail(s, "there is no Pre-Command in the answer");
    arena_adopt(s->arena, out.data, free);
    return buffer_span(&out);
}

void activates(struct scenario *s, char **words) {
    unsigned supplier = supplier_of(s, words[0]);
    struct span image = scenario_manufacturer_image(s, words[2]);
    uint8_t hash[SHA256_DIGEST_LENGTH];
    char text[2 * sizeof hash + 1];
    SHA256(image.data, image.len, hash);
    struct service_request request = {
        .variant = "11.3",
        .target = scenario_device(s, words[1]),
        .execution = execution(s, words[3]),
        .firmware_hash = hex_format(span_of(hash, sizeof hash), text)};
    const char *answer =
        answered(s, "serviceT", write_request(s, supplier, &request), "I0");
    struct service_request signed_one = {
        .variant = "11.3",
        .target = request.target,
        .counter = request.counter,
        .gbcs_payload =
            sign(s, supplier, scenario_element(s, answer, "GBCSPayload"))};
    answered(s, "serviceS", write_request(s, supplier, &signed_one), "I99");
}
