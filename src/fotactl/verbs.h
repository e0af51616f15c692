/*
 * fotactl, the operator's tool: reads the command line, runs a verb and says
 * what came of it. Verbs and options are rows of tables in verbs.c and
 * options.def; dispatch and help are made from them.
 */
#ifndef FOTAD_FOTACTL_VERBS_H
#define FOTAD_FOTACTL_VERBS_H

#include "fotactl/call.h"

enum fotactl_exit {
    FOTACTL_DONE = 0,
    FOTACTL_REFUSED = 1, /* refused or failed: one line on stderr says why */
    FOTACTL_MISUSED = 2, /* wrong usage */
};

/* Runs `count` words of a command line (without the program's name). What
 * belongs on stdout and on stderr is appended to `out` and `err`; a verb that
 * prints without end writes to `stream` meanwhile, unless that is NULL. */
enum fotactl_exit fotactl_run(size_t count, const char *const *words,
                              FILE *stream, struct buffer *out,
                              struct buffer *err);

/* The verbs. Each prints to call->out, or leaves a call->problem. */
enum outcome verb_migrate(struct call *call);
enum outcome verb_example_config(struct call *call);
enum outcome verb_import_cpl(struct call *call);
enum outcome verb_import_smi(struct call *call);
enum outcome verb_import_users(struct call *call);
enum outcome verb_import_thresholds(struct call *call);
enum outcome verb_import_certificates(struct call *call);
enum outcome verb_import_crl(struct call *call);
enum outcome verb_status(struct call *call);
enum outcome verb_reset(struct call *call);
enum outcome verb_dry_run(struct call *call);
enum outcome verb_report_rsat_004(struct call *call);
enum outcome verb_account_add(struct call *call);
enum outcome verb_account_role(struct call *call);
enum outcome verb_account_password(struct call *call);
enum outcome verb_account_mail(struct call *call);
enum outcome verb_account_token(struct call *call);
enum outcome verb_account_list(struct call *call);
enum outcome verb_requests(struct call *call);
enum outcome verb_request(struct call *call);
enum outcome verb_thresholds_list(struct call *call);
enum outcome verb_thresholds_history(struct call *call);
enum outcome verb_thresholds_set(struct call *call);
enum outcome verb_thresholds_remove(struct call *call);
enum outcome verb_quarantine_list(struct call *call);
enum outcome verb_quarantine_release(struct call *call);
enum outcome verb_quarantine_reject(struct call *call);
enum outcome verb_undelivered_list(struct call *call);
enum outcome verb_undelivered_retry(struct call *call);
enum outcome verb_sat_export(struct call *call);
enum outcome verb_sat_verify(struct call *call);
enum outcome verb_gbcs_show(struct call *call);

#endif
