#include "people/answer.h"

#include "people/database.h"

#include <ctype.h>
#include <stdlib.h>

void answer_json_text(struct call *call, unsigned status, struct span text) {
    call->response->status = status;
    call->response->content_type = "application/json";
    call->response->body = text;
}

void answer_json(struct call *call, unsigned status, json_t *value) {
    char *text = json_dumps(value, JSON_COMPACT);
    json_decref(value);
    answer_json_text(call, status,
                     span_text(arena_adopt(call->arena, text, free)));
}

void answer_screen(struct call *call, const struct db_statement *statement,
                   const struct db_params *params, const char *missing) {
    static const struct db_statement age = {"data_age",
                                            "select data_age()::text"};
    struct db_rows *rows, *ages;
    /* asked first, so that the data is at most that old */
    if (!database_read(call, &age, NULL, &ages) ||
        !database_read(call, statement, params, &rows))
        return;
    if (db_row_count(rows) == 0 || db_is_null(rows, 0, 0)) {
        http_problem(call->response, 404, "%s", missing);
        return;
    }
    double seconds = atof(db_get_text(ages, 0, 0));
    const char *object = db_get_text(rows, 0, 0) + 1;
    http_add_header(call->response, "X-Data-Age",
                    arena_printf(call->arena, "%.3f", seconds));
    answer_json_text(call, call->response->status,
                     span_text(arena_printf(call->arena, "{\"dataAge\":%.3f,%s",
                                            seconds, object)));
}

/* ---- src/desk ---- */

struct desk answer_desk(struct call *call) {
    return (struct desk){.db = call->worker->primary,
                         .arena = call->arena,
                         .config = call->config,
                         .person = call->person->name,
                         .now = call->now};
}

const char *answer_sentence(struct arena *arena, const char *text) {
    return arena_printf(arena, "%c%s.", toupper((unsigned char)*text),
                        text + 1);
}

bool answer_desk_done(struct call *call, const struct desk *desk,
                      enum outcome outcome) {
    static const unsigned statuses[] = {[DESK_MALFORMED] = 400,
                                        [DESK_UNFIT] = 400,
                                        [DESK_UNKNOWN] = 404,
                                        [DESK_CONFLICT] = 409};
    if (outcome != REFUSED)
        return database_done(call, outcome, desk->db);
    http_problem(call->response, statuses[desk->fault], "%s",
                 answer_sentence(call->arena, desk->refusal));
    return false;
}
