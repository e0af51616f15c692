#include "delivery/answer.h"

enum answer_result answer_result(const struct http_answer *answer) {
    if (answer->abandoned || answer->late)
        return ANSWER_NOT_TRIED;
    switch (answer->status) {
    case 401: /* Unauthorized */
    case 403: /* Forbidden */
    case 404: /* Not Found */
    case 408: /* Request Timeout */
    case 425: /* Too Early */
    case 429: /* Too Many Requests */
        return ANSWER_ADDRESS_FAILED;
    default:
        break;
    }
    switch (answer->status / 100) {
    case 2:
        return ANSWER_CONFIRMED;
    case 4:
        return ANSWER_REFUSED;
    default:
        return ANSWER_ADDRESS_FAILED;
    }
}

static void text_make_printable(char *text) {
    for (char *c = text; *c; c++)
        if (*c < ' ' || *c > '~')
            *c = ' ';
}

const char *answer_reason(struct arena *arena,
                          const struct http_answer *answer) {
    enum { MOST_SAID = 120 };
    struct span said = buffer_span(&answer->body);
    if (said.len > MOST_SAID)
        said.len = MOST_SAID;
    char *reason;
    if (!answer->status)
        reason = arena_text(arena, span_text(answer->error));
    else if (!said.len)
        reason = arena_printf(arena, "HTTP %u", answer->status);
    else
        reason = arena_printf(arena, "HTTP %u: %.*s", answer->status,
                              (int)said.len, (const char *)said.data);
    text_make_printable(reason);
    return reason;
}
