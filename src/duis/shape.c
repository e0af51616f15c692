#include "duis/shape.h"

#include "base/base64.h"
#include "duis/tree.h"
#include "duis/xmldsig.h"

#include <libxml/c14n.h>

/* What may stand in an element beside white space and comments: elements of
 * the table; nothing; one run of text and no comments; or anything, which
 * nobody looks at. */
enum content { ELEMENTS, NOTHING, VALUE, ANYTHING };

/* An attribute, without a namespace. `value` NULL: any, and it may be absent.
 */
struct attribute_rule {
    const char *name, *value;
    bool common; /* not in the strict shape */
};

/* An element and how often it stands in a signature, by enum duis_shape. */
static const struct rule {
    const char *parent, *name;
    enum content content;
    unsigned least, most[2];
    /* several of one name are its choices */
    struct attribute_rule attributes[3];
} RULES[] = {
#define ONCE                                                                   \
    1, {                                                                       \
        1, 1                                                                   \
    }
#define COMMON(most)                                                           \
    0, {                                                                       \
        (most), 0                                                              \
    }
#define ID                                                                     \
    { "Id", NULL, true }
    {"", "Signature", ELEMENTS, ONCE, {ID}},
    {"Signature", "SignedInfo", ELEMENTS, ONCE, {ID}},
    {"SignedInfo",
     "CanonicalizationMethod",
     NOTHING,
     ONCE,
     {{"Algorithm", XMLDSIG_EXCLUSIVE_C14N, false},
      {"Algorithm", XMLDSIG_C14N, true},
      {"Algorithm", XMLDSIG_C14N_11, true}}},
    {"SignedInfo",
     "SignatureMethod",
     NOTHING,
     ONCE,
     {{"Algorithm", XMLDSIG_ECDSA_SHA256, false}}},
    {"SignedInfo",
     "Reference",
     ELEMENTS,
     ONCE,
     {{"URI", "", false}, ID, {"Type", NULL, true}}},
    {"Reference", "Transforms", ELEMENTS, ONCE, {{0}}},
    {"Transforms",
     "Transform",
     NOTHING,
     ONCE,
     {{"Algorithm", XMLDSIG_ENVELOPED, false}}},
    /* the second one */
    {"Transforms",
     "Transform",
     NOTHING,
     COMMON(1),
     {{"Algorithm", XMLDSIG_EXCLUSIVE_C14N, true},
      {"Algorithm", XMLDSIG_C14N, true},
      {"Algorithm", XMLDSIG_C14N_11, true}}},
    {"Reference",
     "DigestMethod",
     NOTHING,
     ONCE,
     {{"Algorithm", XMLDSIG_SHA256, false}}},
    {"Reference", "DigestValue", VALUE, ONCE, {{0}}},
    {"Signature", "SignatureValue", VALUE, ONCE, {ID}},
    {"Signature", "KeyInfo", ELEMENTS, ONCE, {ID}},
    {"KeyInfo", "X509Data", ELEMENTS, 1, {8, 1}, {{0}}},
    {"X509Data", "X509IssuerSerial", ELEMENTS, ONCE, {{0}}},
    {"X509IssuerSerial", "X509IssuerName", VALUE, ONCE, {{0}}},
    {"X509IssuerSerial", "X509SerialNumber", VALUE, ONCE, {{0}}},
    {"X509Data", "X509SKI", ANYTHING, COMMON(8), {{0}}},
    {"X509Data", "X509SubjectName", ANYTHING, COMMON(8), {{0}}},
    {"X509Data", "X509Certificate", ANYTHING, COMMON(8), {{0}}},
    {"KeyInfo", "KeyName", ANYTHING, COMMON(8), {{0}}},
    {"KeyInfo", "KeyValue", ANYTHING, COMMON(1), {{0}}},
    {"Signature", "Object", NOTHING, COMMON(1), {ID}},
#undef ONCE
#undef COMMON
#undef ID
};
enum { RULE_COUNT = sizeof RULES / sizeof *RULES, ATTRIBUTES = 3 };

struct check {
    struct arena *arena;
    enum duis_shape accepted;
    unsigned seen[RULE_COUNT];
    const xmlNode *found[RULE_COUNT]; /* the first of each */
    const char *reason;
};

