#include "desk/desk.h"

#include "base/safe_text.h"
#include "db/system_clock.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>

enum outcome desk_refuse(struct desk *desk, enum desk_fault fault,
                         const char *format, ...) {
    va_list args;
    va_start(args, format);
    desk->refusal = arena_vprintf(desk->arena, format, args);
    va_end(args);
    desk->fault = fault;
    return REFUSED;
}

enum outcome desk_check_reason(struct desk *desk, const char *reason) {
    size_t len = reason ? text_characters(reason) : 0;
    if (!len || len > DESK_REASON_MOST)
        return desk_refuse(desk, DESK_MALFORMED,
                           "say why: a reason of 1 to %d characters",
                           DESK_REASON_MOST);
    return DONE;
}

const struct db_statement desk_request_no = {
    "desk_request_no", "select coalesce(find_request($1, $2, $3), 0)"};

void desk_request_id_add(struct db_params *params,
                         const struct request_id *id) {
    db_eui64(params, id->originator);
    db_eui64(params, id->target);
    db_uint8(params, id->counter);
}

bool desk_read_number(const char *text, int64_t *number) {
    if (!*text || *text == '0' || text[strspn(text, "0123456789")])
        return false;
    errno = 0;
    *number = strtoll(text, NULL, 10);
    return !errno;
}

/* That fotad did not run for a while is no reason: a person is there. */
enum outcome desk_check_clock(struct desk *desk) {
    const char *fault = system_clock_fault(desk->config, desk->arena);
    if (!fault || strcmp(system_clock_latest().doubt, "gap") == 0)
        return DONE;
    return desk_refuse(desk, DESK_CONFLICT,
                       "it cannot be undone, and the time is not sure: %s",
                       fault);
}

static enum outcome refuse_as(struct desk *desk,
                              const struct desk_outcome *refusal,
                              const char *about) {
    const char *text = refusal->text, *mark = strstr(text, "%s");
    if (!mark)
        return desk_refuse(desk, refusal->fault, "%s", text);
    return desk_refuse(desk, refusal->fault, "%.*s%s%s", (int)(mark - text),
                       text, about, mark + 2);
}

enum outcome desk_run(struct desk *desk, const struct db_statement *statement,
                      const struct db_params *params,
                      const struct desk_outcome *refusals, const char *about,
                      struct db_rows **rows) {
    struct db_rows *answer;
    enum outcome outcome =
        db_insist(desk->db, statement, params, desk->arena, &answer, false);
    if (outcome != DONE)
        return outcome;
    if (rows)
        *rows = answer;
    const char *name = db_get_text(answer, 0, 0);
    for (; refusals->name; refusals++)
        if (strcmp(refusals->name, name) == 0)
            return refuse_as(desk, refusals, about);
    return DONE;
}
