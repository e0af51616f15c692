#include "delivery/turn.h"

#include "base/crash.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/metrics.h"

#include <stdlib.h>

/* ---- metrics ---- */

static struct metric_family families[] = {
    {.name = "fotad_user_messages_total",
     .help = "Messages sent to Users, by what they are and what came of it",
     .kind = METRIC_COUNTER,
     .labels = {"code", "outcome"}},
    {.name = "fotad_user_delivery_seconds",
     .help = "Time from sending a message to the User's answer",
     .kind = METRIC_HISTOGRAM},
};
enum { MESSAGES, TIMES };

void turn_register_metrics(void) {
    metrics_register(families, sizeof families / sizeof *families);
}

static void count(const struct delivery *delivery) {
    static const char *const outcomes[] = {
        [VERDICT_NOT_TRIED] = "not_tried",
        [VERDICT_CONFIRMED] = "confirmed",
        [VERDICT_REFUSED] = "refused",
        [VERDICT_ADDRESS_FAILED] = "failed",
    };
    metric_add(metric_of(&families[MESSAGES], delivery->alert->code,
                         outcomes[delivery->verdict], NULL),
               1);
    if (delivery->answer.took)
        metric_observe(metric_of(&families[TIMES], NULL, NULL, NULL),
                       delivery->answer.took);
}

/* ---- beginning and end ---- */

struct turn *turn_new(struct lane *lane) {
    struct turn *turn = memory_alloc(sizeof *turn);
    *turn = (struct turn){.lane = lane, .batch = arena_new()};
    pthread_mutex_lock(&lane->lock);
    turn->beside = lane->turns;
    lane->turns = turn;
    pthread_mutex_unlock(&lane->lock);
    return turn;
}

void turn_leave(struct turn *turn) {
    struct turn **at = &turn->lane->turns;
    while (*at != turn)
        at = &(*at)->beside;
    *at = turn->beside;
}

static void end_delivery(struct delivery *delivery) {
    http_answer_free(&delivery->answer);
    buffer_free(&delivery->text);
}

void turn_free(struct turn *turn) {
    arena_free(turn->batch);
    free(turn);
}

static int compare(const void *left, const void *right) {
    int64_t a = *(const int64_t *)left, b = *(const int64_t *)right;
    return (a > b) - (a < b);
}

/* The messages of the lane's other turns, in order. */
static size_t in_hand(const struct turn *turn, int64_t **alert_nos) {
    size_t count = 0, most = 0;
    for (const struct turn *t = turn->lane->turns; t; t = t->beside)
        most += t->count;
    *alert_nos = arena_zero(turn->batch, most, sizeof **alert_nos);
    for (const struct turn *t = turn->lane->turns; t; t = t->beside)
        for (size_t i = 0; i < t->count; i++)
            (*alert_nos)[count++] = t->deliveries[i].alert->alert_no;
    qsort(*alert_nos, count, sizeof **alert_nos, compare);
    return count;
}

static enum outcome read_batch(struct turn *turn, struct db *db, instant now) {
    int64_t *others;
    size_t other_count = in_hand(turn, &others), count;
    struct alert *alerts;
    enum outcome outcome =
        queue_next(db, turn->batch, turn->lane->row.user_id, others,
                   other_count, now, (unsigned)turn->asked, &alerts, &count);
    if (outcome != DONE)
        return outcome;
    turn->count = count;
    turn->deliveries = arena_zero(turn->batch, count, sizeof *turn->deliveries);
    for (size_t i = 0; i < count; i++) {
        turn->deliveries[i].turn = turn;
        turn->deliveries[i].alert = &alerts[i];
    }
    return DONE;
}

