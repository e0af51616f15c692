/*
 * The rules that an operator may change without a new build, read from the
 * database at start and on SIGHUP: which code answers which condition, which
 * roles may send what, which Command Variants go to which service URL.
 */
#ifndef FOTAD_REQUEST_RULES_H
#define FOTAD_REQUEST_RULES_H

#include "db/db.h"
#include "request/condition.h"

struct rules;

/* What a condition is answered with. */
struct rules_answer {
    int32_t http_status;
    const char *response_code; /* NULL: problem+json */
    const char *meaning;
};

/* A Command Variant of a Service Reference Variant (service_variant). */
struct rules_variant {
    const char *service_reference_variant, *service_reference;
    int32_t command_variant;
    const char *service; /* "serviceD" */
    const char *body;    /* "UpdateFirmware" */
    bool needs_acb_target;
    bool sent;         /* a command goes to the device */
    bool returned;     /* a command or Pre-Command goes back in the answer */
    bool future_dated; /* may have an execution time */
};

/* What a version of DUIS does not have (duis_since). */
struct rules_lack {
    const char *version; /* "5.0" */
    const char *kind;    /* "element" */
    const char *name;
    const char *instead; /* what is said in its place; "": nothing */
};

/* Reads the rules. FAILED (logged) when a condition has no row, or one that
 * cannot be answered. The caller holds one reference. */
enum outcome rules_load(struct db *db, struct rules **rules);
void rules_release(struct rules *rules);

/* Sets the rules that requests use from now on; takes over the caller's
 * reference. Those in hand finish with the rules they began with. NULL: none
 * any more. */
void rules_use(struct rules *rules);

/* The rules in use; give them back with rules_release(). */
struct rules *rules_current(void);

/* The row for the variant, or the one for all. Never NULL. */
const struct rules_answer *rules_answer(const struct rules *rules,
                                        enum condition condition,
                                        const char *service_reference_variant);

bool rules_role_eligible(const struct rules *rules, const char *variant,
                         const char *role);

/* The row of variant and Command Variant; with command_variant 0 and a
 * service the first row of the variant that has that service. NULL: none. */
const struct rules_variant *rules_variant(const struct rules *rules,
                                          const char *variant,
                                          int32_t command_variant,
                                          const char *service);

/* Is this Service Reference Variant one that fotad takes? */
bool rules_known_variant(const struct rules *rules, const char *variant);

/* Calls `tell` with each of these, as often as it has Command Variants. */
void rules_each_variant(const struct rules *rules,
                        void (*tell)(const char *service_reference_variant));

/* The version of DUIS in which something that says it is of version `said` is
 * read: the highest that is known and not above it. NULL: it is older. */
const char *rules_version(const struct rules *rules, const char *said);

/* NULL: that version has what is so called. */
const struct rules_lack *rules_lack(const struct rules *rules,
                                    const char *version, const char *kind,
                                    const char *name);

#endif
