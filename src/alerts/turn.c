#include "alerts/turn.h"

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

struct turn *turn_new(const struct queue_lane *lane, instant lease) {
    struct turn *turn = memory_alloc(sizeof *turn);
    *turn = (struct turn){.arena = arena_new(),
                          .lane = *lane,
                          .lease = lease,
                          .batch = arena_new()};
    struct queue_lane *own = &turn->lane;
    if (lane->receive_url)
        own->receive_url =
            arena_text(turn->arena, span_text(lane->receive_url));
    if (lane->duis_version)
        own->duis_version =
            arena_text(turn->arena, span_text(lane->duis_version));
    return turn;
}

static void end_delivery(struct delivery *delivery) {
    http_answer_free(&delivery->answer);
    buffer_free(&delivery->text);
}

void turn_free(struct turn *turn) {
    arena_free(turn->batch);
    arena_free(turn->arena);
    free(turn);
}

enum outcome turn_load(struct turn *turn, struct db *db, instant now,
                       unsigned most) {
    arena_reset(turn->batch);
    turn->asked = turn->lane.tries ? 1 : most;
    turn->begun = turn->confirmed = 0;
    turn->failure = NULL;
    turn->retry_after = 0;
    struct alert *alerts;
    enum outcome outcome =
        queue_next(db, turn->batch, turn->lane.user_id, now,
                   (unsigned)turn->asked, &alerts, &turn->count);
    if (outcome != DONE)
        return outcome;
    turn->deliveries =
        arena_zero(turn->batch, turn->count, sizeof *turn->deliveries);
    for (size_t i = 0; i < turn->count; i++) {
        turn->deliveries[i].turn = turn;
        turn->deliveries[i].alert = &alerts[i];
    }
    return DONE;
}

/* ---- sending ---- */

static void judge(struct delivery *delivery, enum verdict verdict,
                  const char *reason) {
    struct turn *turn = delivery->turn;
    delivery->verdict = verdict;
    delivery->reason = reason;
    if (verdict == VERDICT_CONFIRMED)
        turn->confirmed++;
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

static bool begin(struct delivery *delivery, const struct turn_sender *sender) {
    static const char *const headers[] = {
        "Content-Type: application/xml; charset=utf-8", NULL};
    const struct turn *turn = delivery->turn;
    const char *reason;
    if (!alert_compose(&delivery->text, &sender->compose,
                       turn->lane.duis_version, delivery->alert, &reason)) {
        buffer_free(&delivery->text);
        fail_to_compose(delivery, reason);
        return true;
    }
    delivery->message = (struct http_message){
        .method = "POST",
        .url = turn->lane.receive_url,
        .headers = headers,
        .body = buffer_span(&delivery->text),
    };
    if (!http_client_begin(sender->http, &delivery->message, &delivery->answer,
                           delivery)) {
        buffer_free(&delivery->text);
        return false;
    }
    delivery->turn->on_the_way++;
    crash_point(CRASH_alert_begun);
    return true;
}

static bool may_begin(const struct turn *turn) {
    return turn->begun < turn->count && !turn->failure &&
           clock_elapsed() < turn->begin_until;
}

/* The first message of the batch stands for the lane. */
static void fail_without_address(struct turn *turn) {
    judge(&turn->deliveries[turn->begun++], VERDICT_ADDRESS_FAILED,
          turn->lane.registered ? "the User has no Receive Response address"
                                : "the User is not registered");
}

void turn_begin(struct turn *turn, const struct turn_sender *sender) {
    while (may_begin(turn) && turn->on_the_way < sender->connections) {
        if (!turn->lane.receive_url || !*turn->lane.receive_url)
            fail_without_address(turn);
        else if (begin(&turn->deliveries[turn->begun], sender))
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
    judge(delivery, verdict, reason);
    end_delivery(delivery);
}

bool turn_is_over(const struct turn *turn) {
    return !turn->on_the_way && !may_begin(turn);
}

bool turn_took_all(const struct turn *turn) {
    return turn->count < turn->asked && turn->begun == turn->count;
}

/* ---- what to write ---- */

static instant lane_pause(const struct turn *turn,
                          const struct retry_policy *policy, unsigned tries,
                          instant now) {
    struct retry_policy endless = *policy;
    endless.give_up = RETRY_NEVER - now;
    instant asked =
        turn->retry_after < policy->most ? turn->retry_after : policy->most;
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

/* A lane that confirmed anything in between begins its pauses anew. */
struct queue_result turn_result(const struct turn *turn,
                                const struct retry_policy *policy, instant now,
                                instant next_lease) {
    struct queue_result result = {
        .user_id = turn->lane.user_id,
        .lease = turn->lease,
        .next_lease = next_lease,
        .give_up_before = now - policy->give_up,
    };
    sort_out(turn, policy, now, &result);
    if (!turn->begun)
        result.tries = turn->lane.tries; /* nothing was learned */
    if (!turn->failure)
        return result;
    result.tries = turn->confirmed ? 1 : turn->lane.tries + 1;
    result.paused_until = lane_pause(turn, policy, result.tries, now);
    result.error = turn->failure;
    return result;
}
