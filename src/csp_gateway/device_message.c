/* Messages of devices, as a CSP brings them: kept for src/device to look at. */
#include "csp_gateway/inbound.h"

#include "gbcs/message.h"

struct device_message {
    const char *csp, *regions, *id;
    eui64 chf_id, originator, recipient;
    int32_t cra, code;
    uint64_t counter;
    struct span payload;
};

#define MEMBER(name, read, expected, member)                                   \
    { name, read, expected, offsetof(struct device_message, member), false }
static const struct csp_member members[] = {
    MEMBER("messageId", read_id, "1 to 128 characters", id),
    MEMBER("commsHubId", read_eui64, "an EUI-64", chf_id),
    MEMBER("payload", read_base64, "base64", payload),
};

static void header_read(const struct gbcs_header *header,
                        struct device_message *message) {
    message->originator = header->originator;
    message->recipient = header->recipient;
    message->cra = (int32_t)header->cra;
    message->code = header->code;
    message->counter = header->counter;
}

/* A device sends responses and alerts. */
static const char *device_message_read(const struct inbound *in,
                                       const json_t *entry, void *to) {
    struct device_message *message = to;
    const char *reason =
        csp_members_read(entry, CSP_MEMBERS(members), in->arena, to);
    if (reason)
        return reason;
    struct gbcs_message gbcs;
    if (!gbcs_message_parse(message->payload, &gbcs, &reason))
        return arena_printf(in->arena, "payload: %s", reason);
    if (gbcs.header.cra == GBCS_COMMAND)
        return "payload: a command";
    message->csp = in->csp->name;
    message->regions = in->csp->regions;
    header_read(&gbcs.header, message);
    return NULL;
}

static void *device_messages_read(const struct inbound_batch *batch) {
    return inbound_read(batch, device_message_read,
                        sizeof(struct device_message));
}

static void device_messages_add(const void *read, struct db_params *params) {
    static const struct db_column columns[] = {
        DB_COLUMN(TEXT, struct device_message, csp),
        DB_COLUMN(TEXT, struct device_message, regions),
        DB_COLUMN(TEXT, struct device_message, id),
        DB_COLUMN(EUI64, struct device_message, chf_id),
        DB_COLUMN(EUI64, struct device_message, originator),
        DB_COLUMN(EUI64, struct device_message, recipient),
        DB_COLUMN(INT4, struct device_message, cra),
        DB_COLUMN(INT4, struct device_message, code),
        DB_COLUMN(NUMERIC, struct device_message, counter),
        DB_COLUMN(BYTEA, struct device_message, payload),
    };
    const struct inbound_entries *all = read;
    db_arrays(params, DB_COLUMNS(columns), all->structs, all->count, all->size);
    db_instant(params, all->batch->now);
}

static void device_messages_settle(const void *read,
                                   const struct db_rows *rows) {
    inbound_settle(read, rows);
}

const struct inbound_kind inbound_device_messages = {
    .path = "/csp/v1/gbcs-messages",
    .name = "gbcs_message",
    .is_list = true,
    .read = device_messages_read,
    .statement = {"take_gbcs_messages",
                  "select taken_ordinals, refused_ordinals, refused_reasons"
                  " from take_gbcs_messages($1::text[], $2::text[],"
                  " $3::text[], $4, $5, $6, $7, $8, $9::numeric[], $10, $11)"},
    .add = device_messages_add,
    .settle = device_messages_settle,
    .worked = CRASH_messages_worked,
    .committed = CRASH_messages_committed,
};