static bool check_refuse(struct check *check, const char *reason) {
    check->reason = reason;
    return false;
}

static const char *name_of(const xmlNode *node) {
    return (const char *)node->name;
}

/* Of text that is not ours, as much as a reason holds. */
enum { SHOWN = 100 };

/* An attribute's value; NULL when it is not one run of text. */
static const char *attribute_value(const xmlAttr *attribute) {
    const xmlNode *text = attribute->children;
    if (!text)
        return "";
    return text->next ? NULL : (const char *)text->content;
}

static bool attribute_fits(const struct check *check,
                           const struct attribute_rule *rule, const char *name,
                           const char *value) {
    return strcmp(rule->name, name) == 0 &&
           !(rule->common && check->accepted == DUIS_STRICT) &&
           (!rule->value || strcmp(rule->value, value) == 0);
}

static bool attribute_check(struct check *check, const struct rule *rule,
                            const xmlAttr *attribute) {
    const char *value = attribute_value(attribute);
    const char *name = (const char *)attribute->name;
    for (size_t i = 0; value && !attribute->ns && i < ATTRIBUTES; i++)
        if (rule->attributes[i].name &&
            attribute_fits(check, &rule->attributes[i], name, value))
            return true;
    return check_refuse(
        check,
        arena_printf(check->arena, "%s with %.*s=\"%.*s\" is not accepted",
                     rule->name, SHOWN, name, SHOWN, value ? value : ""));
}

static bool has_attribute(const xmlNode *node, const char *name) {
    const xmlAttr *attribute = node->properties;
    while (attribute && strcmp((const char *)attribute->name, name) != 0)
        attribute = attribute->next;
    return attribute != NULL;
}

static bool attributes_check(struct check *check, const struct rule *rule,
                             const xmlNode *node) {
    for (const xmlAttr *a = node->properties; a; a = a->next)
        if (!attribute_check(check, rule, a))
            return false;
    const struct attribute_rule *needed = &rule->attributes[0];
    if (needed->value && !has_attribute(node, needed->name))
        return check_refuse(check, arena_printf(check->arena, "%s without %s",
                                                rule->name, needed->name));
    return true;
}

/* The rule of a child that may still come; NULL when there is none. */
static const struct rule *rule_find(const struct check *check,
                                    const char *parent, const xmlNode *node) {
    for (size_t i = 0; i < RULE_COUNT; i++)
        if (strcmp(RULES[i].parent, parent) == 0 &&
            check->seen[i] < RULES[i].most[check->accepted] &&
            tree_is(node, XMLDSIG_NAMESPACE, RULES[i].name))
            return &RULES[i];
    return NULL;
}

static bool is_blank(const xmlNode *text) {
    return tree_trim(span_text((const char *)text->content)).len == 0;
}

static bool child_fits(const xmlNode *child, enum content content) {
    bool text = child->type == XML_TEXT_NODE;
    if (content == VALUE)
        return text && !child->prev && !child->next;
    return child->type == XML_COMMENT_NODE || (text && is_blank(child)) ||
           (content == ELEMENTS && child->type == XML_ELEMENT_NODE);
}

static bool element_check(struct check *check, const char *parent,
                          const xmlNode *node);

static bool content_check(struct check *check, const struct rule *rule,
                          const xmlNode *node) {
    for (const xmlNode *child = node->children; child; child = child->next) {
        if (!child_fits(child, rule->content))
            return check_refuse(
                check, arena_printf(check->arena,
                                    "%s holds what it may not hold: %.*s",
                                    rule->name, SHOWN, name_of(child)));
        if (child->type == XML_ELEMENT_NODE &&
            !element_check(check, rule->name, child))
            return false;
    }
    return true;
}

/* As deep as the rules are. */
static bool element_check(struct check *check, const char *parent,
                          const xmlNode *node) {
    const struct rule *rule = rule_find(check, parent, node);
    if (!rule)
        return check_refuse(
            check,
            arena_printf(
                check->arena, "%s in %s is not accepted",
                arena_text(check->arena,
                           span_of(node->name, strnlen(name_of(node), SHOWN))),
                parent));
    size_t row = (size_t)(rule - RULES);
    if (!check->seen[row]++)
        check->found[row] = node;
    return rule->content == ANYTHING || (attributes_check(check, rule, node) &&
                                         content_check(check, rule, node));
}

