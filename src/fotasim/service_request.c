#include "fotasim/service_request.h"

#include "base/base64.h"
#include "gbcs/crypto.h"
#include "gbcs/message.h"

#include <inttypes.h>

/* What differs between the services (duis-templates). */
static const struct {
    const char *variant;
    unsigned command_variant;
    const char *body;
} SERVICES[] = {
    {"8.2", 8, "ReadInventory"},        {"11.1", 8, "UpdateFirmware"},
    {"11.2", 1, "ReadFirmwareVersion"}, {"11.3", 4, "ActivateFirmware"},
    {"11.4", 8, "UpdatePPMIDFirmware"},
};
enum { SERVICE_COUNT = sizeof SERVICES / sizeof *SERVICES };

static size_t find_service(const char *variant) {
    size_t i = 0;
    while (i < SERVICE_COUNT && strcmp(SERVICES[i].variant, variant) != 0)
        i++;
    return i;
}

bool service_request_is_known(const char *variant) {
    return find_service(variant) < SERVICE_COUNT;
}

static unsigned command_variant(const struct service_request *r) {
    enum { SIGNED_PRE_COMMAND = 5 };
    if (r->command_variant)
        return r->command_variant;
    return r->gbcs_payload.len
               ? SIGNED_PRE_COMMAND
               : SERVICES[find_service(r->variant)].command_variant;
}

static void add_element(struct buffer *out, const char *name,
                        const char *text) {
    if (text)
        buffer_printf(out, "<sr:%s>%s</sr:%s>", name, text, name);
}

static void add_base64(struct buffer *out, const char *name,
                       struct span octets) {
    if (!octets.len)
        return;
    buffer_printf(out, "<sr:%s>", name);
    base64_add(out, octets);
    buffer_printf(out, "</sr:%s>", name);
}

static void add_header(struct buffer *out, const struct service_request *r,
                       eui64 originator) {
    char from[EUI64_TEXT_SIZE], to[EUI64_TEXT_SIZE];
    buffer_printf(out,
                  "<sr:Header><sr:RequestID>%s:%s:%" PRIu64 "</sr:RequestID>"
                  "<sr:CommandVariant>%u</sr:CommandVariant>",
                  eui64_format(originator, from), eui64_format(r->target, to),
                  r->counter, command_variant(r));
    add_element(out, "ServiceReference", r->variant);
    add_element(out, "ServiceReferenceVariant", r->variant);
    buffer_text(out, "</sr:Header>");
}

static void add_devices(struct buffer *out, const struct service_request *r) {
    char id[EUI64_TEXT_SIZE];
    if (!r->device_count)
        return;
    if (strcmp(r->variant, "8.2") == 0) {
        add_element(out, "DeviceID", eui64_format(r->device_ids[0], id));
        return;
    }
    buffer_text(out, "<sr:DeviceIDList>");
    for (size_t i = 0; i < r->device_count; i++) {
        if (i)
            buffer_text(out, ",");
        eui64_format(r->device_ids[i],
                     (char *)buffer_room(out, EUI64_TEXT_SIZE));
        out->len += EUI64_TEXT_LEN;
    }
    buffer_text(out, "</sr:DeviceIDList>");
}

static void add_body(struct buffer *out, const struct service_request *r) {
    const char *name = r->gbcs_payload.len
                           ? "SignedPreCommand"
                           : SERVICES[find_service(r->variant)].body;
    buffer_printf(out, "<sr:Body><sr:%s>", name);
    add_element(out, "ExecutionDateTime", r->execution);
    add_base64(out, "FirmwareImage", r->image);
    add_element(out, "FirmwareVersion", r->firmware_version);
    add_devices(out, r);
    add_element(out, "FirmwareHash", r->firmware_hash);
    add_base64(out, "GBCSPayload", r->gbcs_payload);
    buffer_printf(out, "</sr:%s></sr:Body>", name);
}

/* What is written is its own canonical form, as the signer wants it. */
bool service_request_write(const struct service_request *request,
                           const struct duis_signer *signer,
                           struct buffer *out) {
    buffer_text(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    size_t start = out->len;
    buffer_printf(
        out,
        "<sr:Request "
        "xmlns:sr=\"http://www.dccinterface.co.uk/ServiceUserGateway\" "
        "schemaVersion=\"%s\">",
        request->schema_version ? request->schema_version : "5.4");
    add_header(out, request, duis_signer_certificate(signer)->id);
    add_body(out, request);
    return duis_signer_sign(signer, out, start, "</sr:Request>");
}

/* Signed is all but the first octet and the empty length at the end. */
bool service_request_sign_pre_command(EVP_PKEY *key, struct span pre_command,
                                      struct buffer *out) {
    uint8_t signature[GBCS_SIGNATURE_LEN];
    if (pre_command.len < 3 ||
        !gbcs_sign(key, span_of(pre_command.data + 1, pre_command.len - 2),
                   signature))
        return false;
    buffer_add(out, span_of(pre_command.data, pre_command.len - 1));
    gbcs_put_signature(signature, out);
    return true;
}
