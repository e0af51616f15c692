#include "gbcs/time.h"

#include <stdio.h>

static const instant YEAR_2000 = 946684800 * SECOND;

static const uint16_t NO_DEVIATION = 0x8000;
static const uint8_t UNSPECIFIED = 0xFF;

/* Neither form has xs:dateTime's 24:00:00. */
enum { MOST_HOUR = 23 };

static unsigned two_octets(const uint8_t *at) {
    return (unsigned)(at[0] << 8 | at[1]);
}

/* year, month, day, weekday, hour, minute, second, hundredths, deviation (2),
 * clock status */
bool gbcs_cosem_read(const uint8_t octets[static GBCS_COSEM_LEN],
                     instant *when) {
    unsigned deviation = two_octets(octets + 9);
    if (deviation != NO_DEVIATION && deviation != 0)
        return false;
    unsigned hundredths = octets[8] == UNSPECIFIED ? 0 : octets[8];
    if (hundredths > 99 || octets[5] > MOST_HOUR)
        return false;
    char text[40];
    int len = snprintf(text, sizeof text, "%04u-%02u-%02uT%02u:%02u:%02u.%02uZ",
                       two_octets(octets), octets[2], octets[3], octets[5],
                       octets[6], octets[7], hundredths);
    return instant_parse_leap(span_of(text, (size_t)len), when);
}

/* The number in some digits of an instant's text. */
static unsigned digits_value(const char *text, size_t at, size_t len) {
    unsigned value = 0;
    for (size_t i = at; i < at + len; i++)
        value = value * 10 + (unsigned)(text[i] - '0');
    return value;
}

void gbcs_cosem_write(instant when, uint8_t octets[static GBCS_COSEM_LEN]) {
    char text[INSTANT_TEXT_SIZE];
    instant_format(when, text);
    unsigned year = digits_value(text, 0, 4);
    const uint8_t cosem[GBCS_COSEM_LEN] = {
        (uint8_t)(year >> 8),
        (uint8_t)year,
        (uint8_t)digits_value(text, 5, 2),
        (uint8_t)digits_value(text, 8, 2),
        UNSPECIFIED,
        (uint8_t)digits_value(text, 11, 2),
        (uint8_t)digits_value(text, 14, 2),
        (uint8_t)digits_value(text, 17, 2),
        0,
        (uint8_t)(NO_DEVIATION >> 8),
        (uint8_t)NO_DEVIATION,
        UNSPECIFIED,
    };
    memcpy(octets, cosem, sizeof cosem);
}

void gbcs_cosem_write_unknown(uint8_t octets[static GBCS_COSEM_LEN]) {
    memset(octets, UNSPECIFIED, GBCS_COSEM_LEN);
    octets[9] = (uint8_t)(NO_DEVIATION >> 8);
    octets[10] = (uint8_t)NO_DEVIATION;
}

/* Where the digits of YYYYMMDDHHMMSS are in an xs:dateTime. */
static const uint8_t digit_at[] = {0, 1,  2,  3,  5,  6,  8,
                                   9, 11, 12, 14, 15, 17, 18};

bool gbcs_generalized_read(const uint8_t text[static GBCS_GENERALIZED_LEN],
                           instant *when) {
    char dateTime[] = "0000-00-00T00:00:00Z";
    for (size_t i = 0; i < sizeof digit_at; i++)
        dateTime[digit_at[i]] = (char)text[i];
    return text[sizeof digit_at] == 'Z' &&
           digits_value(dateTime, 11, 2) <= MOST_HOUR &&
           instant_parse_leap(span_text(dateTime), when);
}

void gbcs_generalized_write(instant when,
                            uint8_t text[static GBCS_GENERALIZED_LEN]) {
    char dateTime[INSTANT_TEXT_SIZE];
    instant_format(when, dateTime);
    for (size_t i = 0; i < sizeof digit_at; i++)
        text[i] = (uint8_t)dateTime[digit_at[i]];
    text[sizeof digit_at] = 'Z';
}

instant gbcs_utc_read(uint32_t seconds) {
    return YEAR_2000 + seconds * SECOND;
}

uint32_t gbcs_utc_write(instant when) {
    return (uint32_t)((when - YEAR_2000) / SECOND);
}
