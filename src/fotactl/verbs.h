/*
 * fotactl, the operator's tool: reads the command line, runs a verb and says
 * what came of it. Verbs and options are rows of tables in verbs.c and
 * options.def; dispatch and help are made from them.
 */
#ifndef FOTAD_FOTACTL_VERBS_H
#define FOTAD_FOTACTL_VERBS_H

#include "fotactl/verb_run.h"

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

/* The verbs. Each prints to run->out, or leaves a run->problem. */
enum outcome verb_migrate(struct verb_run *run);
enum outcome verb_example_config(struct verb_run *run);
enum outcome verb_import_cpl(struct verb_run *run);
enum outcome verb_import_smi(struct verb_run *run);
enum outcome verb_import_users(struct verb_run *run);
enum outcome verb_import_thresholds(struct verb_run *run);
enum outcome verb_import_certificates(struct verb_run *run);
enum outcome verb_import_crl(struct verb_run *run);
enum outcome verb_status(struct verb_run *run);
enum outcome verb_reset(struct verb_run *run);
enum outcome verb_dry_run(struct verb_run *run);
enum outcome verb_report_rsat_004(struct verb_run *run);
enum outcome verb_account_add(struct verb_run *run);
enum outcome verb_account_role(struct verb_run *run);
enum outcome verb_account_password(struct verb_run *run);
enum outcome verb_account_mail(struct verb_run *run);
enum outcome verb_account_token(struct verb_run *run);
enum outcome verb_account_list(struct verb_run *run);
enum outcome verb_requests(struct verb_run *run);
enum outcome verb_request(struct verb_run *run);
enum outcome verb_thresholds_list(struct verb_run *run);
enum outcome verb_thresholds_history(struct verb_run *run);
enum outcome verb_thresholds_set(struct verb_run *run);
enum outcome verb_thresholds_remove(struct verb_run *run);
enum outcome verb_quarantine_list(struct verb_run *run);
enum outcome verb_quarantine_release(struct verb_run *run);
enum outcome verb_quarantine_reject(struct verb_run *run);
enum outcome verb_undelivered_list(struct verb_run *run);
enum outcome verb_undelivered_retry(struct verb_run *run);
enum outcome verb_sat_export(struct verb_run *run);
enum outcome verb_sat_verify(struct verb_run *run);
enum outcome verb_gbcs_show(struct verb_run *run);

#endif
