#include "duis/document.h"

#include "duis/schema.h"
#include "duis/text.h"
#include "duis/tree.h"

#include <libxml/parser.h>
#include <libxml/parserInternals.h>

#include <limits.h>

enum {
    MOST_DEPTH = 32,
    /* Attributes and namespace declarations of the whole document: the largest
     * request has 20. libxml2 looks each prefix up among all declarations in
     * scope, and C14N each declaration among those of the ancestors. */
    MOST_ATTRIBUTES = 128,
    /* Octets of text outside the image: 50,000 Device IDs are 1.2 million. */
    MOST_TEXT = 2 * 1024 * 1024,
    /* libxml2 gives text in pieces, one for each line or reference. */
    MOST_PIECES = 400000,
    /* Limits on one text node are off: the body is limited as a whole. The
     * declared encoding was looked at in text.c. */
    OPTIONS = XML_PARSE_NONET | XML_PARSE_HUGE | XML_PARSE_IGNORE_ENC |
              XML_PARSE_NOWARNING,
};

/* One reading; libxml2's callbacks find it in their parser context. */
struct reading {
    struct arena *arena;
    struct span text;
    struct duis_fault *fault;
    bool failed;
    int attributes;        /* so far, with namespace declarations */
    size_t pieces, octets; /* of text so far; octets outside the image */
};

static size_t offset_of(const xmlParserCtxt *context) {
    const xmlParserInput *input = context->input;
    if (!input)
        return 0;
    return input->consumed + (size_t)(input->cur - input->base);
}

/* Keeps the first fault. */
static void parser_fail(xmlParserCtxt *context, size_t offset,
                        const char *reason) {
    struct reading *reading = context->_private;
    if (reading->failed)
        return;
    reading->failed = true;
    duis_fault_at(reading->fault, reading->text, offset, reason);
}

/* libxml2's warnings are no faults; its errors about namespaces are, though
 * it goes on after them. To stop it here would free the text from under the
 * tag that it is reading: on_element() does. */
static void on_error(void *handle, xmlError *error) {
    xmlParserCtxt *context = handle;
    struct reading *reading = context->_private;
    if (error->level < XML_ERR_ERROR || reading->failed)
        return;
    parser_fail(
        context, offset_of(context),
        duis_reason(reading->arena, error->message ? error->message : ""));
}

static void on_doctype(void *handle, const xmlChar *name,
                       const xmlChar *public_id, const xmlChar *system_id) {
    (void)name, (void)public_id, (void)system_id;
    xmlParserCtxt *context = handle;
    parser_fail(context, offset_of(context), "a DOCTYPE is not accepted");
    xmlStopParser(context);
}

/* No '<' stands inside a tag, so the last one is where this tag starts. */
static size_t start_of_tag(const xmlParserCtxt *context) {
    const struct reading *reading = context->_private;
    size_t end = offset_of(context);
    if (end > reading->text.len)
        end = reading->text.len;
    const uint8_t *tag = memrchr(reading->text.data, '<', end);
    return tag ? (size_t)(tag - reading->text.data) : 0;
}

/* Why this element is one too many, or NULL. */
static const char *element_excess(const xmlParserCtxt *context,
                                  int attributes) {
    struct reading *reading = context->_private;
    reading->attributes += attributes;
    if (context->nodeNr > MOST_DEPTH)
        return "elements are nested more than 32 deep";
    if (reading->attributes > MOST_ATTRIBUTES)
        return "there are more than 128 attributes and namespace declarations";
    return NULL;
}

/* Notes in each element where it starts; stops after a fault. */
static void on_element(void *handle, const xmlChar *name, const xmlChar *prefix,
                       const xmlChar *uri, int namespace_count,
                       const xmlChar **namespaces, int attribute_count,
                       int defaulted, const xmlChar **attributes) {
    xmlParserCtxt *context = handle;
    const struct reading *reading = context->_private;
    xmlSAX2StartElementNs(context, name, prefix, uri, namespace_count,
                          namespaces, attribute_count, defaulted, attributes);
    size_t start = start_of_tag(context);
    const char *excess =
        element_excess(context, namespace_count + attribute_count);
    if (excess)
        parser_fail(context, start, excess);
    else if (context->node)
        context->node->_private = (void *)(uintptr_t)start;
    if (reading->failed)
        xmlStopParser(context);
}

