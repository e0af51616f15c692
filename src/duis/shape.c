#include "duis/shape.h"

#include "base/base64.h"
#include "duis/tree.h"
#include "duis/xmldsig.h"

/* An element of the shape: its depth below ds:Signature, its name, and its
 * only attribute with its only value. The rows are in document order. */
static const struct row {
    int depth;
    const char *name, *attribute, *value;
} ROWS[] = {
    {0, "Signature", NULL, NULL},
    {1, "SignedInfo", NULL, NULL},
    {2, "CanonicalizationMethod", "Algorithm", XMLDSIG_EXCLUSIVE_C14N},
    {2, "SignatureMethod", "Algorithm", XMLDSIG_ECDSA_SHA256},
    {2, "Reference", "URI", ""},
    {3, "Transforms", NULL, NULL},
    {4, "Transform", "Algorithm", XMLDSIG_ENVELOPED},
    {3, "DigestMethod", "Algorithm", XMLDSIG_SHA256},
    {3, "DigestValue", NULL, NULL},
    {1, "SignatureValue", NULL, NULL},
    {1, "KeyInfo", NULL, NULL},
    {2, "X509Data", NULL, NULL},
    {3, "X509IssuerSerial", NULL, NULL},
    {4, "X509IssuerName", NULL, NULL},
    {4, "X509SerialNumber", NULL, NULL},
};
enum { ROW_COUNT = sizeof ROWS / sizeof *ROWS };

static bool is_parent(size_t row) {
    return row + 1 < ROW_COUNT && ROWS[row + 1].depth > ROWS[row].depth;
}

static bool attributes_match(const xmlNode *node, const struct row *row) {
    const xmlAttr *attribute = node->properties;
    if (!row->attribute)
        return !attribute;
    if (!attribute || attribute->next || attribute->ns ||
        strcmp((const char *)attribute->name, row->attribute) != 0)
        return false;
    const xmlNode *text = attribute->children;
    if (!text)
        return row->value[0] == '\0';
    return !text->next && text->content &&
           strcmp((const char *)text->content, row->value) == 0;
}

static bool is_blank(const xmlNode *text) {
    return tree_trim(span_text((const char *)text->content)).len == 0;
}

/* Beside elements, only white space and comments may stand in a parent, only
 * one run of text in a value, nothing in the elements that have an attribute.
 */
static bool child_matches(const xmlNode *child, size_t row) {
    bool text = child->type == XML_TEXT_NODE;
    if (child->type == XML_ELEMENT_NODE)
        return is_parent(row);
    if (!is_parent(row) && !ROWS[row].attribute)
        return text && !child->prev && !child->next;
    return child->type == XML_COMMENT_NODE || (text && is_blank(child));
}

static bool content_matches(const xmlNode *node, size_t row) {
    const xmlNode *child = node->children;
    while (child && child_matches(child, row))
        child = child->next;
    return !child;
}

static const xmlNode *next_element(const xmlNode *node, const xmlNode *top) {
    do
        node = tree_walk(node, top);
    while (node && node->type != XML_ELEMENT_NODE);
    return node;
}

static int depth_below(const xmlNode *node, const xmlNode *top) {
    int depth = 0;
    for (; node != top; node = node->parent)
        depth++;
    return depth;
}

/* Walks the signature's elements and the rows side by side. */
static bool rows_match(const xmlNode *signature, const xmlNode **found) {
    const xmlNode *node = signature;
    for (size_t row = 0; row < ROW_COUNT; row++) {
        if (!tree_is(node, XMLDSIG_NAMESPACE, ROWS[row].name) ||
            depth_below(node, signature) != ROWS[row].depth ||
            !attributes_match(node, &ROWS[row]) || !content_matches(node, row))
            return false;
        found[row] = node;
        node = next_element(node, signature);
    }
    return !node;
}

static const xmlNode *row_named(const xmlNode *const *found, const char *name) {
    size_t row = 0;
    while (strcmp(ROWS[row].name, name) != 0)
        row++;
    return found[row];
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

bool shape_check(const struct duis_document *document, struct shape *shape,
                 const char **reason) {
    *shape = (struct shape){0};
    const xmlNode *root = xmlDocGetRootElement(document->tree);
    *reason = find_signature(root, shape);
    if (*reason)
        return false;
    const xmlNode *found[ROW_COUNT];
    if (!rows_match(shape->signature, found)) {
        *reason = "the signature is not of the accepted shape";
        return false;
    }
    shape->digest_value = row_named(found, "DigestValue");
    shape->signature_value = row_named(found, "SignatureValue");
    shape->issuer = row_named(found, "X509IssuerName");
    shape->serial = row_named(found, "X509SerialNumber");
    *reason = check_values(shape);
    return !*reason;
}
