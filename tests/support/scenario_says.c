/* What CSPs, hubs and devices say out of turn in a scenario. */
#include "support/check.h"
#include "support/scenario.h"
#include "support/scenario_files.h"

#include "base/base64.h"
#include "fotasim/csp_sim.h"
#include "fotasim/device_key.h"
#include "fotasim/estate.h"
#include "gbcs/build.h"

#include <openssl/evp.h>

#include <stdio.h>
#include <stdlib.h>

instant scenario_duration(struct scenario *s, const char *word);

static const char *text_of(struct scenario *s, instant when) {
    char text[INSTANT_TEXT_SIZE];
    return arena_text(s->arena, span_text(instant_format(when, text)));
}

static struct csp_sim *csp_named(struct scenario *s, const char *name) {
    return s->csps[strcmp(name, "north") == 0 ? 0 : 1];
}

/* Central and South are homes c and s. */
static struct csp_sim *csp_of(struct scenario *s, const char *device) {
    return s->csps[*device == 'c' || *device == 's' ? 1 : 0];
}

/* "at -6d", "at 2199-01-01T00:00:00Z", or now. */
static instant time_said(struct scenario *s, char **words) {
    instant when = clock_now();
    while (*words && strcmp(*words, "at") != 0)
        words++;
    if (!*words)
        return when;
    if (*words[1] == '-' || *words[1] == '+') {
        instant by = scenario_duration(s, words[1] + 1);
        return *words[1] == '-' ? when - by : when + by;
    }
    if (!instant_parse(span_text(words[1]), &when))
        scenario_fail(s, "%s is no time", words[1]);
    return when;
}

/* ---- CSPs ---- */

/* What the records say of a device's latest update that is in a job. */
static const char *job_says(struct scenario *s, const char *column,
                            const char *name) {
    return scenario_ask(s,
                        "select %s from tracking t join csp_job using"
                        " (job_no) join service_request r on r.request_no"
                        " = t.request_no where device_id = '%s'"
                        " order by job_no desc limit 1",
                        column, scenario_id(s, name));
}

static unsigned said_number(void) {
    static unsigned number;
    return ++number;
}

static const char *reason_said(char **words) {
    while (*words && strcmp(*words, "because") != 0)
        words++;
    return *words ? words[1] : NULL;
}

void notifies(struct scenario *s, char **words) {
    bool other_hub = words[3] && strchr(words[3], '.');
    const char *id = arena_printf(s->arena, "out of turn %u", said_number());
    const char *hub = other_hub ? scenario_id(s, words[3])
                                : job_says(s, "eui64_text(t.chf_id)", words[1]);
    csp_sim_send(
        csp_named(s, words[0]), id, "/csp/v1/delivery-notifications",
        json_pack(
            "{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s*}", "notificationId",
            id, "jobId", job_says(s, "job_id::text", words[1]), "commsHubId",
            hub, "deviceId", scenario_id(s, words[1]), "deviceType",
            job_says(s, "t.device_type::text", words[1]), "firmwareVersion",
            job_says(s, "firmware_version_text(firmware_version)", words[1]),
            "timestamp", text_of(s, time_said(s, words)), "status", words[2],
            "reasonCode", reason_said(words)),
        0);
}

void reports(struct scenario *s, char **words) {
    const char *id =
        arena_printf(s->arena, "report out of turn %u", said_number());
    json_t *rejected = json_array();
    if (words[2])
        json_array_append_new(rejected, json_pack("{s:s, s:s}", "deviceId",
                                                  scenario_id(s, words[1]),
                                                  "reason", words[2]));
    csp_sim_send(csp_named(s, words[0]), id, "/csp/v1/validation-reports",
                 json_pack("{s:s, s:s, s:o}", "reportId", id, "jobId",
                           job_says(s, "job_id::text", words[1]), "rejected",
                           rejected),
                 0);
}

void hubs_get_it(struct scenario *s, char **words) {
    const char *path =
        scenario_path(s, arena_printf(s->arena, "%s/jobs.jsonl", words[0]));
    FILE *file = fopen(path, "r");
    if (!file)
        scenario_fail(s, "%s cannot be read", path);
    json_t *job = NULL;
    for (json_t *next;
         (next = json_loadf(file, JSON_DISABLE_EOF_CHECK, NULL));) {
        json_decref(job);
        job = next;
    }
    fclose(file);
    csp_hubs_take_image(csp_named(s, words[0]), job);
    json_decref(job);
}

