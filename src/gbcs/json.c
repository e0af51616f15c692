#include "gbcs/json.h"

#include "base/hex.h"
#include "base/json.h"
#include "base/memory.h"
#include "gbcs/time.h"
#include "gbcs/version.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

static json_t *json_hex(struct span octets) {
    if (!octets.len)
        return json_null();
    char *text = memory_alloc(2 * octets.len + 1);
    json_t *value = json_text(hex_format(octets, text));
    free(text);
    return value;
}

static json_t *json_code(uint16_t code) {
    const uint8_t octets[] = {(uint8_t)(code >> 8), (uint8_t)code};
    return json_hex(span_of(octets, sizeof octets));
}

static json_t *json_eui64(eui64 id) {
    char text[EUI64_TEXT_SIZE];
    return json_text(eui64_format(id, text));
}

static json_t *json_counter(uint64_t counter) {
    if (counter <= INT64_MAX)
        return json_integer((json_int_t)counter);
    char text[24];
    snprintf(text, sizeof text, "%" PRIu64, counter);
    return json_text(text);
}

static json_t *json_time(bool known, instant when) {
    char text[INSTANT_TEXT_SIZE];
    return known ? json_text(instant_format(when, text)) : json_null();
}

static json_t *json_version(uint32_t version) {
    char text[GBCS_VERSION_TEXT_SIZE];
    return json_text(gbcs_version_format(version, text));
}

static json_t *json_name(const char *name) {
    return name ? json_text(name) : json_null();
}

static void set_result(json_t *object, const struct gbcs_payload *said) {
    json_put(object, said->use_case->result_field, json_integer(said->result));
    json_put(object, "result",
             json_name(gbcs_result_name(said->use_case, said->result)));
}

static const char *time_name(enum gbcs_kind kind) {
    return kind == GBCS_ACTIVATE || kind == GBCS_ACTIVATE_ALERT
               ? "executionDateTime"
               : "dateTime";
}

/* The field that one letter of the layout stands for. */
static void set_field(json_t *object, const struct gbcs_payload *said,
                      char letter) {
    switch (letter) {
    case 'h':
        json_put(object, "manufacturerImageHash", json_hex(said->hash));
        break;
    case 'v':
        json_put(object, "firmwareVersion",
                 json_version(said->firmware_version));
        break;
    case 'w':
        json_put(object, "alertCode", json_code(said->alert_code));
        break;
    case 'y':
        json_put(object, "deviceId", json_eui64(said->device));
        break;
    case 'n':
    case 'o':
        json_put(object, "originatorCounter", json_counter(said->counter));
        break;
    case 'r':
        set_result(object, said);
        break;
    case 't':
    case 'k':
    case 's':
        json_put(object, time_name(said->kind),
                 json_time(said->has_time, said->time));
        break;
    default:
        break;
    }
}

static json_t *json_payload(const struct gbcs_payload *said) {
    json_t *object = json_object();
    if (!said->use_case) {
        if (said->alert_code)
            json_put(object, "alertCode", json_code(said->alert_code));
        return object;
    }
    for (const char *at = said->use_case->layout; *at; at++)
        set_field(object, said, *at);
    return object;
}

static void set_supplement(json_t *object, const struct gbcs_header *header) {
    if (header->supplementary >= GBCS_SUPPLEMENTARY_PARTY)
        json_put(object, "supplementaryRemoteParty",
                 json_eui64(header->supplementary_party));
    if (header->supplementary >= GBCS_SUPPLEMENTARY_PARTY_COUNTER)
        json_put(object, "supplementaryRemotePartyCounter",
                 json_counter(header->supplementary_party_counter));
    if (header->supplementary == GBCS_SUPPLEMENTARY_ORIGINATOR_COUNTER)
        json_put(object, "supplementaryOriginatorCounter",
                 json_counter(header->supplementary_originator_counter));
    if (header->supplementary == GBCS_SUPPLEMENTARY_CERTIFICATE)
        json_put(object, "keyAgreementCertificate",
                 json_hex(header->certificate));
}

static void set_date_time(json_t *object, struct span octets) {
    if (!octets.len)
        return;
    instant when;
    bool known = gbcs_cosem_read(octets.data, &when);
    json_put(object, "dateTime",
             known ? json_time(true, when) : json_hex(octets));
}

json_t *gbcs_to_json(const struct gbcs_message *message,
                     const struct gbcs_payload *payload) {
    const struct gbcs_header *header = &message->header;
    const struct gbcs_use_case *use_case = payload ? payload->use_case : NULL;
    json_t *object = json_object();
    json_put(object, "kind", json_text(gbcs_message_kind(message)));
    json_put(object, "useCase", json_name(use_case ? use_case->name : NULL));
    json_put(object, "messageCode", json_code(header->code));
    json_put(object, "originator", json_eui64(header->originator));
    json_put(object, "recipient", json_eui64(header->recipient));
    json_put(object, "originatorCounter", json_counter(header->counter));
    set_date_time(object, header->date_time);
    set_supplement(object, header);
    json_put(object, "payload", payload ? json_payload(payload) : json_null());
    json_put(object, "payloadOctets", json_hex(message->payload));
    json_put(object, "signature", json_hex(message->signature));
    json_put(object, "mac", json_hex(message->mac));
    return object;
}
