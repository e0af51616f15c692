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
    struct inbound *in;
    size_t count, *positions;
    const char **ids, **job_ids, **types, **versions, **statuses, **reasons;
    eui64 *chf_ids, *device_ids;
    instant *times;
};

static void add(struct notifications *all, const struct notification *one,
                size_t index) {
    size_t i = all->count++;
    all->positions[i] = index;
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

static const char **texts(struct inbound *in) {
    return arena_zero(in->arena, in->rows, sizeof(const char *));
}

static struct notifications read_all(struct inbound *in) {
    struct notifications all = {
        .in = in,
        .positions = arena_zero(in->arena, in->rows, sizeof(size_t)),
        .ids = texts(in),
        .job_ids = texts(in),
        .types = texts(in),
        .versions = texts(in),
        .statuses = texts(in),
        .reasons = texts(in),
        .chf_ids = arena_zero(in->arena, in->rows, sizeof(eui64)),
        .device_ids = arena_zero(in->arena, in->rows, sizeof(eui64)),
        .times = arena_zero(in->arena, in->rows, sizeof(instant))};
    for (size_t i = 0; i < in->rows; i++) {
        struct notification one = {.reason = ""};
        in->refused[i] =
            entry_read(inbound_entry(in, i), fields,
                       sizeof fields / sizeof *fields, in->arena, &one);
        if (!in->refused[i])
            add(&all, &one, i);
    }
    return all;
}

static enum outcome take(struct db *db, void *context) {
    static const struct db_statement statement = {
        "take_delivery_notifications",
        "select accepted, failures, others, duplicates, refused_ordinals,"
        " refused_reasons from take_delivery_notifications($1, $2::text[],"
        " $3::uuid[], $4, $5, $6::text[], $7::text[], $8::text[], $9::text[],"
        " $10, $11, $12::bigint * interval '1 microsecond')"};
    const struct notifications *all = context;
    struct inbound *in = all->in;
    struct db_params params = DB_PARAMS(in->arena);
    db_text(&params, in->csp->name);
    db_texts(&params, all->ids, all->count);
    db_texts(&params, all->job_ids, all->count);
    db_eui64s(&params, all->chf_ids, all->count);
    db_eui64s(&params, all->device_ids, all->count);
    db_texts(&params, all->types, all->count);
    db_texts(&params, all->versions, all->count);
    db_texts(&params, all->statuses, all->count);
    db_texts(&params, all->reasons, all->count);
    db_instants(&params, all->times, all->count);
    db_instant(&params, in->now);
    db_int8(&params, in->config->tracking_timeout);
    struct db_rows *rows;
    enum outcome outcome = db_run(db, &statement, &params, in->arena, &rows);
    if (outcome != DONE)
        return outcome;
    crash_point(CRASH_notifications_worked);
    in->accepted = (size_t)db_get_int(rows, 0, 0);
    in->failures = (size_t)db_get_int(rows, 0, 1);
    in->others = (size_t)db_get_int(rows, 0, 2);
    in->duplicates = (size_t)db_get_int(rows, 0, 3);
    inbound_refuse(in, rows, 4, all->positions, all->count);
    return DONE;
}

enum outcome take_delivery_notifications(struct inbound *in) {
    struct notifications all = read_all(in);
    return all.count ? db_transact(in->db, take, &all, true) : DONE;
}
