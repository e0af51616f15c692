/* JSON that a CSP sent, read strictly: for this room only. */
#ifndef FOTAD_CSP_GATEWAY_ENTRY_H
#define FOTAD_CSP_GATEWAY_ENTRY_H

#include "base/arena.h"
#include "base/clock.h"
#include "base/eui64.h"

#include <jansson.h>

/* Entries of one message (requirement I4), and rows of a report's list. */
enum { MOST_ENTRIES = 10000, MOST_ROWS = 50000 };

/* The JSON text as a value in the arena, or NULL with the reason. Duplicate
 * names, nesting over 8 levels, and more values than any message has are
 * refused before or while it is read, so that memory stays in proportion. */
json_t *entry_json(struct span text, struct arena *arena, const char **reason);

/* Reads a member's value; false when it is not of the form expected. */
typedef bool field_reader(const json_t *value, struct arena *arena, void *to);

/* One member of an entry. */
struct field {
    const char *name;
    field_reader *read;
    const char *expected; /* "an EUI-64" */
    size_t offset;        /* where it goes */
    bool optional;        /* absent or null leaves its place as it is */
};

/* Fills `to` from an object by `count` rows. NULL, or what is wrong: "deviceId:
 * not an EUI-64". Other members are of no matter. */
const char *entry_read(const json_t *object, const struct field *fields,
                       size_t count, struct arena *arena, void *to);

/* Into const char *: 1 to 128 characters, no control characters. */
field_reader read_id;
/* Into const char *: at most 128 characters, no control characters. */
field_reader read_code;
/* Into const char *: a UUID. */
field_reader read_uuid;
/* Into eui64. */
field_reader read_eui64;
/* Into const char *: a DUIS DeviceType. */
field_reader read_device_type;
/* Into const char *: 8 hexadecimal digits, given in upper case. */
field_reader read_version;
/* Into const char *: Success, Failed or Other. */
field_reader read_status;
/* Into instant: an xs:dateTime. */
field_reader read_timestamp;
/* Into struct span: base64, decoded; at least one octet. */
field_reader read_base64;

#endif
