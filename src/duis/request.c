#include "duis/request.h"

#include "base/base64.h"
#include "base/hex.h"
#include "duis/text.h"
#include "duis/tree.h"

#include <stdlib.h>

enum { MOST_IMAGE_OCTETS = 10240000 };

/* One reading of a valid tree. The schema has been checked; what it cannot
 * say, or libxml2 does not check, is a fault here. */
struct reader {
    struct arena *arena;
    struct duis_request *request;
    struct duis_fault *fault;
    bool failed;
};

static void reader_fail(struct reader *reader, const xmlNode *node,
                        const char *reason) {
    if (!reader->failed)
        duis_fault_in(reader->fault, reader->request->document.text, node,
                      reason);
    reader->failed = true;
}

static const char *read_text(struct reader *reader, const xmlNode *parent,
                             const char *name) {
    struct span text = tree_trim(tree_value(tree_child(parent, name)));
    return arena_text(reader->arena, text);
}

static struct span read_base64(struct reader *reader, const xmlNode *parent,
                               const char *name, const char *reason) {
    const xmlNode *node = tree_child(parent, name);
    struct span text = tree_value(node);
    uint8_t *octets = arena_alloc(reader->arena, base64_most_octets(text.len));
    ptrdiff_t len = base64_parse(text, octets);
    if (len < 0) {
        reader_fail(reader, node, reason);
        len = 0;
    }
    return span_of(octets, (size_t)len);
}

/* sr:RequestIDType: two EUI-64 and a counter that fits 64 bits. */
static void read_request_id(struct reader *reader, const xmlNode *header) {
    struct duis_request *request = reader->request;
    const char *text = read_text(reader, header, "RequestID");
    request->request_id = text;
    enum { TARGET = EUI64_TEXT_LEN + 1, COUNTER = 2 * TARGET };
    if (strlen(text) <= COUNTER ||
        !eui64_parse(span_of(text, EUI64_TEXT_LEN), &request->originator) ||
        !eui64_parse(span_of(text + TARGET, EUI64_TEXT_LEN),
                     &request->target)) {
        reader_fail(reader, header, "RequestID: not two EUI-64 and a counter");
        return;
    }
    request->counter = strtoull(text + COUNTER, NULL, 10);
    if (request->counter == 0)
        reader_fail(reader, header,
                    "RequestID: the counter is 0, and begins at 1");
}

static void read_header(struct reader *reader, const xmlNode *root) {
    struct duis_request *request = reader->request;
    const xmlNode *header = tree_child(root, "Header");
    read_request_id(reader, header);
    request->command_variant = (unsigned)strtoul(
        read_text(reader, header, "CommandVariant"), NULL, 10);
    request->service_reference = read_text(reader, header, "ServiceReference");
    request->service_reference_variant =
        read_text(reader, header, "ServiceReferenceVariant");
    for (const xmlAttr *a = root->properties; a; a = a->next)
        if (!a->ns && strcmp((const char *)a->name, "schemaVersion") == 0 &&
            a->children)
            request->schema_version = arena_text(
                reader->arena,
                tree_trim(span_text((const char *)a->children->content)));
}

/* Up to 8 hexadecimal digits; any other text is kept as it is. */
static void read_firmware_version(struct reader *reader, const xmlNode *body) {
    struct duis_firmware_version *version = &reader->request->firmware_version;
    struct span text = tree_value(tree_child(body, "FirmwareVersion"));
    uint32_t number = 0;
    version->is_hex = text.len > 0 && text.len <= 8;
    for (size_t i = 0; i < text.len && version->is_hex; i++) {
        int digit = hex_digit(text.data[i]);
        version->is_hex = digit >= 0;
        number = number << 4 | (unsigned)digit;
    }
    version->number = version->is_hex ? number : 0;
    version->text = version->is_hex
                        ? arena_printf(reader->arena, "%08X", number)
                        : arena_text(reader->arena, text);
}