enum outcome turn_load(struct turn *turn, struct db *db, instant now,
                       unsigned most) {
    struct lane *lane = turn->lane;
    enum outcome outcome = DONE;
    arena_reset(turn->batch);
    turn->begun = turn->confirmed = 0;
    turn->failure = NULL;
    turn->retry_after = 0;
    pthread_mutex_lock(&lane->lock);
    turn->begin_until = lane->begin_until;
    turn->asked = lane->row.tries ? 1 : most;
    if (atomic_load(&lane->stopped) || clock_elapsed() >= lane->begin_until)
        turn->asked = 0;
    else
        outcome = read_batch(turn, db, now);
    atomic_store(&lane->more, turn->count > 1 && turn->count == turn->asked);
    pthread_mutex_unlock(&lane->lock);
    return outcome;
}

/* ---- sending ---- */

static void judge(struct delivery *delivery, enum verdict verdict,
                  const char *reason) {
    struct turn *turn = delivery->turn;
    delivery->verdict = verdict;
    delivery->reason = reason;
    if (verdict == VERDICT_CONFIRMED)
        turn->confirmed++;
    if (verdict == VERDICT_ADDRESS_FAILED)
        atomic_store(&turn->lane->stopped, true);
    if (verdict == VERDICT_ADDRESS_FAILED && !turn->failure)
        turn->failure = reason;
    if (verdict == VERDICT_ADDRESS_FAILED &&
        turn->retry_after < delivery->answer.retry_after)
        turn->retry_after = delivery->answer.retry_after;
    count(delivery);
}

/* Our own fault: it keeps its place like one that the User refused, so that a
 * release that can say it finds it. */
static void fail_to_compose(struct delivery *delivery, const char *reason) {
    log_error("delivery.not_composed",
              "alert_no=%jd code=%s : %s; look at its row in the table alert",
              (intmax_t)delivery->alert->alert_no, delivery->alert->code,
              reason);
    judge(delivery, VERDICT_REFUSED, reason);
}

/* Over a connection that was taken for it. */
static bool begin(struct delivery *delivery, const struct turn_sender *sender) {
    static const char *const headers[] = {
        "Content-Type: application/xml; charset=utf-8", NULL};
    struct turn *turn = delivery->turn;
    const struct queue_lane *lane = &turn->lane->row;
    const char *reason;
    if (!alert_compose(&delivery->text, &sender->compose, lane->duis_version,
                       delivery->alert, &reason)) {
        buffer_free(&delivery->text);
        lane_give_back(turn->lane);
        fail_to_compose(delivery, reason);
        return true;
    }
    delivery->message = (struct http_message){
        .method = "POST",
        .url = lane->receive_url,
        .headers = headers,
        .body = buffer_span(&delivery->text),
    };
    if (!http_client_begin(sender->http, &delivery->message, &delivery->answer,
                           delivery)) {
        buffer_free(&delivery->text);
        lane_give_back(turn->lane);
        return false;
    }
    turn->on_the_way++;
    crash_point(CRASH_alert_begun);
    return true;
}

static bool may_begin(const struct turn *turn) {
    return turn->begun < turn->count && !atomic_load(&turn->lane->stopped) &&
           clock_elapsed() < turn->begin_until;
}

/* The first message of the batch stands for the lane. */
static void fail_without_address(struct turn *turn) {
    judge(&turn->deliveries[turn->begun++], VERDICT_ADDRESS_FAILED,
          turn->lane->row.registered
              ? "the User has no Receive Response address"
              : "the User is not registered");
}

void turn_begin(struct turn *turn, const struct turn_sender *sender) {
    const char *url = turn->lane->row.receive_url;
    while (may_begin(turn)) {
        if (!url || !*url)
            fail_without_address(turn);
        else if (lane_take_connection(turn->lane, sender->connections,
                                      turn->on_the_way) &&
                 begin(&turn->deliveries[turn->begun], sender))
            turn->begun++;
        else
            return;
    }
}

void turn_end(struct delivery *delivery) {
    struct turn *turn = delivery->turn;
    enum verdict verdict = verdict_of(&delivery->answer);
    const char *reason = NULL;
    if (verdict != VERDICT_CONFIRMED)
        reason = verdict_reason(turn->batch, &delivery->answer);
    turn->on_the_way--;
    lane_give_back(turn->lane);
    judge(delivery, verdict, reason);
    end_delivery(delivery);
}