static bool is_in_image(const xmlParserCtxt *context) {
    const xmlNode *parent = context->node;
    return parent && strcmp((const char *)parent->name, "FirmwareImage") == 0;
}

/* Why this text is too much, or NULL. What is not ASCII is slow to read, and
 * an image never has it. */
static const char *text_excess(const xmlParserCtxt *context, bool ascii,
                               size_t len) {
    struct reading *reading = context->_private;
    bool is_image = is_in_image(context);
    if (is_image && !ascii)
        return "FirmwareImage: not base64";
    if (++reading->pieces > MOST_PIECES)
        return "there are more than 400000 lines and references";
    if (!is_image)
        reading->octets += len;
    if (reading->octets > MOST_TEXT)
        return "there is more text than 50000 Device IDs need";
    return NULL;
}

static void on_text(void *handle, const xmlChar *text, int len) {
    xmlParserCtxt *context = handle;
    const char *excess = text_excess(context, *text < 0x80, (size_t)len);
    if (!excess) {
        xmlSAX2Characters(context, text, len);
        return;
    }
    parser_fail(context, offset_of(context), excess);
    xmlStopParser(context);
}

static void parser_listen(xmlParserCtxt *context) {
    context->sax->serror = on_error;
    context->sax->internalSubset = on_doctype;
    context->sax->startElementNs = on_element;
    context->sax->characters = context->sax->ignorableWhitespace = on_text;
}

static void free_tree(void *tree) {
    xmlFreeDoc(tree);
}

/* NULL, with the fault, when the text is not well-formed. */
static xmlDoc *read_tree(struct reading *reading) {
    xmlParserCtxt *context = xmlNewParserCtxt();
    if (!context || reading->text.len > INT_MAX) {
        xmlFreeParserCtxt(context);
        reading->fault->reason = "the document is too large";
        return NULL;
    }
    context->_private = reading;
    parser_listen(context);
    xmlDoc *tree =
        xmlCtxtReadMemory(context, (const char *)reading->text.data,
                          (int)reading->text.len, NULL, NULL, OPTIONS);
    bool good = tree && context->wellFormed && context->nsWellFormed;
    if (!good)
        parser_fail(context, offset_of(context),
                    "the document is not well-formed");
    xmlFreeParserCtxt(context);
    arena_adopt(reading->arena, tree, free_tree);
    return reading->failed ? NULL : tree;
}

static bool is_value_in_parts(const xmlNode *element) {
    bool text = false, other = false;
    for (const xmlNode *node = element->children; node; node = node->next) {
        if (node->type == XML_ELEMENT_NODE)
            return false;
        text |= node->type == XML_TEXT_NODE;
        other |= node->type != XML_TEXT_NODE || node->prev;
    }
    return text && other;
}

/* The first element whose value is not one run of characters. */
static const xmlNode *value_in_parts(const xmlNode *root) {
    for (const xmlNode *node = root; node; node = tree_walk(node, root))
        if (node->type == XML_ELEMENT_NODE && is_value_in_parts(node))
            return node;
    return NULL;
}

enum duis_parse_result duis_document_parse(struct arena *arena,
                                           struct span body,
                                           enum duis_root root,
                                           struct duis_document *document,
                                           struct duis_fault *fault) {
    struct reading reading = {.arena = arena, .fault = fault};
    if (!duis_text(arena, body, &reading.text, fault))
        return DUIS_NOT_WELL_FORMED;
    xmlDoc *tree = read_tree(&reading);
    if (!tree)
        return DUIS_NOT_WELL_FORMED;
    const xmlNode *parts = value_in_parts(xmlDocGetRootElement(tree));
    if (parts) {
        duis_fault_in(
            fault, reading.text, parts,
            "a comment or processing instruction stands inside a value");
        return DUIS_NOT_WELL_FORMED;
    }
    struct schema_fault wrong = {0};
    if (!schema_validate(arena, tree, root, &wrong)) {
        duis_fault_in(fault, reading.text, wrong.node, wrong.reason);
        return DUIS_NOT_VALID;
    }
    *document = (struct duis_document){tree, reading.text};
    return DUIS_PARSED;
}
