#include "delivery/turn.h"

#include "base/crash.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/metrics.h"
#include "delivery/next_try.h"

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

static void inflight_count(const struct inflight *inflight) {
    static const char *const results[] = {
        [ANSWER_NOT_TRIED] = "not_tried",
        [ANSWER_CONFIRMED] = "confirmed",
        [ANSWER_REFUSED] = "refused",
        [ANSWER_ADDRESS_FAILED] = "failed",
    };
    metric_add(
        metric_of(&families[MESSAGES],
                  inflight->alert->mismatch ? "N999" : inflight->alert->code,
                  results[inflight->result], NULL),
        1);
    if (inflight->answer.took)
        metric_observe(metric_of(&families[TIMES], NULL, NULL, NULL),
                       inflight->answer.took);
}

/* ---- beginning and end ---- */

struct turn *turn_new(struct lane *lane) {
    struct turn *turn = memory_alloc(sizeof *turn);
    *turn = (struct turn){.lane = lane, .arena = arena_new()};
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

void turn_free(struct turn *turn) {
    arena_free(turn->arena);
    free(turn);
}

static int compare_numbers(const void *left, const void *right) {
    int64_t a = *(const int64_t *)left, b = *(const int64_t *)right;
    return (a > b) - (a < b);
}

/* The messages of the lane's other turns, in order. */
static size_t turn_others(const struct turn *turn, int64_t **alert_nos) {
    size_t count = 0, most = 0;
    for (const struct turn *t = turn->lane->turns; t; t = t->beside)
        most += t->count;
    *alert_nos = arena_zero(turn->arena, most, sizeof **alert_nos);
    for (const struct turn *t = turn->lane->turns; t; t = t->beside)
        for (size_t i = 0; i < t->count; i++)
            (*alert_nos)[count++] = t->batch[i].alert->alert_no;
    qsort(*alert_nos, count, sizeof **alert_nos, compare_numbers);
    return count;
}

static enum outcome batch_read(struct turn *turn, struct db *db, instant now) {
    int64_t *others;
    size_t other_count = turn_others(turn, &others), count;
    struct alert *alerts;
    enum outcome outcome =
        queue_next(db, turn->arena, turn->lane->row.user_id, others,
                   other_count, now, (unsigned)turn->asked, &alerts, &count);
    if (outcome != DONE)
        return outcome;
    turn->count = count;
    turn->batch = arena_zero(turn->arena, count, sizeof *turn->batch);
    for (size_t i = 0; i < count; i++) {
        turn->batch[i].turn = turn;
        turn->batch[i].alert = &alerts[i];
    }
    return DONE;
}

enum outcome turn_load(struct turn *turn, struct db *db, instant now,
                       unsigned most) {
    struct lane *lane = turn->lane;
    enum outcome outcome = DONE;
    arena_reset(turn->arena);
    turn->begun = turn->confirmed = 0;
    turn->failure = NULL;
    turn->retry_after = 0;
    pthread_mutex_lock(&lane->lock);
    turn->begin_until = lane->begin_until;
    turn->asked = lane->row.tries ? 1 : most;
    if (atomic_load(&lane->stopped) || clock_since_boot() >= lane->begin_until)
        turn->asked = 0;
    else
        outcome = batch_read(turn, db, now);
    atomic_store(&lane->more, turn->count > 1 && turn->count == turn->asked);
    pthread_mutex_unlock(&lane->lock);
    return outcome;
}

/* ---- sending ---- */

static void address_failed(struct turn *turn, const char *reason,
                           instant retry_after) {
    atomic_store(&turn->lane->stopped, true);
    if (!turn->failure)
        turn->failure = reason;
    if (turn->retry_after < retry_after)
        turn->retry_after = retry_after;
}

static void inflight_ends(struct inflight *inflight, enum answer_result result,
                          const char *reason) {
    struct turn *turn = inflight->turn;
    inflight->result = result;
    inflight->reason = reason;
    if (result == ANSWER_CONFIRMED)
        turn->confirmed++;
    turn->abandoned |= result == ANSWER_NOT_TRIED;
    if (result == ANSWER_ADDRESS_FAILED)
        address_failed(turn, reason, inflight->answer.retry_after);
    inflight_count(inflight);
}

/* Our own fault: it keeps its place like one that the User refused, so that a
 * release that can say it finds it. */
static void inflight_not_composed(struct inflight *inflight,
                                  const char *reason) {
    log_error("delivery.not_composed",
              "alert_no=%jd code=%s : %s; look at its row in the table alert",
              (intmax_t)inflight->alert->alert_no, inflight->alert->code,
              reason);
    inflight_ends(inflight, ANSWER_REFUSED, reason);
}

/* Nothing of it is on the way, and its connection is another's. */
static void inflight_drop(struct inflight *inflight) {
    buffer_free(&inflight->text);
    lane_give_back(inflight->turn->lane);
}

/* Over a connection that was taken for it. False: the client has no room for
 * it now. */
static bool inflight_begin(struct inflight *inflight,
                           const struct turn_sender *sender) {
    static const char *const headers[] = {
        "Content-Type: application/xml; charset=utf-8", NULL};
    const struct queue_lane *lane = &inflight->turn->lane->row;
    const char *reason;
    if (!alert_compose(&inflight->text, &sender->compose, inflight->alert,
                       &reason)) {
        inflight_drop(inflight);
        inflight_not_composed(inflight, reason);
        return true;
    }
    inflight->message = (struct http_message){
        .method = "POST",
        .url = lane->receive_url,
        .headers = headers,
        .body = buffer_span(&inflight->text),
        .begin_until = inflight->turn->begin_until,
    };
    if (!http_client_begin(sender->http, &inflight->message, &inflight->answer,
                           inflight)) {
        inflight_drop(inflight);
        return false;
    }
    inflight->turn->on_the_way++;
    crash_point(CRASH_alert_begun);
    return true;
}

static bool turn_may_begin(const struct turn *turn) {
    return turn->begun < turn->count && !atomic_load(&turn->lane->stopped) &&
           clock_since_boot() < turn->begin_until;
}

/* The first message of the batch stands for the lane. */
static void turn_has_no_address(struct turn *turn) {
    inflight_ends(&turn->batch[turn->begun++], ANSWER_ADDRESS_FAILED,
                  turn->lane->row.registered
                      ? "the User has no Receive Response address"
                      : "the User is not registered");
}

void turn_begin(struct turn *turn, const struct turn_sender *sender) {
    while (turn_may_begin(turn)) {
        if (!*turn->lane->row.receive_url)
            turn_has_no_address(turn);
        else if (lane_take_connection(turn->lane, sender->connections,
                                      turn->on_the_way) &&
                 inflight_begin(&turn->batch[turn->begun], sender))
            turn->begun++;
        else
            return;
    }
}

void turn_end(struct inflight *inflight) {
    struct turn *turn = inflight->turn;
    enum answer_result result = answer_result(&inflight->answer);
    const char *reason = NULL;
    if (result != ANSWER_CONFIRMED)
        reason = answer_reason(turn->arena, &inflight->answer);
    turn->on_the_way--;
    inflight_drop(inflight);
    inflight_ends(inflight, result, reason);
    http_answer_free(&inflight->answer);
}

bool turn_is_over(const struct turn *turn) {
    return !turn->on_the_way && !turn_may_begin(turn);
}

bool turn_waits(const struct turn *turn) {
    return !turn->on_the_way && turn_may_begin(turn);
}

bool turn_took_all(const struct turn *turn) {
    return turn->count < turn->asked && turn->begun == turn->count;
}

/* ---- what to write ---- */

static void result_add_failed(struct queue_result *result,
                              struct queue_failed *failed,
                              const struct inflight *inflight,
                              const struct retry_policy *policy, instant now) {
    failed[result->failed_count++] = (struct queue_failed){
        .alert_no = inflight->alert->alert_no,
        .next_try = next_try_of_alert(inflight->alert, policy, now),
        .error = inflight->reason,
    };
}

static void result_add_batch(struct queue_result *result,
                             const struct turn *turn,
                             const struct retry_policy *policy, instant now) {
    size_t most = turn->begun;
    int64_t *delivered = arena_zero(turn->arena, most, sizeof *delivered);
    int64_t *mismatch = arena_zero(turn->arena, most, sizeof *mismatch);
    struct queue_failed *failed = arena_zero(turn->arena, most, sizeof *failed);
    result->delivered = delivered;
    result->mismatch = mismatch;
    result->failed = failed;
    for (size_t i = 0; i < turn->begun; i++) {
        const struct inflight *inflight = &turn->batch[i];
        if (inflight->result == ANSWER_CONFIRMED) {
            delivered[result->delivered_count++] = inflight->alert->alert_no;
            if (inflight->alert->mismatch)
                mismatch[result->mismatch_count++] = inflight->alert->alert_no;
        } else if (inflight->result != ANSWER_NOT_TRIED)
            result_add_failed(result, failed, inflight, policy, now);
    }
}

/* What the turn learned of the address. */
static void lane_learn(const struct turn *turn) {
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
                                instant leased_until) {
    lane_learn(turn);
    const struct lane *lane = turn->lane;
    struct queue_result result = {
        .user_id = lane->row.user_id,
        .lease = lane->lease,
        .leased_until = leased_until,
        .give_up_before = now - policy->give_up,
    };
    result_add_batch(&result, turn, policy, now);
    if (!turn->begun || lane->failure || turn->abandoned)
        result.tries = lane->row.tries; /* nothing was learned, or more is */
    if (!lane->failure || leased_until)
        return result;
    result.tries = lane->confirmed ? 1 : lane->row.tries + 1;
    result.paused_until = next_try_of_lane((unsigned)result.tries,
                                           lane->retry_after, policy, now);
    result.error = lane->failure;
    return result;
}

void turn_settled(struct turn *turn, const struct queue_result *result,
                  const struct queue_settled *settled, instant begin_until) {
    struct lane *lane = turn->lane;
    lane->lease = settled->lease;
    lane->begin_until = begin_until;
    lane->row.tries = result->tries;
    turn->count = turn->begun = 0;
}
