#include "tracking/transition.h"

enum status {
#define STATUS(name, said_by) name,
#include "tracking/status.def"
#undef STATUS
    NO_STATUS
};
enum { STATUSES = NO_STATUS };

const char *const tracking_statuses[] = {
#define STATUS(name, said_by) #name,
#include "tracking/status.def"
#undef STATUS
    NULL};

/* Who speaks of an update, in the order in which they are believed; the DCC
 * decides, for good. */
enum speaker { NONE, REPORT, DELIVERY, HUB, DEVICE, DCC };

/* As the SQL table has them. */
static const char *const speaker_names[] = {"",    "report", "delivery",
                                            "hub", "device", "dcc"};

static const enum speaker status_speakers[] = {
#define STATUS(name, said_by) said_by,
#include "tracking/status.def"
#undef STATUS
};

/* Which update of its device an event is of: see transition.def. */
enum attribution {
    JOB,
    AT_HUB,
    REPLACED,
    VERSION,
    VERSION_BEFORE,
    IMAGE,
    GIVEN
};

/* As the SQL table has them, and people. */
static const char *const attribution_names[] = {
    "job", "at hub", "replaced", "version", "version before", "image", "given"};
static const char *const attribution_words[] = {
    "of the job that it names",
    "the newest that had come to the hub, else the newest",
    "the one before the newest, if the newest came to the hub just then or had "
    "not come; else the newest",
    "the newest with the version that the device says",
    "the newest, if the device ran the version that it says when it was asked "
    "for",
    "the newest with the image that the command names",
    "as fotad names it"};

struct transition {
    const char *event;
    enum speaker said_by;
    enum attribution of;
    enum status to;         /* or NO_STATUS */
    const char *alert;      /* NULL: none */
    const char *recipients; /* as the SQL table has them */
};

#define NOBODY "none"
#define SENDER "sender"
#define SENDER_LIST "sender list"
#define OTHER_SUPPLIERS_LIST "other suppliers list"
#define ALL_SUPPLIERS "all suppliers"

