#include "csp_gateway/inbound.h"

#include "base/crash.h"

struct notification {
    const char *id, *job_id, *device_type, *version, *status, *reason;
    eui64 chf_id, device_id;
    instant at;
};

#define FIELD(name, read, expected, member)                                    \
    { name, read, expected, offsetof(struct notification, member), false }
static const struct field fields[] = {
    FIELD("notificationId", read_id, "1 to 128 characters", id),
    FIELD("jobId", read_uuid, "a UUID", job_id),
    FIELD("commsHubId", read_eui64, "an EUI-64", chf_id),
    FIELD("deviceId", read_eui64, "an EUI-64", device_id),
    FIELD("deviceType", read_device_type, "a DeviceType", device_type),
    FIELD("firmwareVersion", read_version, "8 hexadecimal digits", version),
    FIELD("timestamp", read_timestamp, "an xs:dateTime", at),
    FIELD("status", read_status, "Success, Failed or Other", status),
    {"reasonCode", read_code, "at most 128 characters",
     offsetof(struct notification, reason), true},
};

/* The good ones, a column each. */
struct notifications {
    const struct inbound_set *set;
    size_t count;
    struct inbound_place *places;
    const char **csps, **ids, **job_ids, **types, **versions, **statuses,
        **reasons;
    eui64 *chf_ids, *device_ids;
    instant *times;
};

static void add(struct notifications *all, const struct notification *one,
                struct inbound_place place) {
    size_t i = all->count++;
    all->places[i] = place;
    all->csps[i] = place.in->csp->name;
    all->ids[i] = one->id;
    all->job_ids[i] = one->job_id;
    all->types[i] = one->device_type;
    all->versions[i] = one->version;
    all->statuses[i] = one->status;
    all->reasons[i] = one->reason;
    all->chf_ids[i] = one->chf_id;
    all->device_ids[i] = one->device_id;
    all->times[i] = one->at;
}

static void read_message(struct notifications *all, struct inbound *in) {
    for (size_t i = 0; i < in->rows; i++) {
        struct notification one = {.reason = ""};
        in->refused[i] =
            entry_read(inbound_entry(in, i), fields,
                       sizeof fields / sizeof *fields, in->arena, &one);
        if (!in->refused[i])
            add(all, &one, (struct inbound_place){in, i});
    }
}

static struct notifications read_all(const struct inbound_set *set) {
    struct arena *arena = set->arena;
    size_t total = inbound_total(set);
    struct notifications all = {
        .set = set,
        .places = arena_zero(arena, total, sizeof(struct inbound_place)),
        .csps = arena_zero(arena, total, sizeof(const char *)),
        .ids = arena_zero(arena, total, sizeof(const char *)),
        .job_ids = arena_zero(arena, total, sizeof(const char *)),
        .types = arena_zero(arena, total, sizeof(const char *)),
        .versions = arena_zero(arena, total, sizeof(const char *)),
        .statuses = arena_zero(arena, total, sizeof(const char *)),
        .reasons = arena_zero(arena, total, sizeof(const char *)),
        .chf_ids = arena_zero(arena, total, sizeof(eui64)),
        .device_ids = arena_zero(arena, total, sizeof(eui64)),
        .times = arena_zero(arena, total, sizeof(instant))};
    for (size_t i = 0; i < set->count; i++)
        read_message(&all, set->messages[i]);
    return all;
}

static void count_statuses(const struct notifications *all,
                           const struct db_rows *rows) {
    int32_t *taken;
    size_t count = db_get_int4s(rows, 0, 0, all->set->arena, &taken);
    for (size_t i = 0; i < count; i++) {
        const char *status = all->statuses[taken[i] - 1];
        struct inbound *in = all->places[taken[i] - 1].in;
        in->failures += strcmp(status, "Failed") == 0;
        in->others += strcmp(status, "Other") == 0;
    }
}

static enum outcome take(struct db *db, void *context) {
    static const struct db_statement statement = {
        "take_delivery_notifications",
        "select taken_ordinals, refused_ordinals, refused_reasons"
        " from take_delivery_notifications($1::text[], $2::text[],"
        " $3::uuid[], $4, $5, $6::text[], $7::text[], $8::text[], $9::text[],"
        " $10, $11, $12::bigint * interval '1 microsecond')"};
    const struct notifications *all = context;
    const struct inbound_set *set = all->set;
    struct db_params params = DB_PARAMS(set->arena);
    db_texts(&params, all->csps, all->count);
    db_texts(&params, all->ids, all->count);
    db_texts(&params, all->job_ids, all->count);
    db_eui64s(&params, all->chf_ids, all->count);
    db_eui64s(&params, all->device_ids, all->count);
    db_texts(&params, all->types, all->count);
    db_texts(&params, all->versions, all->count);
    db_texts(&params, all->statuses, all->count);
    db_texts(&params, all->reasons, all->count);
    db_instants(&params, all->times, all->count);
    db_instant(&params, set->now);
    db_int8(&params, set->config->tracking_timeout);
    struct db_rows *rows;
    enum outcome outcome = db_run(db, &statement, &params, set->arena, &rows);
    if (outcome != DONE)
        return outcome;
    crash_point(CRASH_notifications_worked);
    inbound_settle(set, rows, 0, all->places, all->count);
    count_statuses(all, rows);
    return DONE;
}

enum outcome take_delivery_notifications(struct inbound_set *set) {
    struct notifications all = read_all(set);
    return all.count ? db_transact(set->db, take, &all, true) : DONE;
}
