/* fotactl sat verify: the Service Audit Trail against its seals, and those
 * against anchors (requirement H1). */
#include "fotactl/sat_trail.h"
#include "fotactl/verbs.h"
#include "trail/verify.h"

/* The certificate of --certificate, else that of fotad. */
static enum outcome anchors_find(struct verb_run *run,
                                 struct anchors *anchors) {
    const char *reason,
        *certificate = run->options.certificate
                           ? run->options.certificate
                           : run->config.xml_signing_certificate;
    struct anchor_keys *keys = anchor_keys_new(run->arena);
    *anchors = (struct anchors){.arena = run->arena, .keys = keys};
    if (!anchor_keys_load(keys, certificate, &reason))
        return run_refuse(run, "%s: %s", certificate, reason);
    if (!anchors_load(anchors, run->options.anchor, &reason))
        return run_refuse(run, "%s: %s", run->options.anchor, reason);
    anchors_sort(anchors);
    return DONE;
}

static enum outcome trail_verify(struct verb_run *run,
                                 const struct anchors *anchors) {
    struct trail_verify *verify =
        trail_verify_new(run->arena, anchors, run->options.hash, clock_now());
    db_is_for(run->db, DB_FOR_export);
    enum outcome outcome = sat_trail_pass(run, trail_verify_sink(verify));
    if (outcome != DONE)
        return outcome;
    trail_verify_end(verify);
    if (run->options.json)
        trail_verify_print_json(verify, run->out);
    else
        trail_verify_print(verify, run->out);
    size_t faults = trail_verify_faults(verify);
    if (faults)
        return run_refuse(run,
                          "the service audit trail is not as it was written: "
                          "%zu faults; compare with the journal and backups",
                          faults);
    return DONE;
}

enum outcome verb_sat_verify(struct verb_run *run) {
    struct anchors anchors = {.count = 0};
    enum outcome outcome =
        run->options.anchor ? anchors_find(run, &anchors) : DONE;
    if (outcome == DONE)
        outcome = trail_verify(run, run->options.anchor ? &anchors : NULL);
    anchors_free(&anchors);
    return outcome;
}
