#include "support/duis_stage.h"

#include "duis/request.h"

const char *const STAGES[] = {"parse", "shape", "verify", "good"};

enum stage stage_of(struct arena *arena, struct span text, EVP_PKEY *key,
                    const char **reason) {
    return stage_in(arena, DUIS_STRICT, text, key, reason);
}

enum stage stage_in(struct arena *arena, enum duis_shape accepted,
                    struct span text, EVP_PKEY *key, const char **reason) {
    struct duis_request request;
    struct duis_fault fault = {0};
    if (duis_request_parse(arena, text, &request, &fault) != DUIS_PARSED) {
        *reason = fault.reason;
        return PARSE;
    }
    struct duis_signer_name name;
    if (!duis_signature_shape(arena, &request.document, accepted, &name,
                              reason))
        return SHAPE;
    return duis_signature_verify(arena, &request.document, accepted, key,
                                 reason)
               ? GOOD
               : VERIFY;
}
