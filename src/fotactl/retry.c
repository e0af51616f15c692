/* fotactl retry-list: what of a request may be sent again, as a list or as the
 * unsigned request that does it. */
#include "desk/retry.h"

#include "fotactl/verbs.h"

#include <stdio.h>

static enum outcome retry_locate(struct verb_run *run,
                                 struct retry_filter *filter) {
    struct request_id id;
    if (!run_read_request_id(run, &id))
        return REFUSED;
    struct db_params params = DB_PARAMS(run->arena);
    desk_request_id_add(&params, &id);
    struct db_rows *rows;
    enum outcome outcome = run_query(run, &desk_request_no, &params, &rows);
    if (outcome != DONE)
        return outcome;
    if (!db_get_int(rows, 0, 0))
        return run_refuse(run, "there is no request %s on record",
                          run->argument);
    *filter = (struct retry_filter){.request_no = db_get_int(rows, 0, 0),
                                    .reason = run->options.reason,
                                    .config = &run->config,
                                    .now = clock_now()};
    return DONE;
}

static enum outcome retry_write(struct verb_run *run,
                                const struct retry_filter *filter) {
    struct desk desk = run_desk(run);
    const char *xml;
    int64_t devices;
    enum outcome outcome = run_desk_end(
        run, &desk, retry_request(&desk, filter, &xml, &devices), NULL);
    if (outcome != DONE)
        return outcome;
    FILE *file = fopen(run->options.out, "w");
    bool good = file && fputs(xml, file) >= 0;
    if ((file && fclose(file)) || !good)
        return run_refuse(run, "%s: %m", run->options.out);
    if (run->options.json)
        run_print_json(run,
                       json_pack("{s:I, s:s}", "devices", (json_int_t)devices,
                                 "file", run->options.out));
    else
        buffer_printf(run->out,
                      "%jd devices; %s is unsigned: its sender signs it.\n",
                      (intmax_t)devices, run->options.out);
    return DONE;
}

static enum outcome retry_show(struct verb_run *run,
                               const struct retry_filter *filter) {
    struct db_params params = DB_PARAMS(run->arena);
    retry_filter_add(&params, filter);
    db_null(&params);
    db_null(&params);
    struct db_rows *rows;
    enum outcome outcome = run_query(run, &retry_rows, &params, &rows);
    if (outcome != DONE)
        return outcome;
    run_print_rows(run, retry_fields, RETRY_FIELDS, rows,
                   "Every device of it succeeded.");
    return DONE;
}

enum outcome verb_retry_list(struct verb_run *run) {
    struct retry_filter filter;
    enum outcome outcome = retry_locate(run, &filter);
    if (outcome != DONE)
        return outcome;
    return run->options.out ? retry_write(run, &filter)
                            : retry_show(run, &filter);
}
