#include "duis/issuer.h"

#include "base/buffer.h"
#include "base/hex.h"
#include "duis/certificate.h"

#include <openssl/objects.h>
#include <openssl/x509.h>

#include <ctype.h>

enum { MOST_TYPE = 63, MOST_NAME = 4096 };

static bool is_space(int c) {
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static void add_octet(struct buffer *out, uint8_t c) {
    buffer_add(out, span_of(&c, 1));
}

/* "CN" for cn, 2.5.4.3 and OID.2.5.4.3; a type that OpenSSL does not know
 * stays as it is, in upper case. */
static void add_type(struct buffer *out, struct span type) {
    char text[MOST_TYPE + 1] = "";
    for (size_t i = 0; i < type.len; i++)
        text[i] = (char)toupper(type.data[i]);
    text[type.len] = '\0';
    const char *known = strncmp(text, "OID.", 4) == 0 ? text + 4 : text;
    int nid = OBJ_txt2nid(known);
    for (const char *c = nid == NID_undef ? known : OBJ_nid2sn(nid); *c; c++)
        add_octet(out, (uint8_t)toupper((unsigned char)*c));
}

/* Runs of white space become one space, none at the ends; what RFC 2253 wants
 * escaped is. */
static void add_value(struct buffer *out, struct span value) {
    bool space = false, first = true;
    for (size_t i = 0; i < value.len; i++) {
        uint8_t c = value.data[i];
        if (is_space(c)) {
            space = !first;
            continue;
        }
        if (space)
            add_octet(out, ' ');
        if (strchr(",+\"\\<>;=", c) || (first && c == '#'))
            add_octet(out, '\\');
        add_octet(out, c);
        space = first = false;
    }
}

static const char *name_finish(struct arena *arena, struct buffer *name,
                               bool good) {
    good = good && name->len && !memchr(name->data, 0, name->len);
    const char *text = good ? arena_text(arena, buffer_span(name)) : NULL;
    buffer_free(name);
    return text;
}

static bool add_entry(struct buffer *out, const X509_NAME_ENTRY *entry) {
    const ASN1_OBJECT *object = X509_NAME_ENTRY_get_object(entry);
    char type[MOST_TYPE + 1];
    int len = OBJ_obj2txt(type, sizeof type, object, 1);
    if (len <= 0 || len > MOST_TYPE)
        return false;
    unsigned char *value = NULL;
    int octets = ASN1_STRING_to_UTF8(&value, X509_NAME_ENTRY_get_data(entry));
    if (octets < 0)
        return false;
    add_type(out, span_text(type));
    add_octet(out, '=');
    add_value(out, span_of(value, (size_t)octets));
    OPENSSL_free(value);
    return true;
}

const char *issuer_of_name(struct arena *arena, const X509_NAME *name) {
    struct buffer out = {0};
    bool good = true;
    int set = -1;
    for (int i = X509_NAME_entry_count(name); i-- > 0 && good;) {
        const X509_NAME_ENTRY *entry = X509_NAME_get_entry(name, i);
        if (out.len)
            add_octet(&out, X509_NAME_ENTRY_set(entry) == set ? '+' : ',');
        set = X509_NAME_ENTRY_set(entry);
        good = add_entry(&out, entry);
    }
    return name_finish(arena, &out, good);
}

/* A name as text that is being read. */
struct reader {
    const uint8_t *at, *end;
    struct buffer value; /* the value being read, escapes undone */
};

static void skip_space(struct reader *in) {
    while (in->at < in->end && is_space(*in->at))
        in->at++;
}

static bool read_type(struct reader *in, struct buffer *out) {
    skip_space(in);
    const uint8_t *start = in->at;
    while (in->at < in->end &&
           (isalnum(*in->at) || *in->at == '.' || *in->at == '-'))
        in->at++;
    struct span type = span_of(start, (size_t)(in->at - start));
    skip_space(in);
    if (type.len == 0 || type.len > MOST_TYPE || in->at == in->end ||
        *in->at != '=')
        return false;
    in->at++;
    add_type(out, type);
    add_octet(out, '=');
    return true;
}

/* After a backslash: two hexadecimal digits or one character. */
static bool read_escape(struct reader *in) {
    if (in->at == in->end)
        return false;
    int high = hex_digit(in->at[0]);
    int low = high >= 0 && in->end - in->at > 1 ? hex_digit(in->at[1]) : -1;
    unsigned octet = low >= 0 ? (unsigned)(high << 4 | low) : *in->at;
    add_octet(&in->value, (uint8_t)(octet & 0xff));
    in->at += low >= 0 ? 2 : 1;
    return true;
}

static bool ends_value(const struct reader *in, bool quoted) {
    return quoted ? *in->at == '"' : strchr(",;+", *in->at) != NULL;
}

static bool read_value(struct reader *in, struct buffer *out) {
    skip_space(in);
    bool quoted = in->at < in->end && *in->at == '"';
    if (quoted)
        in->at++;
    in->value.len = 0;
    while (in->at < in->end && !ends_value(in, quoted)) {
        uint8_t c = *in->at++;
        if (c == '\\' && !read_escape(in))
            return false;
        if (c != '\\')
            add_octet(&in->value, c);
    }
    if (quoted) {
        if (in->at == in->end)
            return false;
        in->at++;
    }
    skip_space(in);
    add_value(out, buffer_span(&in->value));
    return in->at == in->end || ends_value(in, false);
}

const char *certificate_issuer_normalise(struct arena *arena,
                                         struct span name) {
    if (name.len > MOST_NAME || (name.len && memchr(name.data, 0, name.len)))
        return NULL;
    struct reader in = {.at = name.data, .end = name.data + name.len};
    struct buffer out = {0};
    bool good = read_type(&in, &out) && read_value(&in, &out);
    while (good && in.at < in.end) {
        add_octet(&out, *in.at++ == '+' ? '+' : ',');
        good = read_type(&in, &out) && read_value(&in, &out);
    }
    buffer_free(&in.value);
    return name_finish(arena, &out, good);
}
