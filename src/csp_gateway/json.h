/* JSON that a CSP sent, read strictly: for this room only. */
#ifndef FOTAD_CSP_GATEWAY_JSON_H
#define FOTAD_CSP_GATEWAY_JSON_H

#include "base/arena.h"
#include "base/clock.h"
#include "base/eui64.h"

#include <jansson.h>

/* Entries of one message (requirement I4), and devices of a report's list. */
enum { MOST_ENTRIES = 10000, MOST_REJECTED = 50000 };

/* The JSON text as a value in the arena, or NULL with the reason. Duplicate
 * names, nesting over 8 levels, and more values than any message has are
 * refused before or while it is read, so that memory stays in proportion.
 *
 * An entry of an array may be JSON that we cannot hold (\u0000, half of a
 * surrogate pair, 1e999). Where `faults` is not NULL it costs none of the
 * others: it stands as null, and (*faults)[its index] says why. *faults is left
 * alone when there is none. */
json_t *csp_json_parse(struct span text, struct arena *arena,
                       const char ***faults, const char **reason);

/* Reads a member's value; false when it is not of the form expected. */
typedef bool csp_member_reader(const json_t *value, struct arena *arena,
                               void *to);

/* One member of an object. */
struct csp_member {
    const char *name;
    csp_member_reader *read;
    const char *expected; /* "an EUI-64" */
    size_t offset;        /* where it goes */
    bool optional;        /* absent or null leaves its place as it is */
};

#define CSP_MEMBERS(table) (table), sizeof(table) / sizeof *(table)

/* Fills `to` from the `count` members of an object. NULL, or what is wrong:
 * "deviceId: not an EUI-64". Members that are not asked for are of no
 * matter. */
const char *csp_members_read(const json_t *object,
                             const struct csp_member *members, size_t count,
                             struct arena *arena, void *to);

/* Into const char *: 1 to 128 characters, no control characters. */
csp_member_reader read_id;
/* Into const char *: at most 128 characters, no control characters. */
csp_member_reader read_code;
/* Into const char *: a UUID. */
csp_member_reader read_uuid;
/* Into eui64. */
csp_member_reader read_eui64;
/* Into const char *: a DUIS DeviceType. */
csp_member_reader read_device_type;
/* Into const char *: 8 hexadecimal digits, given in upper case. */
csp_member_reader read_version;
/* Into const char *: Success, Failed or Other. */
csp_member_reader read_status;
/* Into instant: an xs:dateTime. */
csp_member_reader read_timestamp;
/* Into struct span: base64, decoded; at least one octet. */
csp_member_reader read_base64;

#endif
