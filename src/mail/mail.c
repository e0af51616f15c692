#include "mail/mail.h"

#include "base/backoff.h"
#include "base/heartbeat.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/metrics.h"
#include "base/wakeup.h"
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
        "request_finished", "failure_share", "quarantine"};
    for (int i = 0; i < MAIL_KINDS; i++)
        if (strcmp(kinds[i], text) == 0)
            return true;
    return false;
}

/* ---- what the section says ---- */

static bool begins(const char *text, const char *with) {
    return strncmp(text, with, strlen(with)) == 0;
}

const char *mail_contradiction(const struct config *config) {
    const char *server = config->mail_server;
    const char *screens = config->mail_screens;
    if (*config->mail_tls && strcmp(config->mail_tls, "off") != 0)
        return "[mail] tls is off or empty";
    if (config->mail_failure_share > 100)
        return "[mail] failure_share is a percentage";
    if (*screens && !begins(screens, "https://") && !begins(screens, "http://"))
        return "[mail] screens begins with https:// or http://";
    if (!*server)
        return NULL;
    if (!begins(server, "smtp://") && !begins(server, "smtps://"))
        return "[mail] server begins with smtp:// or smtps://";
    if (!mail_is_address(config->mail_from))
        return "[mail] server needs from: the address of the sender";
    if (*config->mail_user && strcmp(config->mail_tls, "off") == 0 &&
        begins(server, "smtp://"))
        return "[mail] user would be shown to anybody with tls = off";
    return NULL;
}

/* ---- one round ---- */

struct run {
    struct db *db;
    const struct config *config;
    instant now;
    const atomic_bool *stopping; /* NULL: nobody stops it */
    struct heartbeat *heartbeat;
    struct smtp *smtp;
    struct arena *arena; /* of a batch */
    instant lease;
    bool unreachable; /* nothing more in this round */
    struct mail_report *report;
};

static bool stopped(const struct run *run) {
    return run->stopping && atomic_load(run->stopping);
}

/* The mail server has it, so this is worth more than one try. */
static enum outcome note_sent(struct run *run,
                              const struct outbox_notice *notice) {
    enum outcome outcome = outbox_sent(run->db, notice, run->now);
    for (int tries = 1; outcome == RETRY && tries < DB_MOST_TRIES; tries++) {
        db_pause(tries);
        outcome = outbox_sent(run->db, notice, run->now);
    }
    run->report->sent++;
    log_info("mail.sent", "notice=%jd", (intmax_t)notice->notice_no);
    return outcome;
}

static enum outcome note_failed(struct run *run,
                                const struct outbox_notice *notice,
                                const char *error) {
    instant next = retry_at(&policy, notice->tries + 1, notice->made, run->now);
    run->report->failed++;
    if (next == RETRY_NEVER) {
        run->report->given_up++;
        log_error("mail.given_up",
                  "notice=%jd : to %s: %s. Mend the address (fotactl account "
                  "mail) or [mail] server; this e-mail is lost",
                  (intmax_t)notice->notice_no, notice->mail, error);
    } else
        log_warning("mail.not_sent", "notice=%jd : %s; it is tried again",
                    (intmax_t)notice->notice_no, error);
    return outbox_failed(run->db, notice, run->lease, next, error);
}

static enum outcome give_up(struct run *run, const char *error) {
    int64_t given_up;
    enum outcome outcome =
        outbox_give_up(run->db, run->now - policy.give_up, error, &given_up);
    run->report->given_up += given_up;
    if (given_up)
        log_error("mail.given_up",
                  "notices=%jd : %s. Mend [mail] server; these e-mails are "
                  "lost",
                  (intmax_t)given_up, error);
    return outcome;
}

static enum outcome send_one(struct run *run,
                             const struct outbox_notice *notice) {
    struct buffer text = {0};
    const char *error;
    heartbeat_step(run->heartbeat);
    mail_compose(&(struct mail_message){.notice_no = notice->notice_no,
                                        .made = notice->made,
                                        .from = run->config->mail_from,
                                        .to = notice->mail,
                                        .subject = notice->subject,
                                        .body = notice->body},
                 &text);
    enum smtp_result result =
        smtp_send(run->smtp, notice->mail, buffer_span(&text), &error);
    buffer_free(&text);
    if (result == SMTP_TAKEN)
        return note_sent(run, notice);
    enum outcome outcome = note_failed(run, notice, error);
    run->unreachable = result == SMTP_UNREACHABLE;
    if (run->unreachable && outcome == DONE)
        outcome = give_up(run, error);
    return outcome;
}

