/* DUIS documents: parse, validate, read; then the shape of the signature and
 * its cryptography with a fixed key. What is no request is tried as a
 * response. */
#include "duis/library.h"
#include "duis/request.h"
#include "duis/signature.h"
#include "fuzz/fuzz.h"

#include <jansson.h>
#include <openssl/ec.h>
#include <openssl/evp.h>

enum { MOST_DEVICES = 50000, MOST_IMAGE = 10240000, MOST_REASON = 300 };

/* One line of UTF-8, for problem+json. */
static void check_fault(const struct duis_fault *fault) {
    CHECK(fault->reason && strlen(fault->reason) <= MOST_REASON);
    json_t *text = json_string(fault->reason);
    CHECK(text);
    json_decref(text);
    for (const char *c = fault->reason; *c; c++)
        CHECK((unsigned char)*c >= ' ');
}

static void check_request(const struct duis_request *request) {
    bool firmware = request->body == DUIS_UPDATE_FIRMWARE ||
                    request->body == DUIS_UPDATE_PPMID_FIRMWARE;
    CHECK(request->request_id && request->counter > 0);
    CHECK(request->command_variant >= 1 && request->command_variant <= 9);
    CHECK(request->schema_version && request->service_reference &&
          request->service_reference_variant);
    CHECK(firmware == (request->device_id_count > 0));
    CHECK(firmware == (request->firmware_version.text != NULL));
    CHECK(request->device_id_count <= MOST_DEVICES);
    CHECK(request->image.len <= MOST_IMAGE);
}

static void check_signature(struct arena *arena,
                            const struct duis_document *document) {
    static EVP_PKEY *key;
    if (!key)
        key = EVP_EC_gen("P-256");
    struct duis_signer_name name;
    const char *reason = NULL;
    bool shaped =
        duis_signature_shape(arena, document, DUIS_STRICT, &name, &reason);
    CHECK(shaped == !reason);
    CHECK(!shaped || duis_is_signed(document));
    CHECK(!shaped || (*name.issuer && *name.serial));
    /* nobody has this key */
    CHECK(!duis_signature_verify(arena, document, DUIS_STRICT, key, &reason) &&
          reason);
}

static void read_document(struct arena *arena, struct span input) {
    struct duis_request request;
    struct duis_document response;
    struct duis_fault fault = {0};
    if (duis_request_parse(arena, input, &request, &fault) == DUIS_PARSED) {
        check_request(&request);
        check_signature(arena, &request.document);
        return;
    }
    check_fault(&fault);
    if (duis_document_parse(arena, input, DUIS_RESPONSE, &response, &fault) ==
        DUIS_PARSED)
        check_signature(arena, &response);
    else
        check_fault(&fault);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static bool open;
    if (!open)
        CHECK(open = duis_open());
    struct arena *arena = arena_new();
    read_document(arena, span_of(data, size));
    arena_free(arena);
    return 0;
}
