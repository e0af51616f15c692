/* Delivery notifications: what became of an image at a Communications Hub or
 * device (requirement I4). */
#include "csp_gateway/inbound.h"

struct notification {
    const char *csp, *id, *job_id, *device_type, *version, *status, *reason;
    eui64 chf_id, device_id;
    instant at;
};

#define MEMBER(name, read, expected, member)                                   \
    { name, read, expected, offsetof(struct notification, member), false }
static const struct csp_member members[] = {
    MEMBER("notificationId", read_id, "1 to 128 characters", id),
    MEMBER("jobId", read_uuid, "a UUID", job_id),
    MEMBER("commsHubId", read_eui64, "an EUI-64", chf_id),
    MEMBER("deviceId", read_eui64, "an EUI-64", device_id),
    MEMBER("deviceType", read_device_type, "a DeviceType", device_type),
    MEMBER("firmwareVersion", read_version, "8 hexadecimal digits", version),
    MEMBER("timestamp", read_timestamp, "an xs:dateTime", at),
    MEMBER("status", read_status, "Success, Failed or Other", status),
    {"reasonCode", read_code, "at most 128 characters",
     offsetof(struct notification, reason), true},
};

static const char *notification_read(const struct inbound *in,
                                     const json_t *entry, void *to) {
    struct notification *notification = to;
    notification->csp = in->csp->name;
    notification->reason = "";
    return csp_members_read(entry, CSP_MEMBERS(members), in->arena, to);
}

static void *notifications_read(const struct inbound_batch *batch) {
    return inbound_read(batch, notification_read, sizeof(struct notification));
}

static void notifications_add(const void *read, struct db_params *params) {
    static const struct db_column columns[] = {
        DB_COLUMN(TEXT, struct notification, csp),
        DB_COLUMN(TEXT, struct notification, id),
        DB_COLUMN(TEXT, struct notification, job_id),
        DB_COLUMN(EUI64, struct notification, chf_id),
        DB_COLUMN(EUI64, struct notification, device_id),
        DB_COLUMN(TEXT, struct notification, device_type),
        DB_COLUMN(TEXT, struct notification, version),
        DB_COLUMN(TEXT, struct notification, status),
        DB_COLUMN(TEXT, struct notification, reason),
        DB_COLUMN(INSTANT, struct notification, at),
    };
    const struct inbound_entries *all = read;
    db_arrays(params, DB_COLUMNS(columns), all->structs, all->count, all->size);
    db_instant(params, all->batch->now);
    db_int8(params, all->batch->config->tracking_timeout);
}

static void notifications_settle(const void *read, const struct db_rows *rows) {
    const struct inbound_entries *all = read;
    const struct notification *notifications = all->structs;
    int32_t *taken;
    inbound_settle(all, rows);
    size_t count = db_get_int4s(rows, 0, 0, all->batch->arena, &taken);
    for (size_t i = 0; i < count; i++) {
        const char *status = notifications[taken[i] - 1].status;
        struct inbound *in = all->places[taken[i] - 1].in;
        in->failures += strcmp(status, "Failed") == 0;
        in->others += strcmp(status, "Other") == 0;
    }
}

const struct inbound_kind inbound_notifications = {
    .path = "/csp/v1/delivery-notifications",
    .name = "notification",
    .is_list = true,
    .read = notifications_read,
    .statement = {"take_delivery_notifications",
                  "select taken_ordinals, refused_ordinals, refused_reasons"
                  " from take_delivery_notifications($1::text[], $2::text[],"
                  " $3::uuid[], $4, $5, $6::text[], $7::text[], $8::text[],"
                  " $9::text[], $10, $11,"
                  " $12::bigint * interval '1 microsecond')"},
    .add = notifications_add,
    .settle = notifications_settle,
    .worked = CRASH_notifications_worked,
    .committed = CRASH_notifications_committed,
};
