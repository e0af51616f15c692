#include "support/official_schema.h"

#include <libxml/parser.h>
#include <libxml/xmlschemas.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static xmlSchema *schema;
static char fault[512];

void official_schema_open(void) {
    char path[1024];
    const char *root = getenv("FOTAD_SHARED");
    snprintf(path, sizeof path, "%s/reference/xsd-libxml2/duis-5.4.xsd",
             root ? root : "../shared");
    if (schema)
        return;
    if (access(path, R_OK) != 0) {
        printf("no %s (set FOTAD_SHARED): answers are checked against our "
               "own schema only\n",
               path);
        return;
    }
    xmlSchemaParserCtxt *parser = xmlSchemaNewParserCtxt(path);
    schema = xmlSchemaParse(parser);
    xmlSchemaFreeParserCtxt(parser);
    if (!schema)
        abort();
}

static void take_fault(void *context, xmlError *error) {
    (void)context;
    if (!*fault)
        snprintf(fault, sizeof fault, "line %d: %s", error->line,
                 error->message);
}

bool official_schema_valid(struct span document, const char **reason) {
    *fault = '\0';
    *reason = fault;
    if (!schema)
        return true;
    xmlDoc *tree = xmlReadMemory((const char *)document.data, (int)document.len,
                                 NULL, NULL, XML_PARSE_NONET | XML_PARSE_HUGE);
    if (!tree)
        return false;
    xmlSchemaValidCtxt *validation = xmlSchemaNewValidCtxt(schema);
    xmlSchemaSetValidStructuredErrors(validation, take_fault, NULL);
    int faults = xmlSchemaValidateDoc(validation, tree);
    xmlSchemaFreeValidCtxt(validation);
    xmlFreeDoc(tree);
    return faults == 0;
}
