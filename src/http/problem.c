#include "http/handler.h"

#include "base/log.h"
#include "base/safe_text.h"

#include <microhttpd.h>
#include <stdlib.h>
#include <string.h>

void http_add_header(struct http_response *response, const char *name,
                     const char *value) {
    if (response->header_count == HTTP_MOST_HEADERS || strpbrk(name, "\r\n:") ||
        strpbrk(value, "\r\n")) {
        log_error("http.header", "cannot answer with header %s", name);
        abort();
    }
    struct arena *arena = response->arena;
    size_t at = response->header_count++;
    response->headers[at].name = arena_text(arena, span_text(name));
    response->headers[at].value = arena_text(arena, span_text(value));
}

void http_take_body(struct http_response *response, struct buffer *body) {
    arena_adopt(response->arena, body->data, free);
    response->body = buffer_span(body);
    *body = (struct buffer){0};
}

/* ---- JSON text (RFC 8259, 7) ---- */

static void add_json_text(struct buffer *out, const char *text) {
    const unsigned char *at = (const unsigned char *)text;
    buffer_text(out, "\"");
    while (*at) {
        uint32_t code;
        size_t len = utf8_next(span_text((const char *)at), &code);
        if (len == 0)
            buffer_text(out, "\xef\xbf\xbd"); /* U+FFFD */
        else if (*at == '"' || *at == '\\')
            buffer_printf(out, "\\%c", *at);
        else if (*at < ' ')
            buffer_printf(out, "\\u%04x", *at);
        else
            buffer_add(out, span_of(at, len));
        at += len ? len : 1;
    }
    buffer_text(out, "\"");
}

/* ---- problems ---- */

static void set_problem(struct http_response *response, unsigned status,
                        unsigned line, unsigned column, const char *detail) {
    struct buffer body = {0};
    buffer_text(&body, "{\"type\":\"about:blank\",\"title\":");
    add_json_text(&body, MHD_get_reason_phrase_for(status));
    buffer_printf(&body, ",\"status\":%u,\"detail\":", status);
    add_json_text(&body, detail);
    if (line)
        buffer_printf(&body, ",\"line\":%u", line);
    if (line && column)
        buffer_printf(&body, ",\"column\":%u", column);
    buffer_text(&body, "}\n");
    response->status = status;
    response->content_type = "application/problem+json";
    response->stream.next = NULL;
    http_take_body(response, &body);
}

void http_problem(struct http_response *response, unsigned status,
                  const char *detail, ...) {
    va_list args;
    va_start(args, detail);
    const char *text = arena_vprintf(response->arena, detail, args);
    va_end(args);
    set_problem(response, status, 0, 0, text);
}

void http_problem_at(struct http_response *response, unsigned status,
                     unsigned line, unsigned column, const char *detail, ...) {
    va_list args;
    va_start(args, detail);
    const char *text = arena_vprintf(response->arena, detail, args);
    va_end(args);
    set_problem(response, status, line, column, text);
}
