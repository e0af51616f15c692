#include "base/value.h"

#include "base/safe_text.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/un.h>

/* ---- text ---- */

/* U+0080 to U+009F are control characters, too. */
bool value_is_text(struct span text) {
    for (size_t at = 0; at < text.len;) {
        uint32_t code;
        size_t octets =
            utf8_next(span_of(text.data + at, text.len - at), &code);
        if (!octets || code < ' ' || (code >= 0x7f && code < 0xa0))
            return false;
        at += octets;
    }
    return true;
}

static bool span_has_only(struct span text, const char *but) {
    for (size_t i = 0; i < text.len; i++)
        if (text.data[i] <= ' ' || text.data[i] > '~' ||
            strchr(but, text.data[i]))
            return false;
    return text.len > 0;
}

bool value_is_token(struct span text) {
    return span_has_only(text, "");
}

bool value_is_header(struct span text) {
    return span_has_only(text, "\"(),/:;<=>?@[\\]{}");
}

bool value_is_mailbox(const char *text) {
    const char *at = strchr(text, '@');
    return at && at != text && at[1] && !strchr(at + 1, '@') &&
           span_has_only(span_text(text), "<>()[]\\,;:\"");
}

bool value_is_one_of(struct span text, const char *words, size_t *index) {
    for (size_t i = 0; *words; i++) {
        size_t len = strcspn(words, ",");
        if (text.len == len && memcmp(text.data, words, len) == 0) {
            if (index)
                *index = i;
            return true;
        }
        words += len;
        words += strspn(words, ", ");
    }
    return false;
}

bool value_next_name(struct span *rest, struct span *name) {
    if (!rest->data)
        return false;
    const uint8_t *comma = memchr(rest->data, ',', rest->len);
    size_t len = comma ? (size_t)(comma - rest->data) : rest->len;
    *name = span_of(rest->data, len);
    *rest = comma ? span_of(comma + 1, rest->len - len - 1) : (struct span){0};
    while (name->len && *name->data == ' ')
        *name = span_of(name->data + 1, name->len - 1);
    while (name->len && name->data[name->len - 1] == ' ')
        name->len--;
    return true;
}

/* ---- numbers ---- */

static bool is_digit(int c) {
    return c >= '0' && c <= '9';
}

/* A whole number and one of `suffixes`, or none where `bare` is not 0. */
static bool read_number(const char *text, const char *suffixes,
                        const int64_t *units, int64_t bare, int64_t *number) {
    int64_t n = 0, unit = bare;
    if (!is_digit(*text))
        return false;
    for (; is_digit(*text); text++)
        if (__builtin_mul_overflow(n, 10, &n) ||
            __builtin_add_overflow(n, *text - '0', &n))
            return false;
    const char *suffix = *text ? strchr(suffixes, *text) : NULL;
    if (suffix) {
        unit = units[suffix - suffixes];
        text++;
    }
    return !*text && unit && !__builtin_mul_overflow(n, unit, number);
}

bool value_count(const char *text, int64_t *count) {
    return read_number(text, "", NULL, 1, count);
}

bool value_size(const char *text, int64_t *octets) {
    static const int64_t units[] = {1 << 10, 1 << 20, 1 << 30};
    return read_number(text, "kmg", units, 1, octets);
}

bool value_duration(const char *text, int64_t *duration) {
    static const int64_t units[] = {SECOND, MINUTE, HOUR, DAY};
    return read_number(text, "smhd", units, 0, duration);
}

/* The next part, up to 99, and the '.' before it. */
static bool next_part(struct span *text, bool first, unsigned *part) {
    size_t at = 0;
    if (!first && (text->len == 0 || text->data[at++] != '.'))
        return false;
    size_t start = at;
    *part = 0;
    while (at < text->len && at < start + 2 && is_digit(text->data[at]))
        *part = *part * 10 + (unsigned)(text->data[at++] - '0');
    *text = span_of(text->data + at, text->len - at);
    return at > start;
}

bool value_version(struct span text, size_t most, unsigned parts[static 3]) {
    size_t count = 0;
    memset(parts, 0, 3 * sizeof *parts);
    for (; count < most && (count == 0 || text.len); count++)
        if (!next_part(&text, count == 0, &parts[count]))
            return false;
    return count >= 2 && !text.len;
}

bool value_gbcs(struct span text, int32_t *number) {
    unsigned parts[3];
    if (!value_version(text, 3, parts))
        return false;
    *number = (int32_t)(parts[0] * 10000 + parts[1] * 100 + parts[2]);
    return true;
}

/* ---- hosts ---- */

static bool is_port(const char *text, size_t len, unsigned least) {
    unsigned port = 0;
    if (!len || len > 5)
        return false;
    for (size_t i = 0; i < len; i++) {
        if (!is_digit(text[i]))
            return false;
        port = port * 10 + (unsigned)(text[i] - '0');
    }
    return port >= least && port <= UINT16_MAX;
}

