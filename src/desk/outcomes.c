#include "desk/outcomes.h"

const struct view_field outcome_fields[OUTCOME_FIELDS] = {
    {NULL, NULL, NULL, VIEW_COUNT},
    {"period", "Period", "PERIOD", VIEW_TEXT},
    {"deviceType", "Device type", "TYPE", VIEW_TEXT},
    {"manufacturerId", "Manufacturer", "MANUFACTURER", VIEW_TEXT},
    {"modelId", "Model", "MODEL", VIEW_TEXT},
    {"hardwareVersion", "Hardware version", "HARDWARE", VIEW_TEXT},
    {"firmwareVersion", "Firmware version", "VERSION", VIEW_TEXT},
    {"devices", "Devices", "DEVICES", VIEW_COUNT},
    {"succeeded", "Succeeded", "SUCCEEDED", VIEW_COUNT},
    {"failed", "Failed", "FAILED", VIEW_COUNT},
    {"inProgress", "Under way", "UNDER WAY", VIEW_COUNT},
    {"share", "Share that failed", "SHARE", VIEW_NUMBER},
    {"low", "At least (95 %)", "LOW", VIEW_NUMBER},
    {"high", "At most (95 %)", "HIGH", VIEW_NUMBER},
};

const struct db_statement outcome_rows = {
    "list_outcomes",
    "select n, period, device_type, manufacturer_id, model_id,"
    " hardware_version, firmware_version, devices, succeeded, failed,"
    " in_progress, share::text, low::text, high::text"
    " from (select row_number() over () as n, o.*"
    " from list_outcomes($1, $2::text::device_type, $3, $4::text, $5, $6) o) o"
    " where n > coalesce($7::text::bigint, 0) order by n limit $8::int"};

const struct view_field neighbour_fields[NEIGHBOUR_FIELDS] = {
    {NULL, NULL, NULL, VIEW_COUNT},
    {"user", "User", "USER", VIEW_EUI64},
    {"userName", "Name", "NAME", VIEW_TEXT},
    {"requests", "Requests", "REQUESTS", VIEW_COUNT},
    {"singleRequests", "For one device", "FOR ONE", VIEW_COUNT},
    {"jobs", "Jobs", "JOBS", VIEW_COUNT},
    {"singleJobs", "Jobs of one device", "OF ONE", VIEW_COUNT},
    {"devices", "Updates", "UPDATES", VIEW_COUNT},
    {"again", "Sent again within 5 days", "AGAIN", VIEW_COUNT},
    {"share", "Share sent again", "SHARE", VIEW_NUMBER},
    {"low", "At least (95 %)", "LOW", VIEW_NUMBER},
    {"high", "At most (95 %)", "HIGH", VIEW_NUMBER},
    {"expiredAgain", "Expired and sent again", "EXPIRED, AGAIN", VIEW_COUNT},
    {"discarded", "Discarded for a GSME", "DISCARDED", VIEW_COUNT},
    {"warned", "Warnings of the guard", "WARNED", VIEW_COUNT},
    {"refused", "Refused by the guard", "REFUSED", VIEW_COUNT},
};

const struct db_statement neighbour_rows = {
    "list_neighbours",
    "select n, user_id, user_name, requests, single_requests, jobs,"
    " single_jobs, devices, again, share::text, low::text, high::text,"
    " expired_again, discarded, warned, refused"
    " from (select row_number() over () as n, o.*"
    " from list_neighbours($1, $2, $3) o) o"
    " where n > coalesce($4::text::bigint, 0) order by n limit $5::int"};

const struct view_field result_fields[RESULT_FIELDS] = {
    {NULL, NULL, NULL, VIEW_COUNT},
    {"user", "User", "USER", VIEW_EUI64},
    {"userName", "Name", "NAME", VIEW_TEXT},
    {"deviceType", "Device type", "TYPE", VIEW_TEXT},
    {"sent", "Sent", "SENT", VIEW_COUNT},
    {"executed", "Executed", "EXECUTED", VIEW_COUNT},
    {"failed", "Failed", "FAILED", VIEW_COUNT},
    {"notAnswered", "Not answered", "NOT ANSWERED", VIEW_COUNT},
    {"cancelled", "Cancelled", "CANCELLED", VIEW_COUNT},
    {"underWay", "Under way", "UNDER WAY", VIEW_COUNT},
    {"corrected", "Corrected later", "CORRECTED", VIEW_COUNT},
    {"share", "Share executed", "SHARE", VIEW_NUMBER},
    {"low", "At least (95 %)", "LOW", VIEW_NUMBER},
    {"high", "At most (95 %)", "HIGH", VIEW_NUMBER},
    {"results", "What devices said", "RESULTS", VIEW_TEXT},
};

const struct db_statement result_rows = {
    "activation_results",
    "select n, user_id, user_name, device_type, sent, executed, failed,"
    " not_answered, cancelled, under_way, corrected, share::text, low::text,"
    " high::text, results from (select row_number() over () as n, o.*"
    " from activation_results($1, $2, $3) o) o"
    " where n > coalesce($4::text::bigint, 0) order by n limit $5::int"};

void outcome_filter_add(struct db_params *params,
                        const struct outcome_filter *filter) {
    db_eui64_at(params, filter->user);
    db_text(params, filter->device_type);
    if (filter->has_version)
        db_bytea(params, span_of(filter->version, sizeof filter->version));
    else
        db_null(params);
    db_text(params, filter->period);
    db_instant(params, filter->from);
    db_instant(params, filter->to);
}

void neighbour_filter_add(struct db_params *params,
                          const struct outcome_filter *filter) {
    db_eui64_at(params, filter->user);
    db_instant(params, filter->from);
    db_instant(params, filter->to);
}
