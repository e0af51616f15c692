#include "fotactl/field.h"

#include "base/eui64.h"
#include "base/hex.h"
#include "base/lists.h"
#include "base/value.h"
#include "gbcs/version.h"

#include <stdio.h>

void field_put_number(struct buffer *out, uint64_t value, size_t width) {
    uint8_t *octets = buffer_room(out, width);
    for (size_t i = width; i-- > 0; value >>= 8)
        octets[i] = (uint8_t)value;
    out->len += width;
}

/* ---- text ---- */

/* Names and the like: characters of UTF-8 that are no control characters. */
static bool read_text(const struct field_kind *kind, struct span text,
                      struct buffer *out) {
    (void)kind;
    if (!value_is_text(text))
        return false;
    buffer_add(out, text);
    return true;
}

static bool read_url(const struct field_kind *kind, struct span text,
                     struct buffer *out) {
    return value_url(text, "https, http", NULL) && read_text(kind, text, out);
}

/* ---- numbers ---- */

static bool read_eui64(const struct field_kind *kind, struct span text,
                       struct buffer *out) {
    (void)kind;
    eui64 id;
    if (!eui64_parse(text, &id))
        return false;
    field_put_number(out, id, EUI64_OCTETS);
    return true;
}

static bool read_eui64_text(const struct field_kind *kind, struct span text,
                            struct buffer *out) {
    (void)kind;
    eui64 id;
    char normal[EUI64_TEXT_SIZE];
    if (!eui64_parse(text, &id))
        return false;
    buffer_text(out, eui64_format(id, normal));
    return true;
}

static bool read_decimal(struct span text, uint32_t most, uint32_t *number) {
    enum { MOST_DIGITS = 10 };
    uint64_t value = 0;
    if (!text.len || text.len > MOST_DIGITS)
        return false;
    for (size_t i = 0; i < text.len; i++) {
        if (text.data[i] < '0' || text.data[i] > '9')
            return false;
        value = value * 10 + (uint64_t)(text.data[i] - '0');
    }
    *number = (uint32_t)value;
    return value <= most;
}

static bool read_count(const struct field_kind *kind, struct span text,
                       struct buffer *out) {
    (void)kind;
    uint32_t number;
    if (!read_decimal(text, INT32_MAX, &number))
        return false;
    field_put_number(out, number, 4);
    return true;
}

static bool read_period(const struct field_kind *kind, struct span text,
                        struct buffer *out) {
    (void)kind;
    enum { YEAR = 366 * 24 * 3600 };
    uint32_t number;
    if (!read_decimal(text, YEAR, &number) || number == 0)
        return false;
    field_put_number(out, number, 4);
    return true;
}

static bool read_firmware_version(const struct field_kind *kind,
                                  struct span text, struct buffer *out) {
    (void)kind;
    uint32_t version;
    if (!gbcs_version_parse(text, &version))
        return false;
    field_put_number(out, version, GBCS_VERSION_LEN);
    return true;
}

/* Versions with '|' between them, as the text of an array of bytea. */
static bool read_versions(const struct field_kind *kind, struct span text,
                          struct buffer *out) {
    (void)kind;
    const char *before = "{";
    for (bool more = true; more;) {
        const uint8_t *bar = memchr(text.data, '|', text.len);
        size_t len = bar ? (size_t)(bar - text.data) : text.len;
        uint32_t version;
        if (!gbcs_version_parse(span_of(text.data, len), &version))
            return false;
        buffer_printf(out, "%s\"\\\\x%08x\"", before, version);
        before = ",";
        more = bar != NULL;
        if (more)
            text = span_of(bar + 1, text.len - len - 1);
    }
    buffer_text(out, "}");
    return true;
}

/* Exactly the kind's octets, as a number or as they are. */
static bool read_hex(const struct field_kind *kind, struct span text,
                     struct buffer *out) {
    uint8_t octets[32];
    if (hex_parse(text, octets, kind->octets) != (int)kind->octets)
        return false;
    if (kind->octets > 2) {
        buffer_add(out, span_of(octets, kind->octets));
        return true;
    }
    uint32_t number = 0;
    for (size_t i = 0; i < kind->octets; i++)
        number = number << 8 | octets[i];
    field_put_number(out, number, 2 * kind->octets);
    return true;
}

static bool read_gbcs_version(const struct field_kind *kind, struct span text,
                              struct buffer *out) {
    (void)kind;
    int32_t number;
    if (!value_gbcs(text, &number))
        return false;
    field_put_number(out, (uint32_t)number, 4);
    return true;
}

static bool read_duis_version(const struct field_kind *kind, struct span text,
                              struct buffer *out) {
    unsigned parts[3];
    return value_version(text, 2, parts) && read_text(kind, text, out);
}

/* ---- enumerations ---- */

static int find_allowed(const struct field_kind *kind, struct span text) {
    for (int i = 0; kind->allowed[i]; i++)
        if (span_equal(text, span_text(kind->allowed[i])))
            return i;
    return -1;
}

