/*
 * libmicrohttpd takes the first Content-Length it finds and lets
 * Transfer-Encoding win over it. Where two readers may understand a request
 * differently, one of them can be fooled: such requests are refused. (What is
 * no number in Content-Length it refuses itself.)
 */
#include "http/framing.h"

#include <strings.h>

/* RFC 9110, 5.6.2: token */
static bool is_token(const char *name, size_t len) {
    static const char others[] = "!#$%&'*+-.^_`|~0123456789"
                                 "abcdefghijklmnopqrstuvwxyz"
                                 "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
    return len && strspn(name, others) == len;
}

/* RFC 9110, 5.5: above all no CR, which others take for the line's end. */
static bool is_value(const char *text, size_t len) {
    for (size_t i = 0; i < len; i++)
        if (((unsigned char)text[i] < ' ' && text[i] != '\t') ||
            text[i] == 0x7f)
            return false;
    return true;
}

/* A header that goes on in the next line (RFC 9112, 5.2: to be refused) is
 * broken by libmicrohttpd 0.9.75: the second line becomes the end of the
 * header's name, so that "Transfer-Enc: chunked" and "oding" are a
 * Transfer-Encoding. It moves the name for that; of all others, name and value
 * stand in one line as they came, with a NUL for the colon. */
static bool is_one_line(const char *name, size_t len, const char *value) {
    const char *at = name + len + 1;
    if ((uintptr_t)value < (uintptr_t)at)
        return false;
    while (at != value && (*at == ' ' || *at == '\t'))
        at++;
    return at == value;
}

static bool span_is(struct span text, const char *word) {
    return text.len == strlen(word) &&
           strncasecmp((const char *)text.data, word, text.len) == 0;
}

static uint64_t length_of(struct span digits) {
    uint64_t value = 0;
    for (size_t i = 0; i < digits.len; i++)
        if (__builtin_mul_overflow(value, 10, &value) ||
            __builtin_add_overflow(value, (uint64_t)(digits.data[i] - '0'),
                                   &value))
            return UINT64_MAX;
    return value;
}

static enum MHD_Result read_header(void *context, enum MHD_ValueKind kind,
                                   const char *key, size_t key_len,
                                   const char *text, size_t len) {
    (void)kind;
    struct framing *framing = context;
    struct span name = span_of(key, key_len), value = span_of(text, len);
    framing->octets += key_len + len + sizeof ": \r\n" - 1;
    framing->bad_names += !is_token(key, key_len);
    framing->bad_values += !is_value(text, len);
    framing->folded += !is_one_line(key, key_len, text);
    if (span_is(name, "content-length")) {
        framing->lengths++;
        framing->length = length_of(value);
    } else if (span_is(name, "transfer-encoding")) {
        framing->encodings++;
        framing->encoding = value;
    } else if (span_is(name, "content-type")) {
        framing->type = value;
    } else if (span_is(name, "content-encoding")) {
        framing->coded |= value.len && !span_is(value, "identity");
    } else if (span_is(name, "host")) {
        framing->hosts++;
    } else if (span_is(name, "expect")) {
        framing->expects_continue = span_is(value, "100-continue");
    }
    return MHD_YES;
}

bool framing_has_body(const struct framing *framing) {
    return framing->encodings || framing->length;
}

/* RFC 3986, 3.3: what else a path holds is percent-encoded. */
static bool path_is_clean(const char *path) {
    while (*path > ' ' && *path < 0x7f)
        path++;
    return !*path;
}

/* RFC 9112, 3.2.2: every server takes absolute-form, and goes by what comes
 * after the host, whichever that is. Any other target stays as it is; a host
 * that is none (RFC 9110, 4.2.4: nor is one with a user) gives NULL. */
static const char *path_of_target(const char *target) {
    static const char *const schemes[] = {"http://", "https://"};
    for (size_t i = 0; i < sizeof schemes / sizeof *schemes; i++) {
        size_t len = strlen(schemes[i]);
        if (strncasecmp(target, schemes[i], len) != 0)
            continue;
        const char *host = target + len, *path = host + strcspn(host, "/");
        if (path == host || *host == ':' ||
            memchr(host, '@', (size_t)(path - host)))
            return NULL;
        return *path ? path : "/";
    }
    return target;
}

bool framing_read(struct http_exchange *x, const char *version,
                  unsigned *status, const char **detail) {
    struct framing *f = &x->framing;
    MHD_get_connection_values_n(x->mhd, MHD_HEADER_KIND, read_header, f);
    f->octets += strlen(x->request.path);
    const char *path = path_of_target(x->request.path);
    if (path)
        x->request.path = path;
    bool old = strcmp(version, "HTTP/1.0") == 0;
    const struct {
        bool wrong;
        unsigned status;
        const char *detail;
    } rules[] = {
        {f->octets > x->listener->options.max_header, 431,
         "The headers are larger than this service takes."},
        {!path || !path_is_clean(path), 400, "The path is no path."},
        {f->bad_names, 400, "A header's name is not a token."},
        {f->bad_values, 400, "A header's value holds a control character."},
        {f->folded, 400, "A header goes on in another line."},
        {f->hosts != 1 && !old, 400, "There must be one Host."},
        {f->lengths > 1, 400, "There is more than one Content-Length."},
        {f->encodings > 1, 400, "There is more than one Transfer-Encoding."},
        {f->lengths && f->encodings, 400,
         "There are both a Content-Length and a Transfer-Encoding."},
        {f->encodings && old, 400, "HTTP/1.0 has no Transfer-Encoding."},
        {f->encodings && !span_is(f->encoding, "chunked"), 501,
         "The only Transfer-Encoding taken is chunked."},
    };
    for (size_t i = 0; i < sizeof rules / sizeof *rules; i++)
        if (rules[i].wrong) {
            *status = rules[i].status;
            *detail = rules[i].detail;
            return false;
        }
    return true;
}
