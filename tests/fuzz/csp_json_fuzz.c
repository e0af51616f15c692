/* What CSPs bring, as far as it is read without a database: the text, the
 * members of every entry by every reader, and the device messages in it. */
#include "csp_gateway/json.h"
#include "fuzz/fuzz.h"
#include "gbcs/message.h"

enum { MOST_TEXT = 128 };

struct everything {
    const char *id, *code, *uuid, *device_type, *version, *status;
    eui64 device_id;
    instant at;
    struct span payload;
};

/* All optional: each is read, whatever the others are. */
#define MEMBER(name, read, member)                                             \
    { name, read, "", offsetof(struct everything, member), true }
static const struct csp_member members[] = {
    MEMBER("notificationId", read_id, id),
    MEMBER("reasonCode", read_code, code),
    MEMBER("jobId", read_uuid, uuid),
    MEMBER("deviceId", read_eui64, device_id),
    MEMBER("deviceType", read_device_type, device_type),
    MEMBER("firmwareVersion", read_version, version),
    MEMBER("timestamp", read_timestamp, at),
    MEMBER("status", read_status, status),
    MEMBER("payload", read_base64, payload),
};
enum { MEMBERS = sizeof members / sizeof *members };

static void check_entry(const struct everything *entry) {
    CHECK(!entry->id || (*entry->id && strlen(entry->id) <= MOST_TEXT));
    CHECK(!entry->code || strlen(entry->code) <= MOST_TEXT);
    CHECK(!entry->uuid || strlen(entry->uuid) == 36);
    CHECK(!entry->version || strlen(entry->version) == 8);
    char text[INSTANT_TEXT_SIZE];
    instant_format(entry->at, text);
    struct gbcs_message message;
    const char *reason;
    if (entry->payload.data &&
        gbcs_message_parse(entry->payload, &message, &reason))
        CHECK(within(message.payload, entry->payload));
}

static void read_entry(const json_t *entry, struct arena *arena) {
    struct everything all = {0};
    const char *reason = csp_members_read(entry, members, MEMBERS, arena, &all);
    CHECK(reason || json_is_object(entry));
    if (!reason)
        check_entry(&all);
    for (size_t i = 0; i < MEMBERS; i++) {
        struct everything one = {0};
        if (!csp_members_read(entry, &members[i], 1, arena, &one))
            check_entry(&one);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct arena *arena = arena_new();
    const char *reason = NULL, **faults = NULL;
    const json_t *json =
        csp_json_parse(span_of(data, size), arena, &faults, &reason);
    CHECK(!json == (reason != NULL));
    size_t count = json_is_array(json) ? json_array_size(json) : json ? 1 : 0;
    for (size_t i = 0; i < count; i++)
        read_entry(json_is_array(json) ? json_array_get(json, i) : json, arena);
    const json_t *rejected = json_object_get(json, "rejected");
    for (size_t i = 0; i < json_array_size(rejected); i++)
        read_entry(json_array_get(rejected, i), arena);
    arena_free(arena);
    return 0;
}
