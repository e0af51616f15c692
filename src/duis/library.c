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

bool duis_open(void) {
    xmlInitParser();
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
