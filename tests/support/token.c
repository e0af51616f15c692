#include "support/token.h"

#include "support/check.h"

#include <openssl/bn.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <p11-kit/p11-kit.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char home[32];

__attribute__((format(printf, 1, 2))) static void run(const char *format, ...) {
    char command[1024];
    va_list args;
    va_start(args, format);
    vsnprintf(command, sizeof command, format, args);
    va_end(args);
    if (system(command) != 0)
        fail_msg("%s", command);
}

const char *token_open(void) {
    char path[64];
    if (system("softhsm2-util --version >/dev/null 2>&1") != 0)
        return "there is no softhsm2: tools/deps hsm";
    strcpy(home, "/tmp/token-XXXXXX");
    assert_non_null(mkdtemp(home));
    snprintf(path, sizeof path, "%s/conf", home);
    setenv("SOFTHSM2_CONF", path, 1);
    run("cd %s && mkdir tokens && echo " TOKEN_PIN " >pin &&"
        " echo directories.tokendir = %s/tokens >conf",
        home, home);
    run("softhsm2-util --init-token --free --label fotad --so-pin 1234"
        " --pin " TOKEN_PIN " >/dev/null");
    return NULL;
}

void token_remove(void) {
    if (*home)
        run("rm -rf %s", home);
}

/* The slot of the token in `module`, or in none. */
static bool slot_find(CK_FUNCTION_LIST *module, CK_SLOT_ID *slot) {
    CK_SLOT_ID slots[16];
    CK_ULONG count = 16;
    CK_TOKEN_INFO token;
    if (module->C_GetSlotList(CK_TRUE, slots, &count) != CKR_OK)
        return false;
    for (CK_ULONG i = 0; i < count; i++)
        if (module->C_GetTokenInfo(slots[i], &token) == CKR_OK &&
            memcmp(token.label, "fotad ", 6) == 0) {
            *slot = slots[i];
            return true;
        }
    return false;
}

static const unsigned char curve[] = {0x06, 0x08, 0x2A, 0x86, 0x48,
                                      0xCE, 0x3D, 0x03, 0x01, 0x07};

static void create(CK_FUNCTION_LIST *module, CK_SESSION_HANDLE session,
                   CK_ATTRIBUTE *with, CK_ULONG count) {
    CK_OBJECT_HANDLE object;
    assert_int_equal(module->C_CreateObject(session, with, count, &object),
                     CKR_OK);
}
#define TEXT(type, text)                                                       \
    { type, (void *)(uintptr_t)(text), strlen(text) }
#define CURVE                                                                  \
    { CKA_EC_PARAMS, (void *)(uintptr_t)curve, sizeof curve }

/* May sign and agree, and is not given away. */
static void private_create(CK_FUNCTION_LIST *module, CK_SESSION_HANDLE session,
                           EVP_PKEY *key, const char *label) {
    CK_OBJECT_CLASS class = CKO_PRIVATE_KEY;
    CK_KEY_TYPE type = CKK_EC;
    CK_BBOOL yes = CK_TRUE, no = CK_FALSE;
    unsigned char d[32];
    BIGNUM *scalar = NULL;
    assert_int_equal(EVP_PKEY_get_bn_param(key, "priv", &scalar), 1);
    assert_int_equal(BN_bn2binpad(scalar, d, sizeof d), sizeof d);
    BN_clear_free(scalar);
    CK_ATTRIBUTE with[] = {
        {CKA_CLASS, &class, sizeof class},
        {CKA_KEY_TYPE, &type, sizeof type},
        {CKA_TOKEN, &yes, sizeof yes},
        {CKA_PRIVATE, &yes, sizeof yes},
        {CKA_SENSITIVE, &yes, sizeof yes},
        {CKA_EXTRACTABLE, &no, sizeof no},
        {CKA_SIGN, &yes, sizeof yes},
        {CKA_DERIVE, &yes, sizeof yes},
        CURVE,
        {CKA_VALUE, d, sizeof d},
        TEXT(CKA_LABEL, label),
        TEXT(CKA_ID, label),
    };
    create(module, session, with, sizeof with / sizeof *with);
}

static void object_create(EVP_PKEY *key, const char *label) {
    CK_FUNCTION_LIST **modules = p11_kit_modules_load_and_initialize(0), **m;
    CK_SLOT_ID slot;
    CK_SESSION_HANDLE session;
    assert_non_null(modules);
    for (m = modules; *m && !slot_find(*m, &slot);)
        m++;
    assert_non_null(*m);
    assert_int_equal((*m)->C_OpenSession(slot,
                                         CKF_SERIAL_SESSION | CKF_RW_SESSION,
                                         NULL, NULL, &session),
                     CKR_OK);
    assert_int_equal((*m)->C_Login(session, CKU_USER,
                                   (CK_UTF8CHAR *)(uintptr_t)TOKEN_PIN,
                                   strlen(TOKEN_PIN)),
                     CKR_OK);
    private_create(*m, session, key, label);
    p11_kit_modules_finalize_and_release(modules);
}

const char *token_import(const char *key_path, const char *label) {
    static char uris[4][160];
    static unsigned number;
    char *uri = uris[number++ % 4];
    FILE *file = fopen(key_path, "r");
    assert_non_null(file);
    EVP_PKEY *key = PEM_read_PrivateKey(file, NULL, NULL, NULL);
    fclose(file);
    assert_non_null(key);
    object_create(key, label);
    EVP_PKEY_free(key);
    snprintf(uri, sizeof *uris,
             "pkcs11:token=fotad;object=%s;type=private?pin-source=file:%s/pin",
             label, home);
    return uri;
}

void token_hide(bool hidden) {
    run("mv %s/%s %s/%s", home, hidden ? "tokens" : "away", home,
        hidden ? "away" : "tokens");
}
