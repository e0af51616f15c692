#include "delivery/queue.h"

#include "base/backoff.h"

#include <stdlib.h>

static const char *text(const struct db_rows *rows, size_t row, int column) {
    bool null = db_is_null(rows, row, column);
    return null ? NULL : db_get_text(rows, row, column);
}

/* ---- lanes ---- */

enum outcome queue_lease(struct db *db, struct arena *arena,
                         const eui64 *except, size_t except_count, instant now,
                         instant until, unsigned most,
                         struct queue_lane **lanes, size_t *count) {
    static const struct db_statement lease = {
        "lease_lanes",
        "select user_id, registered, receive_url, duis_version, tries"
        " from lease_lanes($1, $2, $3, $4)"};
    struct db_params params = DB_PARAMS(arena);
    db_eui64s(&params, except, except_count);
    db_instant(&params, now);
    db_instant(&params, until);
    db_int4(&params, (int32_t)most);
    struct db_rows *rows;
    *count = 0;
    enum outcome outcome = db_run(db, &lease, &params, arena, &rows);
    if (outcome != DONE)
        return outcome;
    *count = db_row_count(rows);
    *lanes = arena_zero(arena, *count, sizeof **lanes);
    for (size_t i = 0; i < *count; i++)
        (*lanes)[i] =
            (struct queue_lane){.user_id = db_get_eui64(rows, i, 0),
                                .registered = db_get_bool(rows, i, 1),
                                .receive_url = text(rows, i, 2),
                                .duis_version = text(rows, i, 3),
                                .tries = (unsigned)db_get_int(rows, i, 4)};
    return DONE;
}

/* ---- messages ---- */

/* The columns of next_alerts(), in its order. */
enum column {
    NUMBER,
    CREATED,
    SINCE,
    TRIES,
    CODE,
    RESPONSE_CODE,
    ORIGINATOR,
    TARGET,
    COUNTER,
    SERVICE_REFERENCE,
    SERVICE_REFERENCE_VARIANT,
    DEVICE,
    HUB,
    DEVICES,
    TYPE,
    VERSION,
    OTHER_VERSION,
    TIME,
    ALERT_CODE,
    RESULT,
    ORIGINATOR_COUNTER,
    EVENT_REF,
    PAYLOAD,
};

static const struct {
    enum column column;
    enum alert_field field;
} nullable[] = {
    {ORIGINATOR, ALERT_REQUEST},
    {DEVICE, ALERT_DEVICE},
    {HUB, ALERT_HUB},
    {DEVICES, ALERT_DEVICES},
    {TYPE, ALERT_TYPE},
    {VERSION, ALERT_VERSION},
    {OTHER_VERSION, ALERT_OTHER_VERSION},
    {TIME, ALERT_TIME},
    {ALERT_CODE, ALERT_ALERT_CODE},
    {RESULT, ALERT_RESULT},
    {ORIGINATOR_COUNTER, ALERT_ORIGINATOR_COUNTER},
    {EVENT_REF, ALERT_EVENT_REF},
    {PAYLOAD, ALERT_PAYLOAD},
};

static uint32_t octets4(struct span octets) {
    const uint8_t *o = octets.data;
    if (octets.len != 4)
        return 0;
    return (uint32_t)o[0] << 24 | (uint32_t)o[1] << 16 | (uint32_t)o[2] << 8 |
           o[3];
}

static uint64_t number(const struct db_rows *rows, size_t row, int column) {
    return strtoull(db_get_text(rows, row, column), NULL, 10);
}

/* What belongs to the request, if there is one. */
static void read_request(struct arena *arena, struct alert *alert,
                         const struct db_rows *rows, size_t row) {
    char originator[EUI64_TEXT_SIZE], target[EUI64_TEXT_SIZE];
    if (!(alert->has & ALERT_REQUEST))
        return;
    alert->originator = db_get_eui64(rows, row, ORIGINATOR);
    alert->target = db_get_eui64(rows, row, TARGET);
    alert->counter = number(rows, row, COUNTER);
    alert->request_id = arena_printf(
        arena, "%s:%s:%s", eui64_format(alert->originator, originator),
        eui64_format(alert->target, target), db_get_text(rows, row, COUNTER));
    alert->service_reference = db_get_text(rows, row, SERVICE_REFERENCE);
    alert->service_reference_variant =
        db_get_text(rows, row, SERVICE_REFERENCE_VARIANT);
}

static void read_device(struct arena *arena, struct alert *alert,
                        const struct db_rows *rows, size_t row) {
    if (alert->has & ALERT_DEVICE)
        alert->device_id = db_get_eui64(rows, row, DEVICE);
    if (alert->has & ALERT_HUB)
        alert->chf_id = db_get_eui64(rows, row, HUB);
    if (alert->has & ALERT_DEVICES) {
        eui64 *ids;
        size_t count = db_get_eui64s(rows, row, DEVICES, arena, &ids);
        alert->devices = (struct duis_devices){ids, count};
    }
    alert->device_type = db_get_text(rows, row, TYPE);
    alert->firmware_version = octets4(db_get_span(rows, row, VERSION));
    alert->other_version = octets4(db_get_span(rows, row, OTHER_VERSION));
}

