#include "mail/mail.h"

#include "base/backoff.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/metrics.h"
#include "db/task.h"
#include "mail/message.h"
#include "mail/outbox.h"
#include "mail/smtp.h"

#include <curl/curl.h>
#include <stdlib.h>

enum { BATCH = 8 }; /* notices in hand at once */

/* Between looks at the clock. */
static const instant LOOK = 200 * MILLISECOND;

static const struct retry_policy policy = {
    .first = MINUTE, .most = HOUR, .give_up = 4 * DAY};

bool mail_is_kind(const char *text) {
    static const char *const kinds[MAIL_KINDS] = {
        "request_finished", "failure_share", "quarantine",
        "csp_silent",       "steering",      "alarm"};
    for (int i = 0; i < MAIL_KINDS; i++)
        if (strcmp(kinds[i], text) == 0)
            return true;
    return false;
}

/* ---- one round ---- */

struct round {
    struct task *task; /* NULL: nobody stops it */
    struct db *db;
    const struct config *config;
    instant now;
    struct smtp *smtp;
    struct arena *arena; /* of a batch */
    instant begin_until; /* by clock_since_boot(): of what is leased */
    bool unreachable;    /* nothing more in this round */
    struct mail_report report;
};

/* The mail server has it, so this is worth more than one try. */
static enum outcome notice_sent(struct round *round,
                                const struct outbox_notice *notice) {
    enum outcome outcome = outbox_sent(round->db, notice, round->now);
    for (int tries = 1; outcome == RETRY && tries < DB_MOST_TRIES; tries++) {
        db_pause(tries);
        outcome = outbox_sent(round->db, notice, round->now);
    }
    round->report.sent++;
    log_info("mail.sent", "notice=%jd", (intmax_t)notice->notice_no);
    return outcome;
}

static enum outcome notice_failed(struct round *round,
                                  const struct outbox_notice *notice,
                                  const char *error) {
    struct retry_policy patient = policy;
    patient.give_up = retry_patience(policy.give_up);
    instant next = retry_at(&patient, (unsigned)notice->tries + 1,
                            notice->since, round->now);
    round->report.failed++;
    if (next == RETRY_NEVER) {
        round->report.given_up++;
        log_error("mail.given_up",
                  "notice=%jd : to %s: %s. Mend the address (fotactl account "
                  "mail) or [mail] server; this e-mail is lost",
                  (intmax_t)notice->notice_no, notice->mail, error);
    } else
        log_warning("mail.not_sent", "notice=%jd : %s; it is tried again",
                    (intmax_t)notice->notice_no, error);
    return outbox_failed(round->db, notice, next, error);
}

/* Without a mail server: also what waits behind this notice and is too old. */
static enum outcome notices_give_up(struct round *round, const char *error) {
    int64_t given_up;
    enum outcome outcome =
        outbox_give_up(round->db, round->now - retry_patience(policy.give_up),
                       error, &given_up);
    round->report.given_up += given_up;
    if (given_up)
        log_error("mail.given_up",
                  "notices=%jd : %s. Mend [mail] server; these e-mails are "
                  "lost",
                  (intmax_t)given_up, error);
    return outcome;
}

static enum outcome notice_send(struct round *round,
                                const struct outbox_notice *notice) {
    struct buffer text = {0};
    const char *error;
    mail_compose(&(struct mail_message){.notice_no = notice->notice_no,
                                        .made = notice->made,
                                        .from = round->config->mail_from,
                                        .to = notice->mail,
                                        .subject = notice->subject,
                                        .body = notice->body},
                 &text);
    enum smtp_result result =
        smtp_send(round->smtp, notice->mail, buffer_span(&text), &error);
    buffer_free(&text);
    if (result == SMTP_TAKEN)
        return notice_sent(round, notice);
    enum outcome outcome = notice_failed(round, notice, error);
    round->unreachable = result == SMTP_UNREACHABLE;
    if (round->unreachable && outcome == DONE)
        outcome = notices_give_up(round, error);
    return outcome;
}

