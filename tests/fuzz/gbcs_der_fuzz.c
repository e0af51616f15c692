/* ASN.1 DER payloads: CS06, CS08, CCS08, CS09. */
#include "fuzz/gbcs_payload_fuzz.h"

static const struct fuzz_choice choices[] = {
    {GBCS_CODE_CS06, GBCS_COMMAND},     {GBCS_CODE_CS06, GBCS_RESPONSE},
    {GBCS_CODE_CS06_ALERT, GBCS_ALERT}, {GBCS_CODE_CS08, GBCS_COMMAND},
    {GBCS_CODE_CS08, GBCS_RESPONSE},    {GBCS_CODE_CCS08, GBCS_ALERT},
    {GBCS_CODE_CS09, GBCS_ALERT},
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    return fuzz_payload(choices, sizeof choices / sizeof *choices,
                        span_of(data, size));
}