static void read_event(struct alert *alert, const struct db_rows *rows,
                       size_t row) {
    if (alert->has & ALERT_TIME)
        alert->event_time = db_get_instant(rows, row, TIME);
    if (alert->has & ALERT_ALERT_CODE)
        alert->device_alert_code = (uint16_t)db_get_int(rows, row, ALERT_CODE);
    if (alert->has & ALERT_RESULT)
        alert->result = (int)db_get_int(rows, row, RESULT);
    if (alert->has & ALERT_ORIGINATOR_COUNTER)
        alert->originator_counter = number(rows, row, ORIGINATOR_COUNTER);
    if (alert->has & ALERT_EVENT_REF)
        alert->quarantine_event_ref =
            (uint64_t)db_get_int(rows, row, EVENT_REF);
    alert->payload = db_get_span(rows, row, PAYLOAD);
}

static void read_alert(struct arena *arena, eui64 user_id, struct alert *alert,
                       const struct db_rows *rows, size_t row) {
    *alert = (struct alert){
        .alert_no = db_get_int(rows, row, NUMBER),
        .user_id = user_id,
        .created = db_get_instant(rows, row, CREATED),
        .since = db_get_instant(rows, row, SINCE),
        .tries = (unsigned)db_get_int(rows, row, TRIES),
        .code = db_get_text(rows, row, CODE),
        .response_code = text(rows, row, RESPONSE_CODE),
    };
    for (size_t i = 0; i < sizeof nullable / sizeof *nullable; i++)
        if (!db_is_null(rows, row, (int)nullable[i].column))
            alert->has |= nullable[i].field;
    read_request(arena, alert, rows, row);
    read_device(arena, alert, rows, row);
    read_event(alert, rows, row);
}

enum outcome queue_next(struct db *db, struct arena *arena, eui64 user_id,
                        const int64_t *in_hand, size_t in_hand_count,
                        instant now, unsigned most, struct alert **alerts,
                        size_t *count) {
    static const struct db_statement next = {
        "next_alerts", "select * from next_alerts($1, $2, $3, $4)"};
    struct db_params params = DB_PARAMS(arena);
    db_eui64(&params, user_id);
    db_int8s(&params, in_hand, in_hand_count);
    db_instant(&params, now);
    db_int4(&params, (int32_t)most);
    struct db_rows *rows;
    *count = 0;
    enum outcome outcome = db_run(db, &next, &params, arena, &rows);
    if (outcome != DONE)
        return outcome;
    *count = db_row_count(rows);
    *alerts = arena_zero(arena, *count, sizeof **alerts);
    for (size_t i = 0; i < *count; i++)
        read_alert(arena, user_id, &(*alerts)[i], rows, i);
    return DONE;
}

/* ---- results ---- */

static void add_instant(struct db_params *params, instant when) {
    if (when)
        db_instant(params, when);
    else
        db_null(params);
}

/* timestamptz[]: as texts */
static void add_next_tries(struct db_params *params,
                           const struct queue_result *result) {
    size_t count = result->failed_count;
    const char **texts = arena_zero(params->arena, count, sizeof *texts);
    for (size_t i = 0; i < count; i++) {
        texts[i] = "infinity";
        if (result->next_tries[i] != RETRY_NEVER)
            texts[i] =
                instant_format(result->next_tries[i],
                               arena_alloc(params->arena, INSTANT_TEXT_SIZE));
    }
    db_texts(params, texts, count);
}

enum outcome queue_settle(struct db *db, struct arena *arena,
                          const struct queue_result *result, instant now,
                          struct queue_settled *settled) {
    static const struct db_statement settle = {
        "settle_lane",
        "select given_up, still_leased from settle_lane($1, $2, $3, $4, $5,"
        " $6::timestamptz[], $7, $8, $9, $10, $11, $12)"};
    struct db_params params = DB_PARAMS(arena);
    db_eui64(&params, result->user_id);
    db_instant(&params, result->lease);
    add_instant(&params, result->next_lease);
    db_int8s(&params, result->delivered, result->delivered_count);
    db_int8s(&params, result->failed, result->failed_count);
    add_next_tries(&params, result);
    db_texts(&params, result->errors, result->failed_count);
    db_int4(&params, (int32_t)result->tries);
    add_instant(&params, result->paused_until);
    db_text(&params, result->error);
    db_instant(&params, result->give_up_before);
    db_instant(&params, now);
    struct db_rows *rows;
    enum outcome outcome = db_run(db, &settle, &params, arena, &rows);
    *settled = (struct queue_settled){0};
    if (outcome == DONE)
        *settled = (struct queue_settled){db_get_int(rows, 0, 0),
                                          db_get_bool(rows, 0, 1)};
    return outcome;
}
