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

static void keep_first(void *handle, xmlError *error) {
    struct first *first = handle;
    if (first->fault->reason)
        return;
    first->fault->node = error->node;
    first->fault->reason =
        duis_reason(first->arena, error->message ? error->message : "");
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
