/* fotactl gbcs show: a GBCS message, field by field. */
#include "fotactl/verbs.h"

#include "base/hex.h"
#include "base/json.h"
#include "device/keys.h"
#include "gbcs/json.h"

#include <stdio.h>

/* The largest message that there is takes far less. */
enum { MOST_OCTETS = 64 * 1024, MOST_TEXT = 4 * MOST_OCTETS };

struct shown {
    struct verb_run *run;
    struct gbcs_message message;
    struct gbcs_payload said;
    bool readable;
    const char *fault; /* of the payload */
};

/* ---- reading ---- */

/* One octet more than MOST_TEXT tells that stdin has more. */
static struct span argument_text(struct verb_run *run) {
    if (strcmp(run->argument, "-") != 0)
        return span_text(run->argument);
    char *text = arena_alloc(run->arena, MOST_TEXT + 1);
    return span_of(text, fread(text, 1, MOST_TEXT + 1, stdin));
}

/* White space may stand anywhere. */
static struct span without_space(struct arena *arena, struct span text) {
    char *out = arena_alloc(arena, text.len + 1);
    size_t len = 0;
    for (size_t i = 0; i < text.len; i++)
        if (!strchr(" \t\r\n", text.data[i]) || !text.data[i])
            out[len++] = (char)text.data[i];
    return span_of(out, len);
}

static enum outcome read_message(struct shown *shown) {
    struct verb_run *run = shown->run;
    struct span text = argument_text(run);
    if (text.len > MOST_TEXT)
        return run_refuse(run, "that is longer than %d characters", MOST_TEXT);
    text = without_space(run->arena, text);
    uint8_t *octets = arena_alloc(run->arena, MOST_OCTETS);
    int len = hex_parse(text, octets, MOST_OCTETS);
    if (len <= 0)
        return run_misuse(run, "that is no hexadecimal text");
    const char *reason;
    if (!gbcs_any_parse(span_of(octets, (size_t)len), &shown->message, &reason))
        return run_refuse(run, "it is no GBCS message: %s", reason);
    shown->readable =
        gbcs_payload_read(&shown->message, &shown->said, &shown->fault);
    return DONE;
}

/* ---- verifying ---- */

/* A check: NULL when good, otherwise why not. */
typedef bool fits(const struct shown *shown, struct acb_key *acb,
                  const struct party_key *key);

static bool signature_fits(const struct shown *shown, struct acb_key *acb,
                           const struct party_key *key) {
    (void)acb;
    return gbcs_message_verify(key->key, &shown->message);
}

static bool mac_fits(const struct shown *shown, struct acb_key *acb,
                     const struct party_key *key) {
    uint8_t z[GBCS_SECRET_LEN];
    return acb_secret(acb, key, z) == DONE &&
           gbcs_mac_verify(z, &shown->message);
}

static enum outcome check_with_keys(const struct shown *shown,
                                    enum key_party party, enum key_usage usage,
                                    eui64 id, fits *fit, struct acb_key *acb,
                                    const char **found) {
    struct verb_run *run = shown->run;
    struct party_keys keys;
    enum outcome outcome = run_database(
        run, party_keys_find(run->db, run->arena, party, usage, &id, 1,
                             clock_now(), run->config.accept_expired, &keys));
    *found = keys.count
                 ? keys.keys[0].unfit
                       ? arena_printf(run->arena, "the certificate is %s",
                                      keys.keys[0].unfit)
                       : "not good"
                 : "no certificate is known";
    for (size_t i = 0; i < keys.count && !keys.keys[i].unfit; i++)
        if (fit(shown, acb, &keys.keys[i]))
            *found = "good";
    return outcome;
}

/* Devices sign responses and alerts, suppliers commands. */
static enum outcome check_signature(const struct shown *shown,
                                    const char **found) {
    const struct gbcs_header *header = &shown->message.header;
    *found = "none";
    if (!shown->message.signature.len)
        return DONE;
    return check_with_keys(
        shown, header->cra == GBCS_COMMAND ? KEY_OF_SUPPLIER : KEY_OF_DEVICE,
        KEY_DIGITAL_SIGNATURE, header->originator, signature_fits, NULL, found);
}

/* The ACB's key makes the MAC of commands and of what is sent to the ACB. */
static enum outcome check_mac(const struct shown *shown, const char **found) {
    struct verb_run *run = shown->run;
    const struct gbcs_header *header = &shown->message.header;
    bool command = header->cra == GBCS_COMMAND;
    *found = shown->message.mac.len
                 ? "cannot be checked: it is made with the recipient's key"
                 : "none";
    if (!shown->message.mac.len ||
        (!command && header->recipient != run->config.acb_id))
        return DONE;
    const char *reason;
    struct acb_key *acb =
        acb_key_load(run->arena, run->config.key_agreement_key, 1, &reason);
    if (!acb)
        return run_refuse(run, "[identity] key_agreement_key %s %s",
                          run->config.key_agreement_key, reason);
    enum outcome outcome = check_with_keys(
        shown, KEY_OF_DEVICE, KEY_AGREEMENT,
        command ? header->recipient : header->originator, mac_fits, acb, found);
    acb_key_free(acb);
    return outcome;
}

/* Something that is not good also gives exit status 1, for scripts. */
static enum outcome verify_message(const struct shown *shown, json_t *object) {
    const char *signature, *mac;
    enum outcome outcome = check_signature(shown, &signature);
    if (outcome == DONE)
        outcome = check_mac(shown, &mac);
    if (outcome != DONE)
        return outcome;
    json_put(object, "verified",
             json_pack("{s:s, s:s}", "signature", signature, "mac", mac));
    bool bad_signature =
        strcmp(signature, "good") != 0 && strcmp(signature, "none") != 0;
    bool bad_mac = strcmp(mac, "good") != 0 && strcmp(mac, "none") != 0 &&
                   strncmp(mac, "cannot", 6) != 0;
    if (bad_signature)
        return run_refuse(shown->run, "signature: %s", signature);
    return bad_mac ? run_refuse(shown->run, "MAC: %s", mac) : DONE;
}

enum outcome verb_gbcs_show(struct verb_run *run) {
    struct shown shown = {.run = run};
    enum outcome outcome = read_message(&shown);
    if (outcome != DONE)
        return outcome;
    json_t *object =
        gbcs_to_json(&shown.message, shown.readable ? &shown.said : NULL);
    if (!shown.readable)
        json_put(object, "payloadFault", json_text(shown.fault));
    if (run->options.verify)
        outcome = verify_message(&shown, object);
    run_print_json(run, object);
    return outcome;
}
