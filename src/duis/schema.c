#include "duis/schema.h"

#include "base/embedded.h"
#include "base/log.h"
#include "duis/text.h"

#include <libxml/parser.h>
#include <libxml/xmlschemas.h>
#include <libxml/xmlschemastypes.h>

static const char *const FILES[] = {
    [DUIS_REQUEST] = "schemas/duis-request.xsd",
    [DUIS_RESPONSE] = "schemas/duis-response.xsd",
};
enum { ROOTS = sizeof FILES / sizeof *FILES };

static xmlSchema *schemas[ROOTS];

/* Everything that libxml2 wants to open in this process comes from here. */
static xmlParserInput *embedded_only(const char *url, const char *id,
                                     xmlParserCtxt *context) {
    (void)id;
    struct span text = embedded_file(url ? url : "");
    if (text.len == 0)
        return NULL;
    xmlParserInputBuffer *buffer = xmlParserInputBufferCreateMem(
        (const char *)text.data, (int)text.len, XML_CHAR_ENCODING_NONE);
    xmlParserInput *input =
        xmlNewIOInputStream(context, buffer, XML_CHAR_ENCODING_NONE);
    if (input)
        input->filename = (char *)xmlStrdup((const xmlChar *)url);
    return input;
}

static void log_fault(void *file, xmlError *error) {
    log_error("duis.schema", "file=%s line=%d: %s", *(const char **)file,
              error->line, error->message);
}

static xmlSchema *schema_compile(const char *file) {
    struct span text = embedded_file(file);
    xmlDoc *tree = xmlReadMemory((const char *)text.data, (int)text.len, file,
                                 NULL, XML_PARSE_NONET);
    xmlSchemaParserCtxt *context = xmlSchemaNewDocParserCtxt(tree);
    xmlSchema *schema = NULL;
    if (context) {
        xmlSchemaSetParserStructuredErrors(context, log_fault, &file);
        schema = xmlSchemaParse(context);
    }
    xmlSchemaFreeParserCtxt(context);
    xmlFreeDoc(tree);
    return schema;
}

bool schema_open(void) {
    xmlSetExternalEntityLoader(embedded_only);
    for (size_t i = 0; i < ROOTS; i++) {
        schemas[i] = schema_compile(FILES[i]);
        if (!schemas[i]) {
            log_error("duis.schema", "file=%s: does not compile", FILES[i]);
            return false;
        }
    }
    return true;
}

void schema_close(void) {
    for (size_t i = 0; i < ROOTS; i++) {
        xmlSchemaFree(schemas[i]);
        schemas[i] = NULL;
    }
    xmlSchemaCleanupTypes();
}

struct first {
    struct arena *arena;
    struct schema_fault *fault;
};

/* What a type with a pattern is, for people: the pattern itself says little. */
static const struct {
    const char *element, *is;
} PATTERNS[] = {
    {"RequestID", "two EUI-64 and a counter without leading zeros, as in "
                  "90-B3-D5-1F-30-01-00-00:90-B3-D5-1F-30-00-00-02:1"},
    {"PrecedingServiceRequestID", "a RequestID"},
    {"ServiceReference", "two numbers, as in 11.1"},
    {"ServiceReferenceVariant", "two or three numbers, as in 11.1 or 4.1.1"},
    {"DeviceID", "an EUI-64, as in 00-DB-12-34-56-78-90-A0"},
    {"DeviceIDList", "EUI-64s with a comma and nothing else between them"},
};

static const char *pattern_reason(struct arena *arena, const xmlNode *node) {
    for (size_t i = 0; node && i < sizeof PATTERNS / sizeof *PATTERNS; i++)
        if (strcmp((const char *)node->name, PATTERNS[i].element) == 0)
            return arena_printf(arena, "%s is not as DUIS has it: %s",
                                PATTERNS[i].element, PATTERNS[i].is);
    return NULL;
}

/* A list of all that might have stood there says less than what does. */
static const char *message_reason(struct arena *arena, const char *message) {
    enum { MOST_OF_A_LIST = 200 };
    const char *list = strstr(message, " Expected is one of");
    if (list && strlen(list) > MOST_OF_A_LIST)
        message = arena_text(arena, span_of(message, (size_t)(list - message)));
    return duis_reason(arena, message);
}

static const char *error_reason(struct arena *arena, const xmlError *error) {
    const char *reason = NULL;
    if (error->code == XML_SCHEMAV_CVC_PATTERN_VALID)
        reason = pattern_reason(arena, error->node);
    if (error->code == XML_SCHEMAV_CVC_ELT_4_1 ||
        error->code == XML_SCHEMAV_CVC_ELT_4_2)
        reason = "xsi:type is not accepted: no element of DUIS has one";
    if (error->code == XML_SCHEMAV_CVC_ELT_1)
        reason = "the root is no message of DUIS, or not of its namespace, "
                 "http://www.dccinterface.co.uk/ServiceUserGateway";
    return reason ? reason
                  : message_reason(arena, error->message ? error->message : "");
}

static void keep_first(void *handle, xmlError *error) {
    struct first *first = handle;
    if (first->fault->reason)
        return;
    first->fault->node = error->node;
    first->fault->reason = error_reason(first->arena, error);
}

bool schema_validate(struct arena *arena, xmlDoc *tree, enum duis_root root,
                     struct schema_fault *fault) {
    struct first first = {arena, fault};
    *fault = (struct schema_fault){0};
    xmlSchemaValidCtxt *context = xmlSchemaNewValidCtxt(schemas[root]);
    int result = -1;
    if (context) {
        xmlSchemaSetValidStructuredErrors(context, keep_first, &first);
        result = xmlSchemaValidateDoc(context, tree);
    }
    xmlSchemaFreeValidCtxt(context);
    if (result != 0 && !fault->reason)
        fault->reason = "not valid against the schema";
    return result == 0;
}
