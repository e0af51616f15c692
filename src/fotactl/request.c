/* fotactl request: one Service Request and what became of it. */
#include "base/json.h"
#include "base/request_id.h"
#include "fotactl/lists.h"
#include "fotactl/verbs.h"

static const struct view_field status_fields[] = {
    {"status", "Status", "STATUS", VIEW_TEXT},
    {"count", "Devices", "DEVICES", VIEW_COUNT},
};

enum { STATUS_FIELDS = sizeof status_fields / sizeof *status_fields };

static enum outcome request_find(struct verb_run *run,
                                 const struct request_id *id,
                                 struct db_rows **request,
                                 struct db_rows **statuses) {
    static const struct db_statement show = {
        "show_request", "select q.* from service_request r,"
                        " request_report(r, $2) q where r.request_no = $1"};
    static const struct db_statement locate = {
        "find_request", "select find_request($1, $2, $3)"};
    static const struct db_statement count = {
        "count_statuses", "select status, count(*) from tracking"
                          " where request_no = $1 group by 1 order by 1"};
    struct db_params names = DB_PARAMS(run->arena);
    db_eui64(&names, id->originator);
    db_eui64(&names, id->target);
    db_uint8(&names, id->counter);
    struct db_rows *found;
    enum outcome outcome =
        db_insist(run->db, &locate, &names, run->arena, &found, true);
    if (outcome != DONE)
        return outcome;
    if (db_is_null(found, 0, 0)) {
        (void)run_refuse(run, "there is no request %s on record",
                         run->argument);
        return REFUSED;
    }
    struct db_params number = DB_PARAMS(run->arena);
    db_int8(&number, db_get_int(found, 0, 0));
    outcome = db_insist(run->db, &count, &number, run->arena, statuses, true);
    db_instant(&number, clock_now());
    if (outcome == DONE)
        outcome = db_insist(run->db, &show, &number, run->arena, request, true);
    return outcome;
}

static json_t *statuses_json(const struct db_rows *statuses) {
    json_t *object = json_object();
    for (size_t i = 0; i < db_row_count(statuses); i++)
        json_put(object, db_get_text(statuses, i, 0),
                 json_integer(db_get_int(statuses, i, 1)));
    return object;
}

enum outcome verb_request(struct verb_run *run) {
    struct request_id id;
    if (!request_id_parse(run->argument, &id))
        return run_misuse(run,
                          "'%s' is not a RequestID: EUI-64 of the sender, "
                          "EUI-64 of the target and counter with ':' between",
                          run->argument);
    struct db_rows *request, *statuses;
    enum outcome outcome = request_find(run, &id, &request, &statuses);
    if (outcome != DONE)
        return run_database(run, outcome);
    if (run->options.json) {
        json_t *object =
            view_object(request_fields, REQUEST_FIELDS, request, 0);
        json_put(object, "statuses", statuses_json(statuses));
        run_print_json(run, object);
        return DONE;
    }
    view_list(run->out, request_fields, REQUEST_FIELDS, request, 0);
    buffer_text(run->out, "\n");
    if (db_row_count(statuses))
        view_table(run->out, status_fields, STATUS_FIELDS, statuses);
    else
        buffer_text(run->out, "No device of it was tracked.\n");
    return DONE;
}