static bool is_letter_or_digit(char c) {
    return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_label(const char *text, size_t len) {
    if (!len || len > 63 || text[0] == '-' || text[len - 1] == '-')
        return false;
    for (size_t i = 0; i < len; i++)
        if (!is_letter_or_digit(text[i]) && text[i] != '-' && text[i] != '_')
            return false;
    return true;
}

/* A name of the DNS. What ends in a number is meant as an IPv4 address, in
 * whatever base, and is no name. */
static bool is_name(const char *text) {
    const char *last = text;
    if (strlen(text) > 253)
        return false;
    for (const char *dot; (dot = strchr(last, '.')); last = dot + 1)
        if (!is_label(last, (size_t)(dot - last)))
            return false;
    bool hex = last[0] == '0' && (last[1] | 0x20) == 'x';
    return is_label(last, strlen(last)) && !hex &&
           strspn(last, "0123456789") < strlen(last);
}

/* The host is in `text` up to `*end`, where the port or whatever follows
 * begins; `host` gets it without brackets. AF_UNSPEC for a name; -1: none. */
static int read_host(const char *text, const char **end, char *host,
                     size_t size, uint8_t octets[static 16]) {
    bool bracket = *text == '[';
    size_t len = strcspn(text, bracket ? "]" : ":/?#");
    *end = text + len + bracket;
    if ((bracket && text[len] != ']') || len - bracket >= size)
        return -1;
    memcpy(host, text + bracket, len - bracket);
    host[len - bracket] = '\0';
    if (bracket)
        return inet_pton(AF_INET6, host, octets) == 1 ? AF_INET6 : -1;
    if (inet_pton(AF_INET, host, octets) == 1)
        return AF_INET;
    return is_name(host) ? AF_UNSPEC : -1;
}

/* ---- addresses ---- */

static bool read_unix(const char *path, struct value_address *address) {
    struct sockaddr_un name;
    address->family = AF_UNIX;
    address->path = path;
    return *path == '/' && path[1] && strlen(path) < sizeof name.sun_path &&
           value_is_text(span_text(path));
}

static bool is_mapped(const uint8_t octets[static 16]) {
    struct in6_addr v6;
    memcpy(&v6, octets, sizeof v6);
    return IN6_IS_ADDR_V4MAPPED(&v6);
}

bool value_address(const char *text, struct value_address *address) {
    static const uint8_t loopback[] = {127, 0, 0, 1};
    const char *end;
    *address = (struct value_address){0};
    if (strncmp(text, "unix:", 5) == 0)
        return read_unix(text + 5, address);
    address->family = read_host(text, &end, address->host, sizeof address->host,
                                address->octets);
    if (address->family == AF_UNSPEC) {
        if (strcmp(address->host, "localhost") != 0)
            return false;
        address->family = AF_INET;
        memcpy(address->octets, loopback, sizeof loopback);
    }
    address->port = end + 1;
    return address->family >= 0 && *end == ':' &&
           is_port(end + 1, strlen(end + 1), 0) &&
           !(address->family == AF_INET6 && is_mapped(address->octets));
}

bool value_address_is_private(const struct value_address *address) {
    static const uint8_t loopback[16] = {[15] = 1};
    if (address->family == AF_INET)
        return address->octets[0] == IN_LOOPBACKNET;
    return address->family == AF_UNIX ||
           memcmp(address->octets, loopback, sizeof loopback) == 0;
}

bool value_addresses_clash(const struct value_address *a,
                           const struct value_address *b) {
    static const uint8_t any[16];
    if (a->family != b->family)
        return false;
    if (a->family == AF_UNIX)
        return strcmp(a->path, b->path) == 0;
    int64_t port, other;
    if (!value_count(a->port, &port) || !value_count(b->port, &other) ||
        port != other || !port)
        return false;
    return memcmp(a->octets, b->octets, sizeof any) == 0 ||
           memcmp(a->octets, any, sizeof any) == 0 ||
           memcmp(b->octets, any, sizeof any) == 0;
}

/* ---- URLs ---- */

/* What follows "://" in `text`, or NULL when it has none of the schemes. */
static const char *skip_scheme(const char *text, const char *schemes) {
    const char *end = strstr(text, "://");
    if (!end ||
        !value_is_one_of(span_of(text, (size_t)(end - text)), schemes, NULL))
        return NULL;
    return end + 3;
}

bool value_url(struct span text, const char *schemes, struct span *rest) {
    enum { MOST = 2048 };
    char copy[MOST], host[256];
    uint8_t octets[16];
    if (text.len >= MOST || !span_has_only(text, "\"#<>\\^`{|}"))
        return false;
    memcpy(copy, text.data, text.len);
    copy[text.len] = '\0';
    const char *at = skip_scheme(copy, schemes), *end;
    if (!at || read_host(at, &end, host, sizeof host, octets) < 0)
        return false;
    if (*end == ':') {
        size_t len = strcspn(end + 1, "/?");
        if (!is_port(end + 1, len, 1))
            return false;
        end += 1 + len;
    }
    if (*end && *end != '/' && *end != '?')
        return false;
    if (rest)
        *rest = span_of(text.data + (end - copy), strlen(end));
    return true;
}
