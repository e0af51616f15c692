#include "csp_gateway/post.h"

#include "base/arena.h"

#include <jansson.h>

struct http_client *csp_client(const struct config_csp *csp) {
    return http_client_new(&(struct http_client_options){
        .total_timeout = csp->timeout,
        .connect_timeout = csp->timeout < 5 * SECOND ? csp->timeout : 0,
        .most_answer = 64 * 1024,
        .most_at_once = CSP_AT_ONCE,
        .most_per_host = CSP_AT_ONCE,
        .bearer = *csp->token ? csp->token : NULL,
        .certificate = csp->certificate,
        .key = csp->key,
        .ca = csp->ca,
        .crl = csp->crl});
}

static bool contains(const unsigned *statuses, unsigned status) {
    while (*statuses && *statuses != status)
        statuses++;
    return *statuses != 0;
}

static enum csp_verdict judge(const struct http_answer *answer,
                              const unsigned *good) {
    if (contains(good, answer->status))
        return CSP_TAKEN;
    if (answer->status == 503)
        return CSP_BUSY;
    return answer->status / 100 == 4 ? CSP_REFUSED : CSP_UNANSWERED;
}

/* A text of the CSP's: whole characters of UTF-8, not too many. */
static const char *member(const json_t *object, const char *name,
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

static void explain(struct csp_answer *told, const struct http_answer *answer,
                    struct arena *arena) {
    if (!answer->status) {
        told->detail = arena_printf(arena, "no answer: %s", answer->error);
        return;
    }
    json_t *object = json_loadb((const char *)answer->body.data,
                                answer->body.len, JSON_REJECT_DUPLICATES, NULL);
    told->reason = member(object, "reasonCode", arena);
    told->detail = arena_printf(arena, "%u %s %s", answer->status, told->reason,
                                member(object, "detail", arena));
    json_decref(object);
}

static const char *url_of(const struct config_csp *csp, struct arena *arena,
                          const char *path) {
    size_t len = strlen(csp->base_url);
    while (len && csp->base_url[len - 1] == '/')
        len--;
    return arena_printf(arena, "%.*s%s", (int)len, csp->base_url, path);
}

static struct http_message message_of(const struct csp_call *call,
                                      const struct config_csp *csp,
                                      struct arena *arena) {
    const char **headers = arena_zero(arena, 3, sizeof *headers);
    headers[0] = arena_printf(arena, "Content-Type: %s", call->media_type);
    if (call->key)
        headers[1] = arena_printf(arena, "Idempotency-Key: %s", call->key);
    return (struct http_message){.method = call->method,
                                 .url = url_of(csp, arena, call->path),
                                 .headers = headers,
                                 .body = call->body};
}

void csp_post(struct http_client *client, const struct config_csp *csp,
              struct arena *arena, const struct csp_call *calls,
              struct csp_answer *answers, size_t count) {
    struct http_message messages[CSP_AT_ONCE] = {0};
    struct http_answer got[CSP_AT_ONCE];
    for (size_t i = 0; i < count; i++)
        messages[i] = message_of(&calls[i], csp, arena);
    http_client_send_many(client, messages, got, count);
    for (size_t i = 0; i < count; i++) {
        answers[i] =
            (struct csp_answer){.verdict = judge(&got[i], calls[i].good),
                                .reason = "",
                                .detail = "",
                                .retry_after = got[i].retry_after};
        if (answers[i].verdict != CSP_TAKEN)
            explain(&answers[i], &got[i], arena);
        http_answer_free(&got[i]);
    }
}
