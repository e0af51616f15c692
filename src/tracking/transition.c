#include "tracking/transition.h"

enum status {
#define STATUS(name) name,
#include "tracking/status.def"
#undef STATUS
    STATUSES
};

const char *const tracking_statuses[] = {
#define STATUS(name) #name,
#include "tracking/status.def"
#undef STATUS
    NULL};

/* Statuses `first` to `last`. */
struct range {
    enum status first, last;
};

struct transition {
    const char *event;
    struct range from;
    enum status to;
    const char *alert;      /* NULL: none */
    const char *recipients; /* as the SQL table has them */
};

#define ONLY(status)                                                           \
    { status, status }
#define UP_TO(status)                                                          \
    { AWAITING_CSP, status }
#define NOBODY "none"
#define SENDER "sender"
#define SENDER_LIST "sender list"
#define OTHER_SUPPLIERS_LIST "other suppliers list"
#define ALL_SUPPLIERS "all suppliers"

static const struct transition transitions[] = {
#define TRANSITION(event, from, to, alert, recipients)                         \
    {#event, from, to, alert, recipients},
#include "tracking/transition.def"
#undef TRANSITION
};
enum { TRANSITIONS = sizeof transitions / sizeof *transitions };

/* ---- to the database ---- */

static const char *from_text(struct arena *arena, struct range from) {
    const char *text = tracking_statuses[from.first];
    for (int s = (int)from.first + 1; s <= (int)from.last; s++)
        text = arena_printf(arena, "%s %s", text, tracking_statuses[s]);
    return text;
}

static enum outcome set_transitions(struct db *db, struct arena *arena) {
    static const struct db_statement set = {
        "set_transitions",
        "select set_transitions($1::text[], $2::text[],"
        " $3::text[]::processing_status[], $4::text[], $5::text[])"};
    const char *columns[5][TRANSITIONS];
    for (int i = 0; i < TRANSITIONS; i++) {
        const struct transition *t = &transitions[i];
        columns[0][i] = t->event;
        columns[1][i] = from_text(arena, t->from);
        columns[2][i] = tracking_statuses[t->to];
        columns[3][i] = t->alert ? t->alert : "";
        columns[4][i] = t->recipients;
    }
    struct db_params params = DB_PARAMS(arena);
    for (int i = 0; i < 5; i++)
        db_texts(&params, columns[i], TRANSITIONS);
    return db_run(db, &set, &params, arena, NULL);
}

enum outcome tracking_hand_over(struct db *db) {
    struct arena *arena = arena_new();
    bool later;
    enum outcome outcome = db_is_later(db, &later);
    if (outcome == DONE && !later)
        outcome = set_transitions(db, arena);
    arena_free(arena);
    return outcome;
}

/* ---- to people ---- */

static void explain_row(struct buffer *out, const struct transition *t,
                        enum status s) {
    bool moves = s >= t->from.first && s <= t->from.last;
    bool told = t->alert != NULL;
    buffer_printf(out, "%-19s %-26s %-26s %-7s %s\n", t->event,
                  tracking_statuses[s],
                  moves  ? tracking_statuses[t->to]
                  : told ? "stays (told, not moved)"
                         : "stays",
                  told ? t->alert : "-", told ? t->recipients : "-");
}

void tracking_explain(struct buffer *out) {
    buffer_printf(out, "%-19s %-26s %-26s %-7s %s\n", "event", "in status",
                  "to status", "alert", "told to");
    for (int i = 0; i < TRANSITIONS; i++) {
        buffer_text(out, "\n");
        for (int s = 0; s < STATUSES; s++)
            explain_row(out, &transitions[i], (enum status)s);
    }
}
