#include "duis/issuer.h"

#include "base/buffer.h"
#include "base/hex.h"
#include "base/safe_text.h"
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

/* Names of attribute types that others write and OpenSSL does not know: those
 * of .NET and Windows (E, S, G, I, T), of Java, and the long ones. */
static const char *const ALIASES[][2] = {
    {"E", "emailAddress"},
    {"EMAIL", "emailAddress"},
    {"S", "ST"},
    {"G", "GN"},
    {"GIVENNAME", "GN"},
    {"I", "initials"},
    {"T", "title"},
    {"SURNAME", "SN"},
    {"DNQ", "dnQualifier"},
    {"GENERATION", "generationQualifier"},
    {"STREETADDRESS", "street"},
    {"COMMONNAME", "CN"},
    {"COUNTRYNAME", "C"},
    {"LOCALITYNAME", "L"},
    {"STATEORPROVINCENAME", "ST"},
    {"ORGANIZATIONNAME", "O"},
    {"DOMAINCOMPONENT", "DC"},
    {"ORGANIZATIONALUNITNAME", "OU"},
    {"USERID", "UID"},
};

static const char *type_known(const char *type) {
    for (size_t i = 0; i < sizeof ALIASES / sizeof *ALIASES; i++)
        if (strcmp(type, ALIASES[i][0]) == 0)
            return ALIASES[i][1];
    int nid = OBJ_txt2nid(type);
    return nid == NID_undef ? type : OBJ_nid2sn(nid);
}

/* "CN" for cn, 2.5.4.3 and OID.2.5.4.3; a type that OpenSSL does not know
 * stays as it is, in upper case. */
static void add_type(struct buffer *out, struct span type) {
    char text[MOST_TYPE + 1] = "";
    for (size_t i = 0; i < type.len; i++)
        text[i] = (char)toupper(type.data[i]);
    text[type.len] = '\0';
    bool is_oid = strncmp(text, "OID.", 4) == 0;
    for (const char *c = type_known(text + (is_oid ? 4 : 0)); *c; c++)
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

/* What is no text, as RFC 2253 writes it: '#' and its DER. */
static void add_der(struct buffer *out, struct span der) {
    add_octet(out, '#');
    for (size_t i = 0; i < der.len; i++)
        buffer_printf(out, "%02X", der.data[i]);
}

/* A value as text, whatever kind of string it is; false when it is none. */
static bool add_string(struct buffer *out, const ASN1_STRING *string) {
    const unsigned long texts = B_ASN1_DIRECTORYSTRING | B_ASN1_IA5STRING |
                                B_ASN1_NUMERICSTRING | B_ASN1_ISO64STRING;
    if (!(ASN1_tag2bit(ASN1_STRING_type(string)) & texts))
        return false;
    unsigned char *value = NULL;
    int octets = ASN1_STRING_to_UTF8(&value, string);
    if (octets >= 0)
        add_value(out, span_of(value, (size_t)octets));
    OPENSSL_free(value);
    return octets >= 0;
}

static bool is_utf8(const struct buffer *text) {
    for (size_t at = 0; at < text->len;) {
        uint32_t c;
        size_t len = utf8_next(span_of(text->data + at, text->len - at), &c);
        if (!len || !c)
            return false;
        at += len;
    }
    return true;
}

static const char *name_finish(struct arena *arena, struct buffer *name,
                               bool good) {
    good = good && name->len && is_utf8(name);
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
    add_type(out, span_text(type));
    add_octet(out, '=');
    ASN1_STRING *value = X509_NAME_ENTRY_get_data(entry);
    if (add_string(out, value))
        return true;
    const ASN1_TYPE any = {.type = ASN1_STRING_type(value),
                           .value.asn1_string = value};
    unsigned char *der = NULL;
    len = i2d_ASN1_TYPE(&any, &der);
    if (len > 0)
        add_der(out, span_of(der, (size_t)len));
    OPENSSL_free(der);
    return len > 0;
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

/* After a '#': hexadecimal digits of the value's DER. */
static bool read_der(struct reader *in, struct buffer *out) {
    const uint8_t *start = in->at;
    while (in->at < in->end && hex_digit(*in->at) >= 0)
        in->at++;
    uint8_t der[MOST_NAME / 2];
    ptrdiff_t len =
        hex_parse(span_of(start, (size_t)(in->at - start)), der, sizeof der);
    const unsigned char *end = der;
    ASN1_TYPE *any = len > 0 ? d2i_ASN1_TYPE(NULL, &end, len) : NULL;
    bool good = any && end == der + len;
    if (good &&
        !(ASN1_tag2bit(any->type) && add_string(out, any->value.asn1_string)))
        add_der(out, span_of(der, (size_t)len));
    ASN1_TYPE_free(any);
    skip_space(in);
    return good && (in->at == in->end || ends_value(in, false));
}

static bool read_value(struct reader *in, struct buffer *out) {
    skip_space(in);
    if (in->at < in->end && *in->at == '#') {
        in->at++;
        return read_der(in, out);
    }
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

static bool is_separator(const char *name, size_t at) {
    size_t escapes = 0;
    while (escapes < at && name[at - escapes - 1] == '\\')
        escapes++;
    return (name[at] == ',' || name[at] == '+') && escapes % 2 == 0;
}

const char *certificate_issuer_reverse(struct arena *arena, const char *name) {
    size_t end = strlen(name);
    char *reversed = arena_alloc(arena, end + 1), *out = reversed;
    for (size_t at = end; at-- > 0;) {
        bool first = at == 0;
        if (!first && !is_separator(name, at))
            continue;
        size_t start = first ? 0 : at + 1;
        memcpy(out, name + start, end - start);
        out += end - start;
        if (!first)
            *out++ = name[at];
        end = at;
    }
    *out = '\0';
    return reversed;
}