static void read_device_ids(struct reader *reader, const xmlNode *body) {
    enum { STEP = EUI64_TEXT_LEN + 1 };
    struct span text = tree_value(tree_child(body, "DeviceIDList"));
    size_t count = (text.len + 1) / STEP;
    eui64 *ids = arena_alloc(reader->arena, (count + 1) * sizeof *ids);
    bool good = count > 0 && text.len == count * STEP - 1;
    for (size_t i = 0; i < count && good; i++)
        good = eui64_parse(span_of(text.data + i * STEP, EUI64_TEXT_LEN),
                           &ids[i]) &&
               (i + 1 == count || text.data[i * STEP + STEP - 1] == ',');
    if (!good)
        reader_fail(reader, body, "DeviceIDList: not a list of EUI-64");
    reader->request->device_ids = ids;
    reader->request->device_id_count = good ? count : 0;
}

static void read_firmware(struct reader *reader, const xmlNode *body) {
    struct duis_request *request = reader->request;
    request->image =
        read_base64(reader, body, "FirmwareImage", "FirmwareImage: not base64");
    if (request->image.len > MOST_IMAGE_OCTETS)
        reader_fail(reader, body, "FirmwareImage: more than 10240000 octets");
    read_firmware_version(reader, body);
    read_device_ids(reader, body);
}

static void read_execution_date_time(struct reader *reader,
                                     const xmlNode *body) {
    struct duis_request *request = reader->request;
    const xmlNode *node = tree_child(body, "ExecutionDateTime");
    if (!node)
        return;
    struct span text = tree_trim(tree_value(node));
    request->has_execution_date_time = true;
    if (!instant_parse(text, &request->execution_date_time))
        reader_fail(reader, node,
                    "ExecutionDateTime: not within the years 0001 to 9999");
}

static void read_activation(struct reader *reader, const xmlNode *body) {
    struct duis_request *request = reader->request;
    read_execution_date_time(reader, body);
    struct span text = tree_trim(tree_value(tree_child(body, "FirmwareHash")));
    if (hex_parse(text, request->firmware_hash, DUIS_FIRMWARE_HASH_OCTETS) !=
        DUIS_FIRMWARE_HASH_OCTETS)
        reader_fail(reader, body, "FirmwareHash: not 32 octets");
}

static void read_signed_pre_command(struct reader *reader,
                                    const xmlNode *body) {
    read_execution_date_time(reader, body);
    reader->request->gbcs_payload =
        read_base64(reader, body, "GBCSPayload", "GBCSPayload: not base64");
}

static void read_inventory(struct reader *reader, const xmlNode *body) {
    const xmlNode *node = tree_child(body, "DeviceID");
    if (node && !eui64_parse(tree_trim(tree_value(node)),
                             &reader->request->inventory_device))
        reader_fail(reader, node, "DeviceID: not an EUI-64");
    reader->request->by_device = node != NULL;
}

static const struct {
    const char *element;
    bool is_update;
    void (*read)(struct reader *, const xmlNode *);
} BODIES[] = {
#define BODY(name, element, is_update, read) {element, is_update, read},
#include "duis/body.def"
};

const char *duis_body_name(enum duis_body body) {
    return BODIES[body].element;
}

bool duis_body_is_update(enum duis_body body) {
    return BODIES[body].is_update;
}

static void read_body(struct reader *reader, const xmlNode *root) {
    const xmlNode *element = tree_first(tree_child(root, "Body"));
    for (int i = 0; i < DUIS_BODIES; i++)
        if (tree_is(element, DUIS_NAMESPACE, BODIES[i].element)) {
            reader->request->body = (enum duis_body)i;
            if (BODIES[i].read)
                BODIES[i].read(reader, element);
            return;
        }
    reader->request->body = DUIS_OTHER;
}

enum duis_parse_result duis_request_parse(struct arena *arena, struct span body,
                                          struct duis_request *request,
                                          struct duis_fault *fault) {
    *request = (struct duis_request){0};
    enum duis_parse_result result = duis_document_parse(
        arena, body, DUIS_REQUEST, &request->document, fault);
    if (result != DUIS_PARSED)
        return result;
    struct reader reader = {arena, request, fault, false};
    const xmlNode *root = xmlDocGetRootElement(request->document.tree);
    read_header(&reader, root);
    read_body(&reader, root);
    return reader.failed ? DUIS_NOT_VALID : DUIS_PARSED;
}
