/* ZCL payloads: GCS38 and the firmware distribution receipt of a GSME. */
#include "fuzz/gbcs_payload_fuzz.h"

static const struct fuzz_choice choices[] = {
    {GBCS_CODE_GCS38, GBCS_COMMAND},
    {GBCS_CODE_GCS38, GBCS_RESPONSE},
    {GBCS_CODE_FDRA_ZCL, GBCS_ALERT},
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    return fuzz_payload(choices, sizeof choices / sizeof *choices,
                        span_of(data, size));
}