/* ---- hubs and devices ---- */

static uint32_t version_said(const char *word) {
    return (uint32_t)strtoul(word, NULL, 16);
}

/* 8F8B VERSION [failed] | 8F8A DEVICE VERSION | 8F89 RESULT DEVICE VERSION */
static struct gbcs_payload alert_said(struct scenario *s, char **words) {
    uint16_t code = (uint16_t)strtoul(words[0], NULL, 16);
    struct gbcs_payload said = {.kind = GBCS_TRANSFER_ALERT,
                                .alert_code = code,
                                .has_time = true,
                                .time = time_said(s, words)};
    if (code == GBCS_8F8B_PPMID_ACTIVATION) {
        said.kind = GBCS_PPMID_ALERT;
        said.firmware_version = version_said(words[1]);
        said.result = words[2] && strcmp(words[2], "failed") == 0;
        return said;
    }
    if (code == GBCS_8F89_TRANSFER_FAILED)
        said.result = (uint8_t)strtoul(*++words, NULL, 10);
    else if (code != GBCS_8F8A_TRANSFER_SUCCEEDED)
        scenario_fail(s, "%s is no alert to the DCC", words[0]);
    said.device = scenario_device(s, words[1]);
    said.firmware_version = version_said(words[2]);
    return said;
}

/* Signed by its originator. */
static const char *message_said(struct scenario *s, eui64 originator,
                                const struct gbcs_payload *said) {
    const struct gbcs_header header = {
        .cra = GBCS_ALERT,
        .counter = (uint64_t)clock_now() + said_number(),
        .originator = originator,
        .recipient = sim_acb,
        .code =
            said->kind == GBCS_PPMID_ALERT ? GBCS_CODE_CS09 : GBCS_CODE_CCS08};
    EVP_PKEY *key = sim_device_key(SCENARIO_SEED, originator, SIM_SIGNS);
    struct buffer octets = {0}, text = {0};
    bool good = gbcs_build(&header, said, key, NULL, &octets);
    EVP_PKEY_free(key);
    if (!good)
        scenario_fail(s, "there is no such message");
    base64_add(&text, buffer_span(&octets));
    buffer_free(&octets);
    arena_adopt(s->arena, text.data, free);
    return (const char *)text.data;
}

/* Its home's, or "via m1.hub". */
static const char *hub_said(struct scenario *s, const char *name,
                            char **words) {
    while (*words && strcmp(*words, "via") != 0)
        words++;
    if (*words)
        return scenario_id(s, words[1]);
    int home = (int)strcspn(name, ".");
    return scenario_id(s, arena_printf(s->arena, "%.*s.hub", home, name));
}

/* Whatever came of it. */
static void message_taken(struct scenario *s, const char *id) {
    for (struct scenario_wait wait = {0}; scenario_again(&wait);) {
        const char *state = scenario_ask(
            s, "select state from gbcs_message where message_id = '%s'", id);
        if (state && *state && strcmp(state, "waiting") != 0)
            return;
    }
    scenario_fail(s, "a message of a device is not taken");
}

static void message_bring(struct scenario *s, struct csp_sim *csp,
                          const char *id) {
    csp_sim_send(csp, id, "/csp/v1/gbcs-messages",
                 json_pack("{s:s, s:s, s:s}", "messageId", id, "commsHubId",
                           s->said_hub, "payload", s->said),
                 0);
}

void says(struct scenario *s, char **words) {
    struct gbcs_payload said = alert_said(s, words + 1);
    s->said = message_said(s, scenario_device(s, words[0]), &said);
    s->said_hub = hub_said(s, words[0], words);
    const char *id = arena_printf(s->arena, "out of turn %u", said_number());
    message_bring(s, csp_of(s, words[0]), id);
    message_taken(s, id);
}

void says_again(struct scenario *s, char **words) {
    message_bring(s, csp_named(s, words[0]),
                  arena_printf(s->arena, "out of turn %u", said_number()));
}
