#include "duis/library.h"

#include "base/log.h"
#include "duis/schema.h"

#include <libxml/parser.h>
#include <xmlsec/xmlsec.h>

#include <xmlsec/errors.h>
#include <xmlsec/openssl/crypto.h>

/* A signature that fails is the sender's fault and told to the sender; the
 * library has nothing to add on stderr. */
static void say_nothing(const char *file, int line, const char *function,
                        const char *object, const char *subject, int reason,
                        const char *message) {
    (void)file, (void)line, (void)function, (void)object, (void)subject;
    (void)reason, (void)message;
}

static void error_ignore(void *handle, xmlError *error) {
    (void)handle, (void)error;
}

/* What no context of ours hears of, libxml2 would print: in this thread and
 * in those that are still to start. */
static void silence_libxml2(void) {
    xmlSetStructuredErrorFunc(NULL, error_ignore);
    xmlThrDefSetStructuredErrorFunc(NULL, error_ignore);
}

bool duis_open(void) {
    xmlInitParser();
    silence_libxml2();
    if (xmlSecInit() < 0 || xmlSecCheckVersion() != 1 ||
        xmlSecOpenSSLInit() < 0) {
        log_error("duis.library", "xmlsec1 does not start");
        return false;
    }
    xmlSecErrorsSetCallback(say_nothing);
    return schema_open();
}

void duis_close(void) {
    schema_close();
    xmlSecOpenSSLShutdown();
    xmlSecShutdown();
    xmlCleanupParser();
}