static bool read_enum(const struct field_kind *kind, struct span text,
                      struct buffer *out) {
    if (find_allowed(kind, text) < 0)
        return false;
    buffer_add(out, text);
    return true;
}

/* Values with '|' between them, as the text of an array: each once, in the
 * order of the enumeration. */
static bool read_set(const struct field_kind *kind, struct span text,
                     struct buffer *out) {
    unsigned found = 0;
    for (bool more = true; more;) {
        const uint8_t *bar = memchr(text.data, '|', text.len);
        size_t len = bar ? (size_t)(bar - text.data) : text.len;
        int value = find_allowed(kind, span_of(text.data, len));
        if (value < 0)
            return false;
        found |= 1u << value;
        more = bar != NULL;
        if (more)
            text = span_of(bar + 1, text.len - len - 1);
    }
    const char *before = "{";
    for (int i = 0; kind->allowed[i]; i++)
        if (found & 1u << i) {
            buffer_text(out, before);
            buffer_text(out, kind->allowed[i]);
            before = ",";
        }
    buffer_text(out, "}");
    return true;
}

/* ---- the kinds ---- */

const struct field_kind FIELD_TEXT = {
    "text", read_text, "text in UTF-8 without control characters", NULL, 0};
const struct field_kind FIELD_EUI64 = {
    "macaddr8", read_eui64, "an EUI-64 such as 00-DB-12-34-56-78-90-A0", NULL,
    0};
const struct field_kind FIELD_HEX1 = {
    "smallint", read_hex, "1 octet in hexadecimal such as 0A", NULL, 1};
const struct field_kind FIELD_HEX2 = {
    "integer", read_hex, "2 octets in hexadecimal such as 121D", NULL, 2};
const struct field_kind FIELD_SHA256 = {"bytea", read_hex,
                                        "32 octets in hexadecimal", NULL, 32};
const struct field_kind FIELD_FIRMWARE_VERSION = {
    "bytea", read_firmware_version,
    "a firmware version of 1 to 8 hexadecimal digits such as 0002012F", NULL,
    0};
const struct field_kind FIELD_FIRMWARE_VERSIONS = {
    "text", read_versions,
    "firmware versions of 1 to 8 hexadecimal digits with '|' between them such "
    "as 0002012E|0002012F",
    NULL, 0};
const struct field_kind FIELD_GBCS_VERSION = {
    "integer", read_gbcs_version, "a GBCS version such as 4.1", NULL, 0};
const struct field_kind FIELD_URL = {
    "text", read_url,
    "a URL beginning with https:// or http://, with a host that can be and a "
    "port up to 65535, if any",
    NULL, 0};
const struct field_kind FIELD_DUIS_VERSION = {
    "text", read_duis_version, "a DUIS version such as 5.4", NULL, 0};

const struct field_kind FIELD_DEVICE_TYPE = {"device_type", read_enum, NULL,
                                             device_types, 0};
const struct field_kind FIELD_DEVICE_STATUS = {"device_status", read_enum, NULL,
                                               device_statuses, 0};
const struct field_kind FIELD_CSP_REGION = {"csp_region", read_enum, NULL,
                                            csp_regions, 0};
const struct field_kind FIELD_CPL_STATUS = {"cpl_status", read_enum, NULL,
                                            cpl_statuses, 0};
const struct field_kind FIELD_SMETS_VERSION = {"smets_version", read_enum, NULL,
                                               smets_versions, 0};
const struct field_kind FIELD_USER_STATUS = {"user_status", read_enum, NULL,
                                             user_statuses, 0};
const struct field_kind FIELD_USER_ROLES = {
    "text", read_set, "User Roles with '|' between them:", user_roles, 0};
const struct field_kind FIELD_EUI64_TEXT = {
    "text", read_eui64_text, "an EUI-64 such as 00-DB-12-34-56-78-90-A0", NULL,
    0};
const struct field_kind FIELD_VARIANT = {"text", read_enum, NULL,
                                         service_variants, 0};
const struct field_kind FIELD_COUNT = {
    "integer", read_count, "a number of devices such as 50000", NULL, 0};
const struct field_kind FIELD_PERIOD = {
    "integer", read_period, "a number of seconds from 1 to 31622400", NULL, 0};

void field_show(struct span text, struct buffer *out) {
    enum { MOST_SHOWN = 60 };
    buffer_text(out, "'");
    for (size_t i = 0; i < text.len && i < MOST_SHOWN; i++) {
        uint8_t c = text.data[i];
        buffer_printf(out, "%c", c >= ' ' && c <= '~' ? c : '?');
    }
    buffer_text(out, text.len > MOST_SHOWN ? "...'" : "'");
}

void field_say_wrong(const struct field_kind *kind, struct span text,
                     struct buffer *out) {
    field_show(text, out);
    buffer_printf(out, " is not %s",
                  kind->expected ? kind->expected : "one of");
    for (int i = 0; kind->allowed && kind->allowed[i]; i++)
        buffer_printf(out, "%s %s", i ? "," : "", kind->allowed[i]);
}
