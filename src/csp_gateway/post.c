#include "csp_gateway/post.h"

#include "base/arena.h"

#include <jansson.h>

struct http_client *csp_client(const struct config_csp *csp) {
    return http_client_new(&(struct http_client_options){
        .total_timeout = csp->timeout,
        .connect_timeout = csp->timeout < 5 * SECOND ? csp->timeout : 0,
        .most_answer = 64 * 1024,
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

struct csp_answer csp_post(struct http_client *client,
                           const struct config_csp *csp, struct arena *arena,
                           const char *method, const char *path,
                           const char *media_type, const char *key,
                           struct span body, const unsigned *good) {
    const char *headers[] = {
        arena_printf(arena, "Content-Type: %s", media_type),
        key ? arena_printf(arena, "Idempotency-Key: %s", key) : NULL, NULL};
    struct http_answer answer;
    http_client_send(client,
                     &(struct http_message){.method = method,
                                            .url = url_of(csp, arena, path),
                                            .headers = headers,
                                            .body = body},
                     &answer);
    struct csp_answer told = {.verdict = judge(&answer, good),
                              .reason = "",
                              .detail = "",
                              .retry_after = answer.retry_after};
    if (told.verdict != CSP_TAKEN)
        explain(&told, &answer, arena);
    http_answer_free(&answer);
    return told;
}
