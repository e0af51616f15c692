/* fotactl sat request: a request and its answer as they were, from the Service
 * Audit Trail (requirement H1), its signature checked once more. */
#include "base/base64.h"
#include "base/json.h"
#include "desk/view.h"
#include "duis/library.h"
#include "fotactl/verbs.h"
#include "request/recheck.h"

#include <errno.h>
#include <openssl/sha.h>
#include <stdlib.h>

/* In the order of sat_request_page(). */
static const struct view_field fields[] = {
    {"entry", "Entry", NULL, VIEW_COUNT},
    {"at", "At", NULL, VIEW_INSTANT},
    {"requestId", "Request", NULL, VIEW_TEXT},
    {"party", "Party", NULL, VIEW_EUI64},
    {"code", "Code", NULL, VIEW_TEXT},
    {"detail", "Detail", NULL, VIEW_TEXT},
    {"recordedIn", "Recorded in", NULL, VIEW_COUNT},
    {"intact", "Intact", NULL, VIEW_BOOL},
    {"octets", "Octets", NULL, VIEW_COUNT},
    {"content", "SHA-256", NULL, VIEW_TEXT},
    {"imageId", "Image", NULL, VIEW_TEXT},
    {"imageKept", "Image kept", NULL, VIEW_BOOL},
};
enum {
    AT = 1,
    RECORDED_IN = 6,
    CONTENT = 9,
    IMAGE_ID,
    IMAGE_KEPT,
    FIELDS,
    REQUEST = FIELDS,
    IMAGE_AT,
    IMAGE,
    LINE_LENGTH,
    LINE_BREAK,
    ANSWER
};

static enum outcome record_find(struct verb_run *run, struct db_rows **rows) {
    static const struct db_statement find = {
        "sat_request_page", "select * from sat_request_page($1)"};
    char *end;
    struct db_params params = DB_PARAMS(run->arena);
    errno = 0;
    long long number = strtoll(run->argument, &end, 10);
    if (errno || *end || end == run->argument || number < 1)
        return run_misuse(run, "'%s' is no number of an entry", run->argument);
    db_int8(&params, number);
    enum outcome outcome = run_query(run, &find, &params, rows);
    if (outcome == DONE && db_row_count(*rows) == 0)
        return run_refuse(run,
                          "entry %lld is no request: fotactl sat export has "
                          "their numbers",
                          number);
    return outcome;
}

/* ---- as it came ---- */

static void image_add(struct buffer *body, const struct db_rows *rows) {
    struct buffer text = {0};
    base64_add(&text, db_get_span(rows, 0, IMAGE));
    size_t line = (size_t)db_get_int(rows, 0, LINE_LENGTH);
    for (size_t at = 0; at < text.len; at += line) {
        if (line == 0)
            line = text.len;
        else if (at)
            buffer_add(body, db_get_span(rows, 0, LINE_BREAK));
        size_t now = text.len - at < line ? text.len - at : line;
        buffer_add(body, span_of(text.data + at, now));
    }
    buffer_free(&text);
}

/* False: it cannot be made anew; *why says so. */
static bool body_make(const struct db_rows *rows, struct buffer *body,
                      const char **why) {
    struct span request = db_get_span(rows, 0, REQUEST);
    bool has_image = !db_is_null(rows, 0, IMAGE_AT);
    size_t at = has_image ? (size_t)db_get_int(rows, 0, IMAGE_AT) : request.len;
    *why = "its image is not kept any more";
    if (at > request.len || (has_image && !db_get_bool(rows, 0, IMAGE_KEPT)))
        return false;
    buffer_add(body, span_of(request.data, at));
    if (has_image)
        image_add(body, rows);
    buffer_add(body, span_of(request.data + at, request.len - at));
    uint8_t hash[SHA256_DIGEST_LENGTH];
    char hex[2 * sizeof hash + 1];
    SHA256(body->data, body->len, hash);
    for (size_t i = 0; i < sizeof hash; i++)
        snprintf(hex + 2 * i, 3, "%02X", hash[i]);
    *why = "only its beginning was kept";
    return strcmp(hex, db_get_text(rows, 0, CONTENT)) == 0;
}

static enum outcome body_write(struct verb_run *run, struct span body) {
    FILE *file = fopen(run->options.out, "wbe");
    bool good = file && span_write(body, file);
    if (file && fclose(file) != 0)
        good = false;
    return good ? DONE
                : run_refuse(run, "%s: %s", run->options.out, strerror(errno));
}

/* What libxml2 makes goes before libxml2 does. */
static enum outcome signature_check(struct verb_run *run, struct span body,
                                    instant at, const char **verdict) {
    struct arena *arena = arena_new();
    const char *fault = "";
    enum outcome outcome =
        duis_open()
            ? request_recheck(&run->config, run->db, arena, body, at, &fault)
            : run_refuse(run, "the DUIS schemas cannot be compiled");
    if (outcome == DONE)
        *verdict = "good";
    else if (outcome == REFUSED && !run->problem) {
        *verdict = arena_printf(run->arena, "not good: %s", fault);
        outcome = DONE;
    }
    arena_free(arena);
    duis_close();
    return outcome;
}

static enum outcome body_use(struct verb_run *run, const struct db_rows *rows,
                             const char **verdict) {
    struct buffer body = {0};
    const char *why = "it was not kept";
    enum outcome outcome = DONE;
    if (!body_make(rows, &body, &why))
        *verdict = arena_printf(run->arena, "not checked: %s", why);
    else
        outcome = signature_check(run, buffer_span(&body),
                                  db_get_instant(rows, 0, AT), verdict);
    if (outcome == DONE && run->options.out && body.len)
        outcome = body_write(run, buffer_span(&body));
    else if (outcome == DONE && run->options.out)
        outcome = run_refuse(run, "entry %s: %s", run->argument, why);
    buffer_free(&body);
    return run_database(run, outcome);
}

static json_t *text_json(const struct db_rows *rows, int column) {
    struct span text = db_get_span(rows, 0, column);
    return text.len ? json_span(text) : json_null();
}

enum outcome verb_sat_request(struct verb_run *run) {
    struct db_rows *rows = NULL;
    const char *verdict = "not checked: it was not kept";
    enum outcome outcome = record_find(run, &rows);
    if (outcome == DONE && !db_is_null(rows, 0, RECORDED_IN))
        outcome = body_use(run, rows, &verdict);
    if (outcome != DONE)
        return outcome;
    if (run->options.json) {
        json_t *object = view_object(fields, FIELDS, rows, 0);
        json_put(object, "signature", json_text(verdict));
        json_put(object, "request", text_json(rows, REQUEST));
        json_put(object, "answer", text_json(rows, ANSWER));
        run_print_json(run, object);
        return DONE;
    }
    view_list(run->out, fields, FIELDS, rows, 0);
    buffer_printf(run->out, "\nSignature: %s\n", verdict);
    return DONE;
}