static bool rules_check(struct check *check, const xmlNode *signature) {
    if (!element_check(check, "", signature))
        return false;
    for (size_t i = 0; i < RULE_COUNT; i++)
        if (check->seen[i] < RULES[i].least)
            return check_refuse(
                check,
                arena_printf(check->arena, "there is no %s", RULES[i].name));
    return true;
}

static const xmlNode *rule_found(const struct check *check, const char *name) {
    size_t row = 0;
    while (strcmp(RULES[row].name, name) != 0)
        row++;
    return check->found[row];
}

static int canonicalisation_of(const xmlNode *method) {
    const char *algorithm = attribute_value(method->properties);
    return strcmp(algorithm, XMLDSIG_C14N) == 0      ? XML_C14N_1_0
           : strcmp(algorithm, XMLDSIG_C14N_11) == 0 ? XML_C14N_1_1
                                                     : XML_C14N_EXCLUSIVE_1_0;
}

static bool is_signature(const xmlNode *node) {
    return tree_is(node, XMLDSIG_NAMESPACE, "Signature");
}

/* Nothing but white space may follow the signature in the root. */
static xmlNode *last_child(const xmlNode *root) {
    xmlNode *node = root->last;
    while (node && node->type == XML_TEXT_NODE && is_blank(node))
        node = node->prev;
    return node;
}

static const char *find_signature(const xmlNode *root, struct shape *shape) {
    size_t count = 0;
    for (const xmlNode *node = root; node; node = tree_walk(node, root))
        count += is_signature(node);
    if (count == 0)
        return "there is no signature";
    if (count > 1)
        return "there is more than one signature";
    shape->signature = last_child(root);
    if (!is_signature(shape->signature))
        return "the signature is not the last child of the document's root";
    return NULL;
}

enum { SCALAR = 32, SIGNATURE = 2 * SCALAR };

/* The order of P-256 (FIPS 186-4, D.1.2.3). */
static const uint8_t ORDER[SCALAR] = {
    0xff, 0xff, 0xff, 0xff, 0x00, 0x00, 0x00, 0x00, 0xff, 0xff, 0xff,
    0xff, 0xff, 0xff, 0xff, 0xff, 0xbc, 0xe6, 0xfa, 0xad, 0xa7, 0x17,
    0x9e, 0x84, 0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51,
};

static bool is_in_range(const uint8_t scalar[static SCALAR]) {
    static const uint8_t zero[SCALAR];
    return memcmp(scalar, zero, SCALAR) != 0 &&
           memcmp(scalar, ORDER, SCALAR) < 0;
}

/* The number of octets that the value decodes to, -1 when it is not base64. */
static ptrdiff_t base64_decode(const xmlNode *value, uint8_t *octets) {
    struct span text = tree_value(value);
    return text.len <= SHAPE_MOST_VALUE ? base64_parse(text, octets) : -1;
}

static const char *check_values(const struct shape *shape) {
    uint8_t octets[SHAPE_MOST_VALUE];
    if (base64_decode(shape->digest_value, octets) != 32)
        return "DigestValue is not 32 octets of base64";
    if (base64_decode(shape->signature_value, octets) != SIGNATURE)
        return "SignatureValue is not 64 octets of base64";
    if (!is_in_range(octets) || !is_in_range(octets + SCALAR))
        return "SignatureValue is out of range";
    return NULL;
}

bool shape_check(struct arena *arena, const struct duis_document *document,
                 enum duis_shape accepted, struct shape *shape,
                 const char **reason) {
    struct check check = {.arena = arena, .accepted = accepted};
    *shape = (struct shape){0};
    const xmlNode *root = xmlDocGetRootElement(document->tree);
    *reason = find_signature(root, shape);
    if (*reason)
        return false;
    if (!rules_check(&check, shape->signature)) {
        *reason = check.reason;
        return false;
    }
    shape->digest_value = rule_found(&check, "DigestValue");
    shape->signature_value = rule_found(&check, "SignatureValue");
    shape->issuer = rule_found(&check, "X509IssuerName");
    shape->serial = rule_found(&check, "X509SerialNumber");
    shape->canonicalisation =
        canonicalisation_of(rule_found(&check, "CanonicalizationMethod"));
    *reason = check_values(shape);
    return !*reason;
}
