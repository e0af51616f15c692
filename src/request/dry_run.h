/*
 * A dry run (requirement G7): an 11.1 or 11.4 goes through the same steps as
 * in the pipeline and is told what it would be answered, but nothing is
 * written. The RequestID is not looked at, so that a draft may have any; the
 * signature may be missing, for whoever asks has signed in. Another request is
 * told why it would get E1, and no more.
 */
#ifndef FOTAD_REQUEST_DRY_RUN_H
#define FOTAD_REQUEST_DRY_RUN_H

#include "base/config.h"
#include "db/db.h"
#include "duis/response.h"
#include "request/rules.h"

#include <jansson.h>

enum dry_run_signature { DRY_RUN_ABSENT, DRY_RUN_GOOD, DRY_RUN_NOT_GOOD };
extern const char *const dry_run_signatures[]; /* "absent", ... */

enum { DRY_RUN_LISTS = 5 };

/* Everything lives in the arena of request_dry_run(). */
struct dry_run {
    const char *refusal;       /* why it cannot be tried further; else NULL */
    unsigned line, column;     /* of the refusal; 0: none */
    const char *condition;     /* as in table response_code */
    const char *response_code; /* of the DUIS answer; NULL: there is none */
    const char *meaning;       /* for people */
    const char *detail;        /* "" when there is no more to say */
    enum dry_run_signature signature;
    const char
        *image_unsigned;     /* why the supplier's signature in the image is
                              * none; NULL: it is good, or is not looked at */
    size_t listed, accepted; /* different Device IDs */
    struct duis_devices refused[DRY_RUN_LISTS]; /* as in the DUIS answer */
    const char *guard; /* JSON: what the guard says, and how many devices are of
                        * each CSP, model and hub; NULL: none was judged */
    const char *plan;  /* JSON: the plan that it would begin with; NULL: none */
    const char *forecast; /* JSON: when its devices would be done; NULL: none is
                             accepted */
};

/* `only`: when not NULL, the only originator whose requests are judged; a
 * request of another is REFUSED without being looked at any further. RETRY and
 * FAILED: the database could not say. */
enum outcome request_dry_run(const struct config *config,
                             const struct rules *rules, struct db *db,
                             struct arena *arena, struct span body,
                             const eui64 *only, struct dry_run *result);

/* DryRun of schemas/ssi-openapi.json. The caller's; not for a refusal. */
json_t *dry_run_json(const struct dry_run *run);

#endif
