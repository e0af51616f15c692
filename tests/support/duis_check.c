#include "support/duis_check.h"
#include "support/files.h"

#include <libxml/c14n.h>
#include <libxml/parser.h>
#include <libxml/xmlschemas.h>

#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static xmlSchema *official;

bool official_schema_open(void) {
    char path[1024];
    const char *root = getenv("FOTAD_SHARED");
    snprintf(path, sizeof path, "%s/reference/xsd-libxml2/duis-5.4.xsd",
             root ? root : "../shared");
    if (access(path, R_OK) != 0) {
        printf("skipped: no %s (set FOTAD_SHARED)\n", path);
        return false;
    }
    xmlSchemaParserCtxt *context = xmlSchemaNewParserCtxt(path);
    official = xmlSchemaParse(context);
    xmlSchemaFreeParserCtxt(context);
    return official != NULL;
}

void official_schema_close(void) {
    xmlSchemaFree(official);
    official = NULL;
}

static xmlDoc *read_tree(struct span document) {
    return xmlReadMemory((const char *)document.data, (int)document.len, NULL,
                         NULL, XML_PARSE_NONET | XML_PARSE_HUGE);
}

static char reason[300];

const char *official_schema_reason(void) {
    return reason;
}

static void keep(void *handle, xmlError *error) {
    (void)handle;
    snprintf(reason, sizeof reason, "%s", error->message);
}

bool official_schema_accepts(struct span document) {
    xmlDoc *tree = read_tree(document);
    xmlSchemaValidCtxt *context = xmlSchemaNewValidCtxt(official);
    xmlSchemaSetValidStructuredErrors(context, keep, NULL);
    bool valid = tree && xmlSchemaValidateDoc(context, tree) == 0;
    xmlSchemaFreeValidCtxt(context);
    xmlFreeDoc(tree);
    return valid;
}

static int run(char *const *words) {
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    for (int fd = 1; fd <= 2; fd++)
        posix_spawn_file_actions_addopen(&actions, fd, "/dev/null", O_WRONLY,
                                         0);
    pid_t child;
    int failed = posix_spawnp(&child, words[0], &actions, NULL, words, environ);
    posix_spawn_file_actions_destroy(&actions);
    int status = 0;
    if (failed || waitpid(child, &status, 0) < 0)
        return -1;
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

int xmlsec1_verifies(struct span document, struct span certificate_pem) {
    char folder[] = "/tmp/fotad-xmlsec1-XXXXXX", xml[64], pem[64];
    if (!mkdtemp(folder))
        abort();
    snprintf(xml, sizeof xml, "%s/document.xml", folder);
    snprintf(pem, sizeof pem, "%s/certificate.pem", folder);
    file_write(xml, document);
    file_write(pem, certificate_pem);
    char program[] = "xmlsec1", verify[] = "--verify",
         with[] = "--pubkey-cert-pem";
    char *const words[] = {program, verify, with, pem, xml, NULL};
    int result = run(words);
    unlink(xml);
    unlink(pem);
    rmdir(folder);
    return result;
}

static xmlNode *signature_of(xmlDoc *tree) {
    xmlNode *node = xmlDocGetRootElement(tree)->last;
    while (node && strcmp((const char *)node->name, "Signature") != 0)
        node = node->prev;
    return node;
}

void canonical_without_signature(struct span document, struct buffer *out) {
    xmlDoc *tree = read_tree(document);
    xmlNode *signature = tree ? signature_of(tree) : NULL;
    if (!signature)
        abort();
    xmlUnlinkNode(signature);
    xmlFreeNode(signature);
    xmlChar *text = NULL;
    int len = xmlC14NDocDumpMemory(tree, NULL, XML_C14N_1_0, NULL, 0, &text);
    if (len < 0)
        abort();
    buffer_add(out, span_of(text, (size_t)len));
    xmlFree(text);
    xmlFreeDoc(tree);
}
