/* fotactl history: of a device, hub, request or User over the whole audit
 * trail, and a device's state at any moment (requirement H1). */
#include "desk/history.h"
#include "base/json.h"
#include "fotactl/verbs.h"

#include <string.h>

static enum outcome history_request(struct verb_run *run,
                                    struct history_filter *filter) {
    struct request_id id;
    struct db_rows *rows;
    if (!run_read_request_id(run, &id))
        return REFUSED;
    struct db_params params = DB_PARAMS(run->arena);
    desk_request_id_add(&params, &id);
    enum outcome outcome = run_query(run, &desk_request_no, &params, &rows);
    filter->has_request = true;
    if (outcome == DONE)
        filter->request_no = db_get_int(rows, 0, 0);
    return outcome;
}

/* By the last of the verb's words. */
static enum outcome history_subject(struct verb_run *run,
                                    struct history_filter *f) {
    const char *what = strrchr(run->words, ' ') + 1;
    if (strcmp(what, "request") == 0)
        return history_request(run, f);
    eui64 id;
    if (!run_read_eui64(run, run->argument, &id))
        return REFUSED;
    f->has_device = strcmp(what, "device") == 0;
    f->has_hub = strcmp(what, "hub") == 0;
    f->has_user = strcmp(what, "user") == 0;
    f->device = f->hub = f->user = id;
    return DONE;
}

static bool history_period(struct verb_run *run, struct history_filter *f) {
    if (!run_read_instant(run, "--since", run->options.since, &f->from) ||
        !run_read_instant(run, "--until", run->options.until, &f->to) ||
        !run_read_instant(run, "--at", run->options.at, &f->at))
        return false;
    f->has_from = f->from != 0;
    f->has_to = f->to != 0;
    f->has_at = f->at != 0;
    if (f->has_user && !f->has_from) {
        f->has_from = true;
        f->from = (f->to   ? f->to
                   : f->at ? f->at
                           : clock_now()) -
                  DESK_USUAL_DAYS * DAY;
    }
    return true;
}

struct history {
    struct verb_run *run;
    struct history_filter filter;
    struct db_rows *rows, *state;
};

static enum outcome history_read(struct db *db, void *context) {
    struct history *h = context;
    struct arena *arena = h->run->arena;
    struct db_params params = DB_PARAMS(arena);
    history_filter_add(&params, &h->filter);
    db_null(&params);
    db_null(&params);
    enum outcome outcome = db_run(db, &history_rows, &params, arena, &h->rows);
    if (outcome != DONE || !h->filter.has_at || !h->filter.has_device)
        return outcome;
    struct db_params moment = DB_PARAMS(arena);
    db_eui64(&moment, h->filter.device);
    db_instant(&moment, h->filter.at);
    return db_run(db, &history_state, &moment, arena, &h->state);
}

/* NULL: nothing was known of it then. */
static json_t *state_json(const struct history *h) {
    return h->state && db_row_count(h->state) && !db_is_null(h->state, 0, 0)
               ? json_read(db_get_span(h->state, 0, 0), 0, NULL)
               : NULL;
}

static void print_state(struct verb_run *run, json_t *state) {
    static const char *const names[] = {"at",     "status", "requestId",
                                        "reason", "since",  "released"};
    if (!state)
        buffer_text(run->out, "Nothing was known of it then.\n\n");
    for (size_t i = 0; state && i < sizeof names / sizeof *names; i++) {
        const char *text = json_string_value(json_object_get(state, names[i]));
        buffer_printf(run->out, "%-10s %s\n", names[i], text ? text : "-");
    }
    if (state)
        buffer_text(run->out, "\n");
}

static void history_print(const struct history *h) {
    struct verb_run *run = h->run;
    json_t *state = state_json(h);
    if (run->options.json)
        run_print_json(run, json_pack("{s:O?, s:o}", "state", state, "items",
                                      view_array(history_fields, HISTORY_FIELDS,
                                                 h->rows)));
    else if (run->options.csv)
        run_print_csv(run, history_fields, HISTORY_FIELDS, h->rows);
    else {
        if (h->state)
            print_state(run, state);
        if (db_row_count(h->rows))
            view_table(run->out, history_fields, HISTORY_FIELDS, h->rows);
        else
            buffer_text(run->out, "The trail has nothing of it.\n");
    }
    json_decref(state);
}

enum outcome verb_history(struct verb_run *run) {
    struct history h = {.run = run};
    enum outcome outcome = history_subject(run, &h.filter);
    if (outcome == DONE && !history_period(run, &h.filter))
        outcome = REFUSED;
    if (outcome == DONE)
        outcome = run_look(run, history_read, &h);
    if (outcome == DONE)
        history_print(&h);
    return outcome;
}