/* Every notice of a batch may take the whole timeout, and one is to spare. */
static enum outcome send_batch(struct run *run, size_t *count) {
    struct outbox_notice *notices;
    run->lease = run->now + (BATCH + 1) * run->config->mail_timeout;
    enum outcome outcome = outbox_lease(run->db, run->arena, run->now,
                                        run->lease, BATCH, &notices, count);
    size_t i = 0;
    while (i < *count && outcome == DONE && !run->unreachable && !stopped(run))
        outcome = send_one(run, &notices[i++]);
    if (outcome == DONE && i < *count)
        outcome = outbox_return(run->db, notices + i, *count - i, run->lease);
    arena_reset(run->arena);
    return outcome;
}

static enum outcome send_all(struct run *run) {
    enum outcome outcome = DONE;
    instant start = clock_elapsed(), begin = run->now;
    size_t count = BATCH;
    while (count == BATCH && outcome == DONE && !run->unreachable &&
           !stopped(run)) {
        outcome = send_batch(run, &count);
        run->now = begin + (clock_elapsed() - start);
    }
    return outcome;
}

static enum outcome run_until(struct db *db, const struct config *config,
                              instant now, const atomic_bool *stopping,
                              struct heartbeat *heartbeat,
                              struct mail_report *report) {
    *report = (struct mail_report){0};
    struct run run = {.db = db,
                      .config = config,
                      .now = now,
                      .stopping = stopping,
                      .heartbeat = heartbeat,
                      .smtp = smtp_new(config, stopping),
                      .arena = arena_new(),
                      .report = report};
    enum outcome outcome = outbox_make(db, config, now, &report->made);
    if (outcome == DONE)
        outcome = send_all(&run);
    arena_free(run.arena);
    smtp_free(run.smtp);
    return outcome;
}

enum outcome mail_run(struct db *db, const struct config *config, instant now,
                      struct mail_report *report) {
    return run_until(db, config, now, NULL, NULL, report);
}

/* ---- the thread ---- */

static struct metric_family families[] = {
    {.name = "fotad_mail_total",
     .help = "E-mails to people: made, sent, failed (tries), given_up",
     .kind = METRIC_COUNTER,
     .labels = {"what"}},
};

struct mail {
    const struct config *config;
    struct db *db;
    pthread_t thread;
    struct heartbeat *heartbeat;
    struct wakeup wakeup;
};

static void count(const char *what, int64_t more) {
    metric_add(metric_of(families, what, NULL, NULL), more);
}

static void look(struct mail *mail, instant now) {
    struct mail_report report;
    enum outcome outcome =
        run_until(mail->db, mail->config, now, &mail->wakeup.ended,
                  mail->heartbeat, &report);
    count("made", report.made);
    count("sent", report.sent);
    count("failed", report.failed);
    count("given_up", report.given_up);
    if (outcome != DONE)
        log_warning("mail.no_database", ": %s", db_reason(mail->db));
}

/* By fotad's clock, which a test may move in either direction. */
static void *work(void *context) {
    struct mail *mail = context;
    instant interval = mail->config->mail_every, next = 0;
    do {
        instant now = clock_now();
        heartbeat_step(mail->heartbeat);
        if (now >= next || next > now + interval) {
            look(mail, now);
            next = now + interval;
        }
        heartbeat_rest(mail->heartbeat);
    } while (wakeup_rest(&mail->wakeup, LOOK));
    return NULL;
}

struct mail *mail_start(const struct config *config) {
    if (!*config->mail_server)
        return NULL;
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
        memory_exhausted(0);
    metrics_register(families, sizeof families / sizeof *families);
    struct mail *mail = memory_alloc(sizeof *mail);
    *mail =
        (struct mail){.wakeup = WAKEUP_NEW,
                      .config = config,
                      .db = db_open(config->database_conninfo, "fotad mail"),
                      .heartbeat = heartbeat_new("mail")};
    if (pthread_create(&mail->thread, NULL, work, mail) != 0)
        memory_exhausted(0);
    return mail;
}

void mail_stop(struct mail *mail) {
    if (!mail)
        return;
    wakeup_end(&mail->wakeup);
    pthread_join(mail->thread, NULL);
    wakeup_destroy(&mail->wakeup);
    heartbeat_free(mail->heartbeat);
    db_close(mail->db);
    free(mail);
}