static const struct transition transitions[] = {
#define TRANSITION(event, said_by, of, to, alert, recipients)                  \
    {#event, said_by, of, to, alert, recipients},
#include "tracking/transition.def"
#undef TRANSITION
};
enum { TRANSITIONS = sizeof transitions / sizeof *transitions };

/* What it runs it has activated, whatever failed. The version of before counts
 * once the image is at its hub. */
static bool device_moves(const struct transition *t, enum status status) {
    enum speaker said_by = status_speakers[status];
    if (t->to == STORED_ON_DEVICE)
        return said_by == HUB || status == SUCCESSFUL_CH_TRANSFER;
    return t->to == FIRMWARE_ACTIVATED || status != FIRMWARE_ACTIVATED;
}

/* Does the event move an update that is in that status? */
static bool transition_moves(const struct transition *t, enum status status) {
    enum speaker said_by = status_speakers[status];
    if (said_by == DCC || status == t->to)
        return false;
    switch (t->said_by) {
    case NONE:
        return false;
    case DCC:
        return status <= SUCCESSFUL_HAN_TRANSFER;
    case REPORT:
        return said_by < REPORT;
    case DEVICE:
        return device_moves(t, status);
    default:
        return t->to == NO_STATUS ? said_by == t->said_by
                                  : said_by <= t->said_by;
    }
}

static const char *status_text(enum status status) {
    return status == NO_STATUS ? "" : tracking_statuses[status];
}

/* ---- to the database ---- */

static const char *from_text(struct arena *arena, const struct transition *t) {
    const char *text = "";
    for (int s = 0; s < STATUSES; s++)
        if (transition_moves(t, (enum status)s))
            text = arena_printf(arena, "%s%s%s", text, *text ? " " : "",
                                tracking_statuses[s]);
    return text;
}

static enum outcome set_transitions(struct db *db, struct arena *arena) {
    static const struct db_statement set = {
        "set_transitions",
        "select set_transitions($1::text[], $2::text[], $3::text[],"
        " $4::text[], $5::text[], $6::text[], $7::text[])"};
    enum { COLUMNS = 7 };
    const char *columns[COLUMNS][TRANSITIONS];
    for (int i = 0; i < TRANSITIONS; i++) {
        const struct transition *t = &transitions[i];
        columns[0][i] = t->event;
        columns[1][i] = speaker_names[t->said_by];
        columns[2][i] = from_text(arena, t);
        columns[3][i] = status_text(t->to);
        columns[4][i] = t->alert ? t->alert : "";
        columns[5][i] = t->recipients;
        columns[6][i] = attribution_names[t->of];
    }
    struct db_params params = DB_PARAMS(arena);
    for (int i = 0; i < COLUMNS; i++)
        db_texts(&params, columns[i], TRANSITIONS);
    return db_run(db, &set, &params, arena, NULL);
}

static enum outcome set_settings(struct db *db, const struct config *config,
                                 struct arena *arena) {
    static const struct db_statement set = {
        "set_tracking_setting",
        "select set_tracking_setting(make_interval(secs => $1::bigint),"
        " make_interval(secs => $2::bigint),"
        " make_interval(secs => $3::bigint), $4,"
        " make_interval(secs => $5::bigint), $6,"
        " make_interval(secs => $7::bigint),"
        " make_interval(secs => $8::bigint), $9)"};
    struct db_params params = DB_PARAMS(arena);
    db_int8(&params, config->tracking_at_hub / SECOND);
    db_int8(&params, config->tracking_at_hub_esme / SECOND);
    db_int8(&params, config->tracking_delivered / SECOND);
    db_bool(&params, config->tracking_delivered_blocks);
    db_int8(&params, config->tracking_retention / SECOND);
    db_text(&params, config->alerts_n39_recipients);
    db_int8(&params, config->alerts_n59_collect / SECOND);
    db_int8(&params, config->tracking_hub_wait / SECOND);
    db_text(&params, config->tracking_one_update_per);
    return db_run(db, &set, &params, arena, NULL);
}

enum outcome tracking_migrate(struct db *db) {
    struct arena *arena = arena_new();
    bool later;
    enum outcome outcome = db_is_later(db, &later);
    if (outcome == DONE && !later)
        outcome = set_transitions(db, arena);
    arena_free(arena);
    return outcome;
}

enum outcome tracking_hand_over(struct db *db, const struct config *config) {
    struct arena *arena = arena_new();
    bool later;
    enum outcome outcome = tracking_migrate(db);
    if (outcome == DONE)
        outcome = db_is_later(db, &later);
    if (outcome == DONE && !later)
        outcome = set_settings(db, config, arena);
    arena_free(arena);
    return outcome;
}

instant tracking_longest_window(const struct config *config) {
    const instant windows[] = {config->tracking_timeout,
                               config->tracking_at_hub,
                               config->tracking_at_hub_esme};
    instant longest = config->tracking_delivered;
    for (size_t i = 0; i < sizeof windows / sizeof *windows; i++)
        if (longest < windows[i])
            longest = windows[i];
    return longest;
}

instant tracking_memory(const struct config *config) {
    instant longest = tracking_longest_window(config) + 14 * DAY;
    return longest < config->tracking_retention ? config->tracking_retention
                                                : longest;
}

/* ---- to people ---- */

static void explain_row(struct buffer *out, const struct transition *t,
                        enum status s) {
    bool moves = transition_moves(t, s);
    bool told = t->alert != NULL;
    const char *to =
        t->to == NO_STATUS ? "what was said before it" : status_text(t->to);
    buffer_printf(out, "%-19s %-26s %-26s %-7s %s\n", t->event,
                  tracking_statuses[s],
                  moves  ? to
                  : told ? "stays (told, not moved)"
                         : "stays",
                  told ? t->alert : "-", told ? t->recipients : "-");
}

void tracking_explain(struct buffer *out) {
    buffer_printf(out, "%-19s %-26s %-26s %-7s %s\n", "event", "in status",
                  "to status", "alert", "told to");
    for (int i = 0; i < TRANSITIONS; i++) {
        buffer_printf(out, "\n# which update: %s\n",
                      attribution_words[transitions[i].of]);
        for (int s = 0; s < STATUSES; s++)
            explain_row(out, &transitions[i], (enum status)s);
    }
}
