/* The list of Device IDs: the input is the text of a DeviceIDList in a request
 * that is sound. A second reader, written here from the schema, has to come to
 * the same list. */
#include "duis/library.h"
#include "duis/request.h"
#include "fuzz/fuzz.h"

#include <ctype.h>

static const char BEFORE[] =
    "<sr:Request xmlns:sr=\"http://www.dccinterface.co.uk/ServiceUserGateway\" "
    "schemaVersion=\"5.4\"><sr:Header><sr:RequestID>90-B3-D5-1F-30-01-00-00:"
    "90-B3-D5-1F-30-00-00-02:1</sr:RequestID><sr:CommandVariant>8"
    "</sr:CommandVariant><sr:ServiceReference>11.4</sr:ServiceReference>"
    "<sr:ServiceReferenceVariant>11.4</sr:ServiceReferenceVariant></sr:Header>"
    "<sr:Body><sr:UpdatePPMIDFirmware><sr:FirmwareImage>AAAA"
    "</sr:FirmwareImage><sr:FirmwareVersion>00000001</sr:FirmwareVersion>"
    "<sr:DeviceIDList>";
static const char AFTER[] =
    "</sr:DeviceIDList></sr:UpdatePPMIDFirmware></sr:Body></sr:Request>";

enum { STEP = EUI64_TEXT_LEN + 1 };

/* sr:EUI: eight pairs of hexadecimal digits with '-' between them; between two
 * of them ','. */
static bool fits(struct span text) {
    if ((text.len + 1) % STEP != 0)
        return false;
    for (size_t i = 0; i < text.len; i++) {
        size_t at = i % STEP;
        bool mark = at % 3 == 2;
        char wanted = at == STEP - 1 ? ',' : '-';
        if (mark ? text.data[i] != wanted : !isxdigit(text.data[i]))
            return false;
    }
    return true;
}

static void check_list(const struct duis_request *request, struct span text) {
    CHECK(request->device_id_count == (text.len + 1) / STEP);
    for (size_t i = 0; i < request->device_id_count; i++) {
        char id[EUI64_TEXT_SIZE];
        eui64_format(request->device_ids[i], id);
        CHECK(strncasecmp(id, (const char *)text.data + i * STEP,
                          EUI64_TEXT_LEN) == 0);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static bool open;
    if (!open)
        CHECK(open = duis_open());
    struct span list = span_of(data, size);
    struct buffer text = {0};
    buffer_text(&text, BEFORE);
    buffer_add(&text, list);
    buffer_text(&text, AFTER);
    struct arena *arena = arena_new();
    struct duis_request request;
    struct duis_fault fault = {0};
    bool taken = duis_request_parse(arena, buffer_span(&text), &request,
                                    &fault) == DUIS_PARSED;
    bool plain = !memchr(data, '<', size) && !memchr(data, '&', size);
    CHECK(taken == !fault.reason);
    CHECK(!plain || taken == fits(list));
    if (plain && taken)
        check_list(&request, list);
    arena_free(arena);
    buffer_free(&text);
    return 0;
}
