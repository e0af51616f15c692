#include "desk/history.h"

const struct view_field history_fields[HISTORY_FIELDS] = {
    {"entry", "Entry", "ENTRY", VIEW_COUNT},
    {"at", "At", "AT", VIEW_INSTANT},
    {"kind", "Kind", "KIND", VIEW_TEXT},
    {"requestId", "Request", "REQUEST", VIEW_TEXT},
    {"deviceId", "Device", "DEVICE", VIEW_EUI64},
    {"userId", "User", "USER", VIEW_EUI64},
    {"userName", NULL, NULL, VIEW_TEXT},
    {"csp", "CSP", "CSP", VIEW_TEXT},
    {"person", "Person", "PERSON", VIEW_TEXT},
    {"code", "Code", "CODE", VIEW_TEXT},
    {"detail", "Detail", "DETAIL", VIEW_TEXT},
    {"message", "Message", NULL, VIEW_TEXT},
};

const struct db_statement history_rows = {
    "list_trail", "select * from list_trail($1, $2, $3, $4, $5, $6, $7, $8,"
                  " $9, $10::text::bigint, $11)"};

const struct db_statement history_state = {
    "history_state_page", "select history_state_page($1, $2)::text"};

void history_subject_add(struct db_params *params,
                         const struct history_filter *f) {
    db_eui64_if(params, f->has_device, f->device);
    db_eui64_if(params, f->has_hub, f->hub);
    db_int8_if(params, f->has_request, f->request_no);
    db_eui64_if(params, f->has_user, f->user);
    db_text(params, f->person);
    db_eui64_at(params, f->supplier);
}

void history_filter_add(struct db_params *params, const void *filter) {
    const struct history_filter *f = filter;
    history_subject_add(params, f);
    db_instant_if(params, f->has_from, f->from);
    db_instant_if(params, f->has_to, f->to);
    db_instant_if(params, f->has_at, f->at);
}
