#include "duis/tree.h"

bool tree_is(const xmlNode *node, const char *uri, const char *name) {
    return node && node->type == XML_ELEMENT_NODE && node->ns &&
           strcmp((const char *)node->ns->href, uri) == 0 &&
           strcmp((const char *)node->name, name) == 0;
}

static const xmlNode *element_from(const xmlNode *node) {
    while (node && node->type != XML_ELEMENT_NODE)
        node = node->next;
    return node;
}

const xmlNode *tree_first(const xmlNode *parent) {
    return parent ? element_from(parent->children) : NULL;
}

const xmlNode *tree_next(const xmlNode *node) {
    return element_from(node->next);
}

const xmlNode *tree_child(const xmlNode *parent, const char *name) {
    const xmlNode *child = tree_first(parent);
    while (child && !tree_is(child, DUIS_NAMESPACE, name))
        child = tree_next(child);
    return child;
}

const xmlNode *tree_walk(const xmlNode *node, const xmlNode *top) {
    if (node->children)
        return node->children;
    while (node != top && !node->next)
        node = node->parent;
    return node == top ? NULL : node->next;
}

struct span tree_value(const xmlNode *element) {
    const xmlNode *text = element ? element->children : NULL;
    if (!text || text->type != XML_TEXT_NODE || !text->content)
        return span_of(NULL, 0);
    return span_text((const char *)text->content);
}

static bool is_space(uint8_t c) {
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

struct span tree_trim(struct span text) {
    while (text.len && is_space(text.data[text.len - 1]))
        text.len--;
    while (text.len && is_space(*text.data)) {
        text.data++;
        text.len--;
    }
    return text;
}