bool turn_is_over(const struct turn *turn) {
    return !turn->on_the_way && !may_begin(turn);
}

bool turn_waits(const struct turn *turn) {
    return !turn->on_the_way && may_begin(turn);
}

bool turn_took_all(const struct turn *turn) {
    return turn->count < turn->asked && turn->begun == turn->count;
}

/* ---- what to write ---- */

static instant lane_pause(const struct lane *lane,
                          const struct retry_policy *policy, unsigned tries,
                          instant now) {
    struct retry_policy endless = *policy;
    endless.give_up = RETRY_NEVER - now;
    instant asked =
        lane->retry_after < policy->most ? lane->retry_after : policy->most;
    instant due = retry_at(&endless, tries, now, now);
    return due > now + asked ? due : now + asked;
}

static void add_failed(struct queue_result *result, int64_t *failed,
                       instant *next_tries, const char **errors,
                       const struct delivery *delivery,
                       const struct retry_policy *policy, instant now) {
    const struct alert *alert = delivery->alert;
    size_t i = result->failed_count++;
    failed[i] = alert->alert_no;
    next_tries[i] = retry_at(policy, alert->tries + 1, alert->since, now);
    errors[i] = delivery->reason;
}

static void sort_out(const struct turn *turn, const struct retry_policy *policy,
                     instant now, struct queue_result *result) {
    size_t most = turn->begun;
    int64_t *delivered = arena_zero(turn->batch, most, sizeof *delivered);
    int64_t *failed = arena_zero(turn->batch, most, sizeof *failed);
    instant *next_tries = arena_zero(turn->batch, most, sizeof *next_tries);
    const char **errors = arena_zero(turn->batch, most, sizeof *errors);
    result->delivered = delivered;
    result->failed = failed;
    result->next_tries = next_tries;
    result->errors = errors;
    for (size_t i = 0; i < turn->begun; i++) {
        const struct delivery *delivery = &turn->deliveries[i];
        if (delivery->verdict == VERDICT_CONFIRMED)
            delivered[result->delivered_count++] = delivery->alert->alert_no;
        else
            add_failed(result, failed, next_tries, errors, delivery, policy,
                       now);
    }
}

/* What the turn learned of the address. */
static void tell_lane(const struct turn *turn) {
    struct lane *lane = turn->lane;
    if (turn->confirmed)
        lane->confirmed = true;
    if (turn->failure && !lane->failure)
        lane->failure = arena_text(lane->arena, span_text(turn->failure));
    if (lane->retry_after < turn->retry_after)
        lane->retry_after = turn->retry_after;
}

/* A lane that confirmed anything in between begins its pauses anew. */
struct queue_result turn_result(const struct turn *turn,
                                const struct retry_policy *policy, instant now,
                                instant next_lease) {
    tell_lane(turn);
    const struct lane *lane = turn->lane;
    struct queue_result result = {
        .user_id = lane->row.user_id,
        .lease = lane->lease,
        .next_lease = next_lease,
        .give_up_before = now - policy->give_up,
    };
    sort_out(turn, policy, now, &result);
    if (!turn->begun || lane->failure)
        result.tries = lane->row.tries; /* nothing was learned, or more is */
    if (!lane->failure || next_lease)
        return result;
    result.tries = lane->confirmed ? 1 : lane->row.tries + 1;
    result.paused_until = lane_pause(lane, policy, result.tries, now);
    result.error = lane->failure;
    return result;
}

void turn_settled(struct turn *turn, const struct queue_result *result,
                  instant begin_until) {
    struct lane *lane = turn->lane;
    lane->lease = result->next_lease;
    lane->begin_until = begin_until;
    lane->row.tries = result->tries;
    turn->count = turn->begun = 0;
}
