/* What of a request did not succeed: which devices may be sent again. */
#include "desk/retry.h"

#include "people/answer.h"
#include "people/handlers.h"
#include "people/input.h"
#include "people/listing.h"
#include "people/requests.h"

static void retry_add(struct db_params *params, const void *filter) {
    retry_filter_add(params, filter);
}

static bool retry_read(struct call *call, struct retry_filter *filter) {
    *filter = (struct retry_filter){.config = call->config, .now = call->now};
    return query_text(call, "reason", 64, &filter->reason) &&
           request_in_path(call, &filter->request_no);
}

void people_list_retry(struct call *call) {
    static const struct listing listing = {.fields = retry_fields,
                                           .field_count = RETRY_FIELDS,
                                           .rows = &retry_rows,
                                           .page = &retry_page,
                                           .add_filter = retry_add,
                                           .file_name = "retry.csv",
                                           .missing =
                                               "There is no such request."};
    struct retry_filter *filter = arena_zero(call->arena, 1, sizeof *filter);
    if (retry_read(call, filter))
        listing_answer(call, &listing, filter);
}

/* As a file, for whoever signs it. */
void people_retry_request(struct call *call) {
    struct desk desk = answer_desk(call);
    struct retry_filter filter;
    const char *xml;
    int64_t devices;
    if (!retry_read(call, &filter) ||
        !answer_desk_done(call, &desk,
                          retry_request(&desk, &filter, &xml, &devices)))
        return;
    struct http_response *response = call->response;
    response->status = 200;
    response->content_type = "application/xml";
    http_add_header(response, "Content-Disposition",
                    "attachment; filename=\"retry.xml\"");
    response->body = span_text(xml);
}
