/*
 * What a field of a data file may hold (requirement I2): each kind
 * reads the text, and writes it normalised in PostgreSQL's binary form.
 */
#ifndef FOTAD_FOTACTL_FIELD_H
#define FOTAD_FOTACTL_FIELD_H

#include "base/buffer.h"

struct field_kind {
    const char *type; /* PostgreSQL's, of what is written */
    /* Appends the value's octets, without their length; false when the text,
     * which is not empty, is no such value. */
    bool (*read)(const struct field_kind *kind, struct span text,
                 struct buffer *out);
    const char *expected;       /* "'x' is not ...": what it should be */
    const char *const *allowed; /* of an enumeration; ends with NULL */
    size_t octets;              /* of hexadecimal digits */
};

extern const struct field_kind FIELD_TEXT;              /* UTF-8 */
extern const struct field_kind FIELD_EUI64;             /* macaddr8 */
extern const struct field_kind FIELD_HEX1;              /* smallint */
extern const struct field_kind FIELD_HEX2;              /* integer */
extern const struct field_kind FIELD_SHA256;            /* bytea */
extern const struct field_kind FIELD_FIRMWARE_VERSION;  /* bytea, 4 octets */
extern const struct field_kind FIELD_FIRMWARE_VERSIONS; /* text: "{...}" */
extern const struct field_kind FIELD_GBCS_VERSION;      /* as gbcs_version() */
extern const struct field_kind FIELD_DEVICE_TYPE;
extern const struct field_kind FIELD_DEVICE_STATUS;
extern const struct field_kind FIELD_SMETS_VERSION;
extern const struct field_kind FIELD_CSP_REGION;
extern const struct field_kind FIELD_CPL_STATUS;
extern const struct field_kind FIELD_USER_STATUS;
extern const struct field_kind FIELD_USER_ROLES; /* text: "{IS,GS}" */
extern const struct field_kind FIELD_URL;
extern const struct field_kind FIELD_DUIS_VERSION;
extern const struct field_kind FIELD_EUI64_TEXT; /* text: "00-DB-..." */
extern const struct field_kind FIELD_VARIANT;
extern const struct field_kind FIELD_COUNT;  /* integer, from 0 */
extern const struct field_kind FIELD_PERIOD; /* integer, seconds: 1 to a year */

/* Big-endian, as PostgreSQL's binary forms are. */
void field_put_number(struct buffer *out, uint64_t value, size_t width);

/* 'x': at most 60 octets of it, with '?' for what cannot be printed. */
void field_show(struct span text, struct buffer *out);

/* Why a text is no such value: "'x' is not an EUI-64 such as ...". */
void field_say_wrong(const struct field_kind *kind, struct span text,
                     struct buffer *out);

#endif
