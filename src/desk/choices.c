#include "desk/choices.h"

#include <string.h>

const char *const request_states[] = {"refused",  "quarantined", "in-progress",
                                      "finished", "unanswered",  NULL};

const char *const hold_states[] = {"held", "released", "rejected", NULL};

const char *const processing_statuses[] = {
    "AWAITING_CSP",           "APPROVED_FOR_DISTRIBUTION",
    "SUCCESSFUL_CH_TRANSFER", "SUCCESSFUL_HAN_TRANSFER",
    "REJECTED_BY_DSP",        "REJECTED_BY_CSP",
    "FAILED_CH_TRANSFER",     "FAILED_HAN_TRANSFER",
    "HAN_DISCARDED",          "HAN_REJECTED_HW_MISMATCH",
    "FIRMWARE_ACTIVATED",     "ACTIVATION_FAILED",
    "RESET_BY_DCC",           NULL};

const char *const device_types[] = {"ESME",  "GSME", "GPF", "CHF", "HCALCS",
                                    "PPMID", "IHD",  "CAD", NULL};

const char *const service_variants[] = {"11.1", "11.2", "11.3", "11.4", NULL};

bool is_choice(const char *const *choices, const char *text) {
    while (*choices && strcmp(*choices, text) != 0)
        choices++;
    return *choices;
}
