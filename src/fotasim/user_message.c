#include "fotasim/user_message.h"

#include "duis/document.h"
#include "duis/signature.h"
#include "duis/tree.h"

#include <openssl/sha.h>

static const char *node_value(struct arena *arena, const xmlNode *element) {
    return arena_text(arena, tree_trim(tree_value(element)));
}

static const char *name_of(const xmlNode *element) {
    return element ? (const char *)element->name : "";
}

/* ---- header ---- */

static bool read_header(struct arena *arena, const xmlNode *root,
                        struct user_message *response) {
    const xmlNode *header = tree_child(root, "Header");
    xmlNode *writable = xmlDocGetRootElement(root->doc);
    xmlChar *version = xmlGetProp(writable, (const xmlChar *)"schemaVersion");
    response->schema_version =
        arena_text(arena, span_text((const char *)version));
    xmlFree(version);
    response->request_id = node_value(arena, tree_child(header, "RequestID"));
    response->response_id = node_value(arena, tree_child(header, "ResponseID"));
    response->response_code =
        node_value(arena, tree_child(header, "ResponseCode"));
    response->date_time =
        node_value(arena, tree_child(header, "ResponseDateTime"));
    size_t len = strlen(response->response_id);
    return len > 2 * EUI64_TEXT_LEN + 1 &&
           eui64_parse(span_of(response->response_id + EUI64_TEXT_LEN + 1,
                               EUI64_TEXT_LEN),
                       &response->recipient);
}

/* ---- body ---- */

static void read_devices(struct arena *arena, const xmlNode *alert,
                         struct user_message *response) {
    static const char *const names[] = {"DeviceID", "DeviceList", "MeterIDs",
                                        "TargetDeviceID", "OtherDeviceID"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (tree_child(alert, names[i]))
            response->devices = node_value(arena, tree_child(alert, names[i]));
}

/* The request that a DCC Alert is about. */
static void read_request(struct arena *arena, const xmlNode *alert,
                         struct user_message *response) {
    const xmlNode *request = tree_child(alert, "UpdateFirmwareRequestID");
    if (!request && tree_is(alert, DUIS_NAMESPACE, "DCCAlertVersionMismatch"))
        request = tree_child(alert, "RequestID");
    if (request)
        response->request_id = node_value(arena, request);
}

static void read_dcc_alert(struct arena *arena, const xmlNode *message,
                           struct user_message *response) {
    const xmlNode *alert = tree_first(tree_child(message, "DCCAlert"));
    const xmlNode *inner = tree_child(alert, "FirmwareTransferAlert");
    if (!inner)
        inner = tree_child(alert, "DCCAlertVersionMismatch");
    response->code = node_value(arena, tree_child(message, "DCCAlertCode"));
    response->element = name_of(alert);
    read_request(arena, inner ? inner : alert, response);
    read_devices(arena, inner ? inner : alert, response);
}

static void read_response_message(struct arena *arena, const xmlNode *message,
                                  struct user_message *response) {
    const xmlNode *variant = tree_child(message, "ServiceReferenceVariant");
    const xmlNode *element = tree_next(variant);
    response->element = name_of(element);
    if (element)
        response->code =
            node_value(arena, tree_child(element, "FutureDatedAlertCode"));
}

static void read_body(struct arena *arena, const xmlNode *root,
                      struct user_message *response) {
    const xmlNode *message = tree_first(tree_child(root, "Body"));
    response->element = name_of(message);
    response->code = response->devices = "";
    if (strcmp(name_of(message), "DCCAlertMessage") == 0)
        read_dcc_alert(arena, message, response);
    else if (strcmp(name_of(message), "ResponseMessage") == 0)
        read_response_message(arena, message, response);
    else
        response->code = node_value(arena, tree_child(message, "AlertCode"));
}

/* ---- the whole ---- */

static bool is_signed_well(struct arena *arena,
                           const struct duis_document *document, EVP_PKEY *key,
                           const char **reason) {
    struct duis_signer_name name;
    return duis_signature_shape(arena, document, DUIS_STRICT, &name, reason) &&
           duis_signature_verify(arena, document, DUIS_STRICT, key, reason);
}

static void digest_meaning(struct span text, struct user_message *response) {
    static const char signature[] = "<ds:Signature";
    const uint8_t *end =
        memmem(text.data, text.len, signature, sizeof signature - 1);
    SHA256(text.data, end ? (size_t)(end - text.data) : text.len,
           response->meaning);
}

bool user_message_read(struct arena *arena, struct span text, EVP_PKEY *key,
                       struct user_message *response, const char **reason) {
    struct duis_document document;
    struct duis_fault fault;
    if (duis_document_parse(arena, text, DUIS_RESPONSE, &document, &fault) !=
        DUIS_PARSED) {
        *reason = fault.reason;
        return false;
    }
    if (key && !is_signed_well(arena, &document, key, reason))
        return false;
    const xmlNode *root = xmlDocGetRootElement(document.tree);
    *reason = "there is no ResponseID";
    if (!read_header(arena, root, response))
        return false;
    read_body(arena, root, response);
    digest_meaning(text, response);
    return true;
}
