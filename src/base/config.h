/*
 * fotad.conf: INI ([section], key = value, # comment). Every key has a default
 * that runs on one machine; an unknown key or a bad value is refused with file
 * and line. The keys are rows of config.def and config_csp.def.
 */
#ifndef FOTAD_BASE_CONFIG_H
#define FOTAD_BASE_CONFIG_H

#include "base/arena.h"
#include "base/buffer.h"
#include "base/clock.h"
#include "base/eui64.h"
#include "base/log.h"

/* What a key holds, in C and in the file. */
#define CONFIG_TYPE_TEXT const char * /* as it stands */
#define CONFIG_TYPE_SECRET                                                     \
    const char *                     /* as it stands, file:/path, or           \
                                        credential:NAME (systemd) */
#define CONFIG_TYPE_BOOL bool        /* yes, no */
#define CONFIG_TYPE_COUNT uint32_t   /* 1 to 2^31 - 1 */
#define CONFIG_TYPE_SIZE size_t      /* octets; k, m, g are powers of 1024 */
#define CONFIG_TYPE_DURATION instant /* 90s, 15m, 1h, 4d; at least 1s */
#define CONFIG_TYPE_PAUSE instant    /* the same, or 0s */
#define CONFIG_TYPE_EUI64 eui64      /* 90-B3-D5-1F-30-00-00-02 */
#define CONFIG_TYPE_GBCS int32_t     /* 4.1 is 40100, empty is 0 */
#define CONFIG_TYPE_LEVEL enum log_level

struct config_csp {
    const char *name;
#define CONFIG(section, key, field, type, standard, comment)                   \
    CONFIG_TYPE_##type field;
#include "base/config_csp.def"
#undef CONFIG
};

enum { CONFIG_MOST_CSPS = 8, CONFIG_MOST_REGIONS = 8 };

/* A CSP Region (DUIS schema type sr:CSPRegion) and who serves it. */
struct config_region {
    const char *name, *csp;
};

struct config {
#define CONFIG(section, key, field, type, standard, comment)                   \
    CONFIG_TYPE_##type field;
#include "base/config.def"
#undef CONFIG
    struct config_csp csps[CONFIG_MOST_CSPS];
    size_t csp_count;
    struct config_region regions[CONFIG_MOST_REGIONS]; /* of all CSPs */
    size_t region_count;
};

/* Reads `path`; NULL gives the defaults alone. Texts live in the arena. False
 * with "file:line: reason" in `*reason` (in the arena). */
bool config_read(struct config *config, const char *path, struct arena *arena,
                 const char **reason);

/* Sets config->regions from what the sections of the CSPs say; config_read()
 * has done so. False with "[csp NAME] regions: reason" in `*reason` (in the
 * arena): it is no CSP Region, or one that was named before. */
bool config_read_regions(struct config *config, struct arena *arena,
                         const char **reason);

/* A duration as the file writes it: "90s", "15m", "24h", "4d"; at least a
 * second. False when it is none. */
bool config_read_duration(const char *text, instant *duration);

/* Appends the example file: every key with its comment and default. */
void config_example(struct buffer *out);

#endif
