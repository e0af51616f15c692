#include "csp_gateway/recall.h"

#include "base/json.h"
#include "base/log.h"
#include "csp_gateway/post.h"

#include <jansson.h>

/* Recalls in hand at once. */
enum { MOST_RECALLS = 16 };

static struct metric_family families[] = {
    {.name = "fotad_csp_recalls_total",
     .help = "Tries to recall a job from a CSP, and what came of them",
     .kind = METRIC_COUNTER,
     .labels = {"csp", "outcome"}},
    {.name = "fotad_csp_recalls_waiting",
     .help = "Recalls that are to be sent or tried again",
     .kind = METRIC_GAUGE,
     .labels = {"csp"}},
};
enum { TRIES, WAITING, FAMILIES };

/* What the CSP said. */
struct recall_said {
    const char *state; /* recall_state of the database */
    eui64 *devices;    /* "recalled": its devices */
    size_t count;
};

static unsigned recalls_most(const struct config *config) {
    (void)config;
    return MOST_RECALLS;
}

static instant recalls_give_up(const struct config *config,
                               const struct config_csp *csp) {
    (void)config;
    return csp->busy_give_up;
}

static enum outcome recalls_lease(struct csp_round *round) {
    static const struct db_statement lease = {
        "recall_leases", "select recall_no, lease_number, job_id, tries, began"
                         " from recall_leases($1, $2, $3, $4)"};
    static const struct db_column columns[] = {
        DB_COLUMN(INT8, struct csp_item, no),
        DB_COLUMN(INT8, struct csp_item, lease),
        DB_COLUMN(TEXT, struct csp_item, id),
        DB_COLUMN(INT4, struct csp_item, tries),
        DB_COLUMN(INSTANT, struct csp_item, began),
    };
    struct db_params params = DB_PARAMS(round->arena);
    db_text(&params, round->csp->name);
    db_instant(&params, round->now);
    db_instant(&params, round->lease);
    db_int4(&params, MOST_RECALLS);
    return db_fetch(round->db, &lease, &params, DB_COLUMNS(columns),
                    sizeof(struct csp_item), &round->leased, &round->count);
}

/* ---- what the CSP says ---- */

static bool devices_read(const json_t *list, struct arena *arena,
                         struct recall_said *said) {
    said->devices =
        arena_zero(arena, json_array_size(list) + 1, sizeof *said->devices);
    size_t i;
    json_t *one;
    json_array_foreach(list, i, one) {
        const char *text = json_string_value(one);
        if (!text || !eui64_parse(span_text(text), &said->devices[i]))
            return false;
    }
    said->count = json_array_size(list);
    return json_is_array(list);
}

static const void *recall_read(const struct http_answer *answer,
                               struct arena *arena) {
    struct recall_said *said = arena_zero(arena, 1, sizeof *said);
    if (answer->status != 200) {
        said->state = answer->status == 404 ? "absent" : "too_late";
        return said;
    }
    said->state = "recalled";
    json_t *object =
        json_read(buffer_span(&answer->body), JSON_REJECT_DUPLICATES, NULL);
    bool good = !answer->truncated &&
                devices_read(json_object_get(object, "recalled"), arena, said);
    json_decref(object);
    return good ? said : NULL;
}

static void recalls_post(struct csp_round *round) {
    static const unsigned good[] = {200, 404, 409, 0};
    struct csp_post *posts =
        arena_zero(round->arena, round->count, sizeof *posts);
    for (size_t i = 0; i < round->count; i++)
        posts[i] = (struct csp_post){.method = "DELETE",
                                     .path = arena_printf(round->arena,
                                                          "/firmware-jobs/%s",
                                                          round->items[i].id),
                                     .good = good,
                                     .read = recall_read};
    csp_post(round, posts, round->items, round->count);
}

/* ---- what came of it ---- */

struct recall_answer {
    const struct csp_round *round;
    const struct csp_item *item;
};

static enum outcome recall_answered(struct db *db, void *context) {
    static const struct db_statement note = {
        "recall_answered",
        "select recall_answered($1, $2, $3::recall_state, $4, $5, $6,"
        " $7::bigint * interval '1 microsecond')"};
    static const struct recall_said nothing = {.state = "given_up"};
    const struct recall_answer *answer = context;
    const struct csp_item *item = answer->item;
    const struct recall_said *said = item->said ? item->said : &nothing;
    struct db_params params = DB_PARAMS(answer->round->arena);
    db_int8(&params, item->no);
    db_int8(&params, item->lease);
    db_text(&params, said->state);
    if (said->devices)
        db_eui64s(&params, said->devices, said->count);
    else
        db_null(&params);
    db_text(&params, item->detail);
    db_instant(&params, clock_now());
    db_int8(&params, answer->round->config->tracking_timeout);
    return db_run(db, &note, &params, params.arena, NULL);
}

static enum outcome recall_again(const struct csp_round *round,
                                 const struct csp_item *item) {
    static const struct db_statement note = {
        "recall_again", "select recall_again($1, $2, $3, $4)"};
    struct db_params params = DB_PARAMS(round->arena);
    db_int8(&params, item->no);
    db_int8(&params, item->lease);
    db_instant(&params, item->next_try);
    db_text(&params, item->detail);
    return db_run(round->db, &note, &params, round->arena, NULL);
}

static enum outcome recalls_settle(const struct csp_round *round,
                                   const struct csp_item *items, size_t count) {
    enum outcome outcome = DONE;
    for (size_t i = 0; i < count && outcome == DONE; i++) {
        struct recall_answer answer = {round, &items[i]};
        bool again = items[i].end == CSP_AGAIN || items[i].end == CSP_LATE;
        outcome = again
                      ? recall_again(round, &items[i])
                      : db_transact(round->db, recall_answered, &answer, true);
    }
    return outcome;
}

static void recall_tell(const struct csp_round *round,
                        const struct csp_item *item, const char *end,
                        instant took) {
    const struct recall_said *said = item->said;
    (void)took;
    log_event(said ? LOG_LEVEL_INFO : LOG_LEVEL_WARNING, "csp.recall",
              "csp=%s outcome=%s job=%s devices=%zu try=%d%s%s",
              round->csp->name, said && item->settled ? said->state : end,
              item->id, said ? said->count : 0, item->tries + 1,
              item->detail ? " : " : "", item->detail ? item->detail : "");
}

static const struct db_statement recalls_waiting = {
    "recalls_waiting", "select recalls_waiting($1)"};

const struct csp_work csp_recalls = {
    .kind = CSP_RECALLS,
    .task = "csp_recaller",
    .session = "fotad CSP recalls",
    .failed = "csp.waiting",
    .most_answer = 4 << 20, /* of 50,000 devices 1.5 MB */
    .asks_on = true,
    .most = recalls_most,
    .give_up = recalls_give_up,
    .lease = recalls_lease,
    .size = sizeof(struct csp_item), /* whose id is the jobId */
    .post = recalls_post,
    .settle = recalls_settle,
    .settle_most = 1,
    .tell = recall_tell,
    .waiting = &recalls_waiting,
    .waiting_gauge = &families[WAITING],
    .ends = {"answered", "again", "refused", "given_up", "late", "left"},
    .leased = CRASH_recall_leased,
    .posted = CRASH_recall_answered,
    .settled = CRASH_recall_settled,
    .families = families,
    .family_count = FAMILIES,
};