static bool round_may_begin(const struct round *round) {
    return !round->unreachable && clock_since_boot() <= round->begin_until &&
           task_goes_on(round->task);
}

instant mail_longest_pause(void) {
    return policy.most;
}

/* Every notice of a batch may take the whole timeout, and one is to spare. */
instant mail_lease(const struct config *config) {
    return (BATCH + 1) * config->mail_timeout;
}

static enum outcome batch_send(struct round *round, size_t *count) {
    struct outbox_notice *notices;
    instant timeout = round->config->mail_timeout;
    round->begin_until = clock_since_boot() + BATCH * timeout;
    enum outcome outcome = outbox_lease(round->db, round->arena, round->now,
                                        round->now + mail_lease(round->config),
                                        BATCH, &notices, count);
    size_t i = 0;
    while (i < *count && outcome == DONE && round_may_begin(round))
        outcome = notice_send(round, &notices[i++]);
    if (outcome == DONE && i < *count)
        outcome = outbox_return(round->db, notices + i, *count - i);
    arena_reset(round->arena);
    return outcome;
}

static enum outcome batches_send(struct round *round) {
    enum outcome outcome = DONE;
    instant start = clock_elapsed(), begin = round->now;
    size_t count = BATCH;
    while (count == BATCH && outcome == DONE && !round->unreachable &&
           task_goes_on(round->task)) {
        outcome = batch_send(round, &count);
        round->now = begin + (clock_elapsed() - start);
    }
    return outcome;
}

static enum outcome round_run(struct round *round) {
    round->smtp = smtp_new(round->config, task_ended(round->task));
    enum outcome outcome =
        outbox_make(round->db, round->config, round->now, &round->report.made);
    if (outcome == DONE)
        outcome = batches_send(round);
    smtp_free(round->smtp);
    return outcome;
}

/* Reads as housekeeping_run() does, of another struct round: each room has in
 * it what its own steps share. */
enum outcome mail_run(struct db *db, const struct config *config, instant now,
                      struct mail_report *report) {
    struct round round = {
        .db = db, .config = config, .now = now, .arena = arena_new()};
    enum outcome outcome = round_run(&round);
    *report = round.report;
    arena_free(round.arena);
    return outcome;
}

/* ---- the task ---- */

static struct metric_family families[] = {
    {.name = "fotad_mail_total",
     .help = "E-mails to people: made, sent, failed (tries), given_up",
     .kind = METRIC_COUNTER,
     .labels = {"what"}},
};

struct mail {
    const struct config *config;
    instant next; /* by clock_now(): the next round */
};

static void mails_count(const char *what, int64_t more) {
    metric_add(metric_of(families, what, NULL, NULL), more);
}

/* By fotad's clock, which a test may move in either direction. */
static enum outcome look_round(struct task *task, void *context,
                               instant *rest) {
    struct mail *mail = context;
    struct round round = {.task = task,
                          .db = task_db(task),
                          .config = mail->config,
                          .now = clock_now(),
                          .arena = task_arena(task)};
    *rest = LOOK;
    if (!clock_is_due(&mail->next, round.now, mail->config->mail_every))
        return DONE;
    enum outcome outcome = round_run(&round);
    mails_count("made", round.report.made);
    mails_count("sent", round.report.sent);
    mails_count("failed", round.report.failed);
    mails_count("given_up", round.report.given_up);
    return outcome;
}

struct task *mail_start(const struct config *config) {
    if (!*config->mail_server)
        return NULL;
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
        memory_exhausted(0);
    metrics_register(families, sizeof families / sizeof *families);
    struct mail *mail = memory_alloc(sizeof *mail);
    *mail = (struct mail){.config = config};
    return task_start(
        &(struct task_options){.name = "mail",
                               .session = "fotad mail",
                               .conninfo = config->database_conninfo,
                               .failed = "mail.no_database",
                               .round = look_round,
                               .context = mail,
                               .free = free});
}
