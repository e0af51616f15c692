/* The three ways in which GBCS writes a time. */
#ifndef FOTAD_GBCS_TIME_H
#define FOTAD_GBCS_TIME_H

#include "base/clock.h"

enum {
    GBCS_COSEM_LEN = 12,
    GBCS_GENERALIZED_LEN = 15,
};

/* 99991231235959Z: the execution time of a CS06 that cancels. DUIS writes
 * 3000-12-31T00:00:00.00Z. */
#define GBCS_CANCELLATION (253402300799 * SECOND)

/* COSEM date-time. False when a field that matters is unspecified or out of
 * range, or the deviation from UTC is neither unspecified nor 0. */
bool gbcs_cosem_read(const uint8_t octets[static GBCS_COSEM_LEN],
                     instant *when);

/* Weekday, deviation and clock status are written as unspecified, fractions of
 * a second are dropped. Years 1 to 9999. */
void gbcs_cosem_write(instant when, uint8_t octets[static GBCS_COSEM_LEN]);

/* The same with every field unspecified. */
void gbcs_cosem_write_unknown(uint8_t octets[static GBCS_COSEM_LEN]);

/* YYYYMMDDHHMMSSZ. False when it is no date and time. */
bool gbcs_generalized_read(const uint8_t text[static GBCS_GENERALIZED_LEN],
                           instant *when);

/* Fractions of a second are dropped. Years 1 to 9999. */
void gbcs_generalized_write(instant when,
                            uint8_t text[static GBCS_GENERALIZED_LEN]);

/* ZCL UTCTime: seconds since 2000-01-01, and the value for no time. Written:
 * years 2000 to 2136, fractions of a second are dropped. */
#define GBCS_UTC_UNKNOWN UINT32_MAX
instant gbcs_utc_read(uint32_t seconds);
uint32_t gbcs_utc_write(instant when);

#endif
