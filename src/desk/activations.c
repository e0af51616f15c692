#include "desk/activations.h"

const struct view_field activation_fields[ACTIVATION_FIELDS] = {
    {NULL, NULL, NULL, VIEW_COUNT},
    {"requestId", "Request", "REQUEST", VIEW_TEXT},
    {"sender", "Sender", NULL, VIEW_EUI64},
    {"senderName", "Sender's name", "SENDER", VIEW_TEXT},
    {"deviceId", "Device", "DEVICE", VIEW_EUI64},
    {"deviceType", "Device type", "TYPE", VIEW_TEXT},
    {"requested", "Requested", "REQUESTED", VIEW_INSTANT},
    {"executionTime", "Execution time", "EXECUTION", VIEW_INSTANT},
    {"state", "State", "STATE", VIEW_TEXT},
    {"ended", "Ended", "ENDED", VIEW_INSTANT},
    {"executed", "Executed", "EXECUTED", VIEW_INSTANT},
    {"result", "Result", "RESULT", VIEW_TEXT},
    {"outcomeSeen", "Outcome seen", NULL, VIEW_INSTANT},
};

const struct db_statement activation_rows = {
    "list_activations",
    "select * from list_activations($1, $2::text::device_type, $3, $4,"
    " $5::text::bigint, $6)"};

void activation_filter_add(struct db_params *params,
                           const struct activation_filter *filter) {
    db_eui64_at(params, filter->supplier);
    db_text(params, filter->device_type);
    db_instant(params, filter->from);
    db_instant(params, filter->to);
}
