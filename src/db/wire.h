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

/* timestamptz counts microseconds from 2000-01-01; the ends of int64_t are
 * -infinity and infinity. */
#define WIRE_EPOCH (INT64_C(946684800) * SECOND)

static inline uint64_t wire_from_instant(instant when) {
    bool endless = when == INT64_MAX || when == INT64_MIN;
    return (uint64_t)(endless ? when : when - WIRE_EPOCH);
}

static inline instant wire_to_instant(uint64_t raw) {
    instant when = (instant)raw;
    bool endless = when == INT64_MAX || when == INT64_MIN;
    return endless ? when : when + WIRE_EPOCH;
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
