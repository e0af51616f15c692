#include "csp_gateway/post.h"

#include "base/backoff.h"
#include "base/json.h"
#include "csp_gateway/denied.h"
#include "csp_gateway/lease.h"

#include <jansson.h>

struct http_client *csp_client(const struct csp_work *work,
                               const struct config *config,
                               const struct config_csp *csp) {
    unsigned most = work->most(config);
    return http_client_new(&(struct http_client_options){
        .total_timeout = csp->timeout,
        .connect_timeout = csp->timeout < 5 * SECOND ? csp->timeout : 0,
        .most_answer = work->most_answer,
        .most_at_once = most,
        .most_per_host = most,
        .bearer = *csp->token ? csp->token : NULL,
        .certificate = csp->certificate,
        .key = csp->key,
        .ca = csp->ca,
        .crl = csp->crl});
}

/* ---- the post ---- */

static const char *post_url(const struct config_csp *csp, struct arena *arena,
                            const char *path) {
    size_t len = strlen(csp->base_url);
    while (len && csp->base_url[len - 1] == '/')
        len--;
    return arena_printf(arena, "%.*s%s", (int)len, csp->base_url, path);
}

/* So that it ends within the lease, and has in it what is so. */
static instant post_begin_until(const struct csp_round *round) {
    const struct config_csp *csp = round->csp;
    instant lease = round->lease_begun + csp_lease(csp) - csp->timeout;
    instant fresh = round->read + CSP_FRESH;
    return lease < fresh ? lease : fresh;
}

static struct http_message post_message(const struct csp_round *round,
                                        const struct csp_post *post) {
    struct arena *arena = round->arena;
    const char **headers = arena_zero(arena, 3, sizeof *headers);
    size_t count = 0;
    if (post->media_type)
        headers[count++] =
            arena_printf(arena, "Content-Type: %s", post->media_type);
    if (post->key)
        headers[count++] =
            arena_printf(arena, "Idempotency-Key: %s", post->key);
    return (struct http_message){.method = post->method,
                                 .url = post_url(round->csp, arena, post->path),
                                 .headers = headers,
                                 .body = post->body,
                                 .begin_until = post_begin_until(round)};
}

/* ---- its answer ---- */

/* A text of the CSP's: whole characters of UTF-8, not too many. */
static const char *answer_text(const json_t *object, const char *name,
                               struct arena *arena) {
    enum { MOST = 200 };
    const json_t *value = json_object_get(object, name);
    const char *text = json_string_value(value);
    if (!text)
        return "";
    size_t len = json_string_length(value);
    if (len > MOST)
        for (len = MOST; len && (text[len] & 0xC0) == 0x80;)
            len--;
    return arena_text(arena, span_of(text, len));
}

static void answer_explain(const struct http_answer *answer,
                           struct arena *arena, struct csp_item *item) {
    item->reason = "";
    if (!answer->status) {
        item->detail = arena_printf(arena, "no answer: %s", answer->error);
        return;
    }
    json_t *object =
        json_read(buffer_span(&answer->body), JSON_REJECT_DUPLICATES, NULL);
    item->reason = answer_text(object, "reasonCode", arena);
    const char *detail = answer_text(object, "detail", arena);
    item->detail = arena_printf(arena, "%u%s%s%s%s", answer->status,
                                *item->reason ? " " : "", item->reason,
                                *detail ? " " : "", detail);
    json_decref(object);
}

/* Retry-After may put a try of the long retry off, but the immediate one takes
 * place. */
static instant answer_next_try(const struct csp_round *round,
                               const struct csp_item *item,
                               instant retry_after) {
    const struct config_csp *csp = round->csp;
    const struct retry_policy policy = {
        .immediate = 1,
        .first = csp->busy_retry,
        .most = csp_longest_pause(csp),
        .give_up = retry_patience(round->work->give_up(round->config, csp))};
    instant now = clock_now(), end = item->began + policy.give_up;
    instant next =
        retry_at(&policy, (unsigned)item->tries + 1, item->began, now);
    if (next == RETRY_NEVER || next <= now)
        return next;
    instant asked = now + retry_after < end ? now + retry_after : end;
    return asked > next ? asked : next;
}

static bool answer_is_good(const struct http_answer *answer,
                           const struct csp_post *post, struct arena *arena,
                           struct csp_item *item) {
    const unsigned *good = post->good;
    while (*good && *good != answer->status)
        good++;
    if (*good && post->read)
        item->said = post->read(answer, arena);
    return *good && (!post->read || item->said);
}

/* "Busy" and what is wrong with a request say that nothing was taken; anything
 * else may come from something before the CSP. */
static bool answer_denies(const struct http_answer *answer) {
    return answer->status == 503 || answer->status / 100 == 4;
}

/* Anything else may be about what was posted. */
static bool answer_is_busy(const struct http_answer *answer) {
    return !answer->status || answer->status == 503 || answer->status == 429;
}

void csp_item_late(struct csp_item *item) {
    item->end = CSP_LATE;
    item->next_try = INT64_MIN;
    item->detail = "too little of its lease was left; it is leased anew";
}

static void answer_judge(const struct csp_round *round,
                         const struct http_answer *answer,
                         const struct csp_post *post, struct csp_item *item) {
    item->next_try = RETRY_NEVER;
    item->end = CSP_TAKEN;
    if (answer_is_good(answer, post, round->arena, item))
        return;
    if (answer->late) {
        csp_item_late(item);
        return;
    }
    if (answer->abandoned) {
        item->end = CSP_LEFT;
        item->detail = answer->error;
        return;
    }
    answer_explain(answer, round->arena, item);
    item->end = CSP_REFUSED;
    if (answer->status / 100 == 4 && *item->reason && !round->work->asks_on)
        return;
    item->next_try = answer_next_try(round, item, answer->retry_after);
    item->end = item->next_try == RETRY_NEVER ? CSP_GIVEN_UP : CSP_AGAIN;
    item->busy = answer_is_busy(answer);
    item->retry_after = answer->retry_after;
}

void csp_post(const struct csp_round *round, const struct csp_post *posts,
              struct csp_item *items, size_t count) {
    struct arena *arena = round->arena;
    struct http_message *messages = arena_zero(arena, count, sizeof *messages);
    struct http_answer *answers = arena_zero(arena, count, sizeof *answers);
    for (size_t i = 0; i < count; i++)
        messages[i] = post_message(round, &posts[i]);
    unsigned status = 0; /* the last one */
    http_client_send_many(round->client, messages, answers, count);
    task_goes_on(round->task); /* the image and the job are a call each */
    for (size_t i = 0; i < count; i++) {
        answer_judge(round, &answers[i], &posts[i], &items[i]);
        if (posts[i].key && answers[i].begun && !answer_denies(&answers[i]))
            items[i].heard = 1;
        if (answers[i].status)
            status = answers[i].status;
        http_answer_free(&answers[i]);
    }
    if (status)
        csp_answered(round->config, round->csp, round->work->kind, status);
}
