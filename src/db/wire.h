/* PostgreSQL's binary formats, for this room only. */
#ifndef FOTAD_DB_WIRE_H
#define FOTAD_DB_WIRE_H

#include "db/db.h"

/* Type OIDs as in pg_type.dat */
enum {
    WIRE_BYTEA = 17,
    WIRE_INT8 = 20,
    WIRE_INT4 = 23,
    WIRE_MACADDR8 = 774,
    WIRE_TIMESTAMPTZ = 1184,
};

/* timestamptz counts microseconds from 2000-01-01 */
#define WIRE_EPOCH (INT64_C(946684800) * SECOND)

/* 'infinity' is the greatest number there too. */
static inline int64_t wire_instant(instant when) {
    return when == INT64_MAX ? INT64_MAX : when - WIRE_EPOCH;
}

static inline instant wire_load_instant(int64_t value) {
    return value == INT64_MAX ? INT64_MAX : value + WIRE_EPOCH;
}

static inline void wire_store(uint8_t *octets, uint64_t value, size_t width) {
    for (size_t i = width; i-- > 0; value >>= 8)
        octets[i] = (uint8_t)value;
}

static inline uint64_t wire_load(const uint8_t *octets, size_t width) {
    uint64_t value = 0;
    for (size_t i = 0; i < width; i++)
        value = value << 8 | octets[i];
    return value;
}

#endif
