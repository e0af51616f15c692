/*
 * fotad.conf: INI ([section], key = value; a comment has a line of its own).
 * Every key has a default that runs on one machine; an unknown key, a bad value
 * and two keys that contradict each other are refused with file and line. The
 * keys are rows of config.def and config_csp.def, the contradictions rows of
 * contradiction.def.
 */
#ifndef FOTAD_BASE_CONFIG_H
#define FOTAD_BASE_CONFIG_H

#include "base/arena.h"
#include "base/buffer.h"
#include "base/clock.h"
#include "base/eui64.h"
#include "base/log.h"

/* What a key holds, in C and in the file (base/value.h). */
#define CONFIG_TYPE_TEXT const char * /* as it stands */
#define CONFIG_TYPE_SECRET                                                     \
    const char *                           /* the same, but never shown; or    \
                                              file:/path, or credential:NAME   \
                                              (systemd) */
#define CONFIG_TYPE_TOKEN const char *     /* a secret of visible ASCII */
#define CONFIG_TYPE_CHOICE const char *    /* one of the words */
#define CONFIG_TYPE_PATH const char *      /* of a file */
#define CONFIG_TYPE_FILE const char *      /* the same; a reload reads it */
#define CONFIG_TYPE_DIRECTORY const char * /* that is written to */
#define CONFIG_TYPE_ADDRESS const char *   /* to listen on */
#define CONFIG_TYPE_URL const char *       /* without a query */
#define CONFIG_TYPE_CONNINFO const char *  /* libpq's */
#define CONFIG_TYPE_HEADER const char *    /* name of an HTTP header */
#define CONFIG_TYPE_MAILBOX const char *   /* name@domain */
#define CONFIG_TYPE_REGIONS const char *   /* CSP Regions, commas between */
#define CONFIG_TYPE_BOOL bool              /* yes, no */
#define CONFIG_TYPE_COUNT uint32_t
#define CONFIG_TYPE_SIZE size_t      /* octets; k, m, g are powers of 1024 */
#define CONFIG_TYPE_DURATION instant /* 90s, 15m, 1h, 4d */
#define CONFIG_TYPE_DAYS instant     /* the same, whole days */
#define CONFIG_TYPE_EUI64 eui64      /* 90-B3-D5-1F-30-00-00-02 */
#define CONFIG_TYPE_GBCS int32_t     /* 4.1 is 40100, empty is 0 */
#define CONFIG_TYPE_LEVEL enum log_level

struct config_csp {
    const char *name;
    int line; /* where its section begins; 0: not in a file */
#define CONFIG(section, key, field, type, limits, standard, comment)           \
    CONFIG_TYPE_##type field;
#include "base/config_csp.def"
#undef CONFIG
    struct {
#define CONFIG(section, key, field, type, limits, standard, comment) int field;
#include "base/config_csp.def"
#undef CONFIG
    } lines; /* where each key is; 0: it has its default */
};

enum { CONFIG_MOST_CSPS = 8, CONFIG_MOST_REGIONS = 8 };

/* A CSP Region (DUIS schema type sr:CSPRegion) and who serves it. */
struct config_region {
    const char *name, *csp;
};

struct config {
    const char *path; /* NULL: the defaults alone */
#define CONFIG(section, key, field, type, limits, standard, comment)           \
    CONFIG_TYPE_##type field;
#include "base/config.def"
#undef CONFIG
    struct {
#define CONFIG(section, key, field, type, limits, standard, comment) int field;
#include "base/config.def"
#undef CONFIG
    } lines; /* as those of a CSP */
    struct config_csp csps[CONFIG_MOST_CSPS];
    size_t csp_count;
    struct config_region regions[CONFIG_MOST_REGIONS]; /* of all CSPs */
    size_t region_count;
};

/* Reads `path`; NULL gives the defaults alone. Texts live in the arena. False
 * with all that is wrong in `*faults`, "file:line: reason" each, a line each
 * (in the arena); after 20 lines that are wrong the rest is not read. */
bool config_read(struct config *config, const char *path, struct arena *arena,
                 const char **faults);

/* Sets config->regions from what the sections of the CSPs say; config_read()
 * has done so. The names are the lists' own; what is none is left out. */
void config_set_regions(struct config *config);

/* What keys say against each other, as "file:line: reason" with the line of
 * the other in it, a line each, in the arena; NULL: nothing. config_read() has
 * asked. */
const char *config_contradictions(const struct config *config,
                                  struct arena *arena);

/* The keys whose new values wait for a restart, as "[log] level, [csp north]
 * token" in the arena; "" when there are none. Left out is what a reload takes:
 * [log] level, and the files (CONFIG_TYPE_FILE) of a signer and of a listener
 * that speaks TLS before and after. */
const char *config_waiting(const struct config *running,
                           const struct config *fresh, struct arena *arena);

/* Appends the example file: every key with its comment and default. */
void config_example(struct buffer *out);

#endif
