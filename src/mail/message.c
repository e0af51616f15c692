#include "mail/message.h"

#include "base/base64.h"

#include <inttypes.h>
#include <time.h>

/* "Sat, 21 Nov 2026 09:15:00 +0000", in English wherever fotad runs. */
static void add_date(struct buffer *out, instant when) {
    static const char days[] = "SunMonTueWedThuFriSat";
    static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    time_t seconds = when / SECOND;
    struct tm t;
    gmtime_r(&seconds, &t);
    buffer_printf(out, "Date: %.3s, %02d %.3s %d %02d:%02d:%02d +0000\r\n",
                  days + 3 * t.tm_wday, t.tm_mday, months + 3 * t.tm_mon,
                  t.tm_year + 1900, t.tm_hour, t.tm_min, t.tm_sec);
}

static bool is_plain(const char *text) {
    for (; *text; text++)
        if (*text < ' ' || *text > '~')
            return false;
    return true;
}

/* Octets of the text that fit into an encoded word (RFC 2047 section 2), and
 * with "Subject: " into a line, without breaking a character of UTF-8. */
static size_t word_len(const char *text) {
    enum { MOST = 42 };
    size_t len = strnlen(text, MOST + 1);
    if (len <= MOST)
        return len;
    len = MOST;
    while (len > 1 && ((unsigned char)text[len] & 0xC0) == 0x80)
        len--;
    return len;
}

static void add_encoded_words(struct buffer *out, const char *text) {
    while (*text) {
        size_t len = word_len(text);
        uint8_t octets[64];
        for (size_t i = 0; i < len; i++) {
            uint8_t c = (uint8_t)text[i];
            octets[i] = c < ' ' || c == 0x7F ? ' ' : c;
        }
        buffer_text(out, "=?UTF-8?B?");
        base64_add(out, span_of(octets, len));
        text += len;
        buffer_text(out, *text ? "?=\r\n " : "?=");
    }
}

/* A line has at most 998 characters; 78 are wanted (RFC 5322 section 2.1.1). */
static void add_subject(struct buffer *out, const char *subject) {
    buffer_text(out, "Subject: ");
    if (is_plain(subject) && strlen(subject) <= 900)
        buffer_text(out, subject);
    else
        add_encoded_words(out, subject);
    buffer_text(out, "\r\n");
}

/* Lines of text end with CRLF before they are encoded (RFC 2046 4.1.1). */
static void add_body(struct buffer *out, const char *body) {
    enum { LINE = 57 }; /* octets: 76 characters of base64 */
    struct buffer text = {0};
    for (; *body; body++)
        if (*body == '\n')
            buffer_text(&text, "\r\n");
        else if (*body != '\r')
            buffer_add(&text, span_of(body, 1));
    buffer_text(&text, "\r\n");
    for (size_t at = 0; at < text.len; at += LINE) {
        size_t len = text.len - at < LINE ? text.len - at : LINE;
        base64_add(out, span_of(text.data + at, len));
        buffer_text(out, "\r\n");
    }
    buffer_free(&text);
}

void mail_compose(const struct mail_message *m, struct buffer *out) {
    const char *domain = strchr(m->from, '@');
    add_date(out, m->made);
    buffer_printf(out, "From: <%s>\r\nTo: <%s>\r\n", m->from, m->to);
    buffer_printf(out, "Message-ID: <notice.%" PRId64 ".%" PRId64 "%s>\r\n",
                  m->notice_no, m->made, domain ? domain : "@localhost");
    add_subject(out, m->subject);
    buffer_text(out, "Auto-Submitted: auto-generated\r\n"
                     "MIME-Version: 1.0\r\n"
                     "Content-Type: text/plain; charset=utf-8\r\n"
                     "Content-Transfer-Encoding: base64\r\n\r\n");
    add_body(out, m->body);
}
