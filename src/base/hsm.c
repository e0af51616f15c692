#include "base/hsm.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"

#include <openssl/ecdsa.h>
#include <p11-kit/p11-kit.h>
#include <p11-kit/uri.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_IDLE = 32, MOST_PIN = 256 };
/* Between two tries while the token is away. */
static const instant PAUSE = SECOND;

struct session {
    CK_FUNCTION_LIST *module;
    CK_SESSION_HANDLE handle;
    CK_OBJECT_HANDLE object;
    unsigned epoch;
};

struct hsm_key {
    struct hsm_key *next; /* of all, under all_lock */
    P11KitUri *uri;
    pthread_mutex_t lock; /* over what follows */
    struct session idle[MOST_IDLE];
    size_t idle_count;
    unsigned generation; /* sessions of an earlier one are of no use */
    char fault[256];     /* "": the latest use was well */
    instant failed;      /* by clock_elapsed() */
};

static pthread_mutex_t all_lock = PTHREAD_MUTEX_INITIALIZER;
static struct hsm_key *all;

/* ---- modules ---- */

enum { MOST_NAMED = 4 };

/* Shared by who uses a session; alone: who begins them anew. */
static pthread_rwlock_t modules_lock = PTHREAD_RWLOCK_INITIALIZER;
static unsigned epoch; /* sessions of an earlier one are gone */

/* Over what follows. */
static pthread_mutex_t load_lock = PTHREAD_MUTEX_INITIALIZER;
static CK_FUNCTION_LIST **configured; /* those that p11-kit knows */
static struct {
    CK_FUNCTION_LIST *module;
    char path[128];
} named[MOST_NAMED]; /* by a module-path */

static CK_FUNCTION_LIST *module_load(const char *path) {
    CK_FUNCTION_LIST *module = p11_kit_module_load(path, 0);
    if (module && p11_kit_module_initialize(module) != CKR_OK) {
        p11_kit_module_release(module);
        module = NULL;
    }
    return module;
}

static CK_FUNCTION_LIST *module_named(const char *path) {
    size_t i = 0;
    while (i < MOST_NAMED - 1 && named[i].module &&
           strcmp(named[i].path, path) != 0)
        i++;
    if (!named[i].module) {
        snprintf(named[i].path, sizeof named[i].path, "%s", path);
        named[i].module = module_load(path);
    }
    return named[i].module;
}

/* Some modules find a token that was away only when they begin anew; they are
 * loaded by who needs them next. */
static void modules_restart(void) {
    pthread_rwlock_wrlock(&modules_lock);
    epoch++;
    if (configured)
        p11_kit_modules_finalize_and_release(configured);
    configured = NULL;
    for (size_t i = 0; i < MOST_NAMED; i++)
        if (named[i].module) {
            p11_kit_module_finalize(named[i].module);
            p11_kit_module_release(named[i].module);
            named[i].module = NULL;
        }
    pthread_rwlock_unlock(&modules_lock);
}

/* ---- what is wrong ---- */

bool hsm_is_uri(const char *text) {
    return strncmp(text, "pkcs11:", 7) == 0;
}

static P11KitUri *uri_parse(const char *text) {
    P11KitUri *uri = p11_kit_uri_new();
    if (uri &&
        p11_kit_uri_parse(text, P11_KIT_URI_FOR_ANY, uri) == P11_KIT_URI_OK)
        return uri;
    p11_kit_uri_free(uri);
    return NULL;
}

const char *hsm_uri_fault(const char *text) {
    P11KitUri *uri = uri_parse(text);
    const char *fault = NULL, *source;
    if (!uri)
        return "is no pkcs11: URI (RFC 7512)";
    source = p11_kit_uri_get_pin_source(uri);
    if (p11_kit_uri_get_pin_value(uri))
        fault = "has a PIN in it: put that into a file, and its name into "
                "pin-source=file:/path";
    else if (!source || strncmp(source, "file:/", 6) != 0)
        fault = "needs pin-source=file:/path for the PIN";
    p11_kit_uri_free(uri);
    return fault;
}

static void key_fail(struct hsm_key *key, const char *what, CK_RV error) {
    char fault[sizeof key->fault];
    if (error == CKR_OK)
        snprintf(fault, sizeof fault, "%s", what);
    else
        snprintf(fault, sizeof fault, "%s: %s", what, p11_kit_strerror(error));
    pthread_mutex_lock(&key->lock);
    bool said = *key->fault;
    memcpy(key->fault, fault, sizeof fault);
    key->failed = clock_elapsed();
    key->generation++;
    pthread_mutex_unlock(&key->lock);
    if (!said)
        log_error("hsm.trouble", ": %s; see that the token is there", fault);
}

static void key_is_well(struct hsm_key *key) {
    pthread_mutex_lock(&key->lock);
    bool was = *key->fault;
    *key->fault = '\0';
    pthread_mutex_unlock(&key->lock);
    if (was)
        log_info("hsm.there_again", ": keys in the token are used again");
}

/* ---- a session ---- */

static bool token_fits(CK_FUNCTION_LIST *module, CK_SLOT_ID slot,
                       P11KitUri *uri) {
    CK_TOKEN_INFO token;
    return module->C_GetTokenInfo(slot, &token) == CKR_OK &&
           p11_kit_uri_match_token_info(uri, &token);
}

static bool slot_find(CK_FUNCTION_LIST *module, P11KitUri *uri,
                      CK_SLOT_ID *slot) {
    CK_SLOT_ID slots[64];
    CK_ULONG count = sizeof slots / sizeof *slots;
    if (module->C_GetSlotList(CK_TRUE, slots, &count) != CKR_OK)
        return false;
    for (CK_ULONG i = 0; i < count; i++)
        if (token_fits(module, slots[i], uri)) {
            *slot = slots[i];
            return true;
        }
    return false;
}

static CK_FUNCTION_LIST *module_find(P11KitUri *uri, CK_SLOT_ID *slot) {
    const char *path = p11_kit_uri_get_module_path(uri);
    CK_FUNCTION_LIST *one[2] = {NULL}, **m = one;
    pthread_mutex_lock(&load_lock);
    if (path)
        one[0] = module_named(path);
    else if (!configured)
        configured = p11_kit_modules_load_and_initialize(0);
    if (!path && configured)
        m = configured;
    while (*m && !slot_find(*m, uri, slot))
        m++;
    pthread_mutex_unlock(&load_lock);
    return *m;
}

/* False: there is no such file, or nothing in it. */
static bool pin_read(P11KitUri *uri, char pin[static MOST_PIN]) {
    const char *source = p11_kit_uri_get_pin_source(uri);
    *pin = '\0';
    FILE *file = source ? fopen(source + strlen("file:"), "re") : NULL;
    bool read = file && fgets(pin, MOST_PIN, file);
    if (file)
        fclose(file);
    pin[strcspn(pin, "\r\n")] = '\0';
    return read;
}

/* The PIN is nowhere but here. */
static CK_RV session_log_in(const struct session *session, P11KitUri *uri) {
    char pin[MOST_PIN];
    if (!pin_read(uri, pin))
        return CKR_PIN_INVALID;
    CK_RV error = session->module->C_Login(session->handle, CKU_USER,
                                           (CK_UTF8CHAR *)pin, strlen(pin));
    explicit_bzero(pin, sizeof pin);
    return error == CKR_USER_ALREADY_LOGGED_IN ? CKR_OK : error;
}

/* The first private key that the URI's attributes fit. */
static CK_RV session_find_key(struct session *session, P11KitUri *uri) {
    CK_OBJECT_CLASS class = CKO_PRIVATE_KEY;
    CK_ATTRIBUTE wanted[3] = {{CKA_CLASS, &class, sizeof class}};
    CK_ULONG count = 1, found = 0;
    static const CK_ATTRIBUTE_TYPE types[] = {CKA_ID, CKA_LABEL};
    for (size_t i = 0; i < 2; i++) {
        CK_ATTRIBUTE *attribute = p11_kit_uri_get_attribute(uri, types[i]);
        if (attribute)
            wanted[count++] = *attribute;
    }
    CK_FUNCTION_LIST *m = session->module;
    CK_RV error = m->C_FindObjectsInit(session->handle, wanted, count);
    if (error != CKR_OK)
        return error;
    error = m->C_FindObjects(session->handle, &session->object, 1, &found);
    m->C_FindObjectsFinal(session->handle);
    return error != CKR_OK ? error : found ? CKR_OK : CKR_OBJECT_HANDLE_INVALID;
}

static bool session_open(struct hsm_key *key, struct session *session) {
    CK_SLOT_ID slot;
    session->epoch = epoch;
    session->module = module_find(key->uri, &slot);
    if (!session->module) {
        key_fail(key, "the token of the HSM is not there", CKR_OK);
        return false;
    }
    CK_RV error = session->module->C_OpenSession(slot, CKF_SERIAL_SESSION, NULL,
                                                 NULL, &session->handle);
    if (error != CKR_OK) {
        key_fail(key, "the token of the HSM gives no session", error);
        return false;
    }
    const char *what = "the token of the HSM does not take the PIN";
    error = session_log_in(session, key->uri);
    if (error == CKR_OK) {
        what = "the token of the HSM does not have the key";
        error = session_find_key(session, key->uri);
    }
    if (error == CKR_OK)
        return true;
    session->module->C_CloseSession(session->handle);
    key_fail(key, what, error);
    return false;
}

enum tried { WELL, RESTS, WRONG };

/* *generation is of it. RESTS: somebody has found lately that it is away. */
static enum tried session_take(struct hsm_key *key, struct session *session,
                               unsigned *generation) {
    bool have = false;
    pthread_mutex_lock(&key->lock);
    bool rests = *key->fault && clock_elapsed() - key->failed < PAUSE;
    while (!*key->fault && key->idle_count && !have) {
        *session = key->idle[--key->idle_count];
        have = session->epoch == epoch;
    }
    *generation = key->generation;
    if (*key->fault && !rests)
        key->failed = clock_elapsed(); /* the others rest meanwhile */
    pthread_mutex_unlock(&key->lock);
    if (!have && rests)
        return RESTS;
    return have || session_open(key, session) ? WELL : WRONG;
}

static void session_give_back(struct hsm_key *key,
                              const struct session *session,
                              unsigned generation) {
    pthread_mutex_lock(&key->lock);
    bool keep = generation == key->generation && key->idle_count < MOST_IDLE;
    if (keep)
        key->idle[key->idle_count++] = *session;
    pthread_mutex_unlock(&key->lock);
    if (!keep)
        session->module->C_CloseSession(session->handle);
}

/* What was opened before something failed. */
static void sessions_drop(struct hsm_key *key) {
    pthread_mutex_lock(&key->lock);
    while (key->idle_count) {
        const struct session *session = &key->idle[--key->idle_count];
        if (session->epoch == epoch)
            session->module->C_CloseSession(session->handle);
    }
    pthread_mutex_unlock(&key->lock);
}

/* ---- what it is used for ---- */

typedef CK_RV token_use(const struct session *session, struct span input,
                        uint8_t *output);

static CK_RV use_to_sign(const struct session *session, struct span hash,
                         uint8_t *signature) {
    CK_MECHANISM mechanism = {CKM_ECDSA, NULL, 0};
    CK_ULONG len = HSM_SIGNATURE;
    CK_RV error = session->module->C_SignInit(session->handle, &mechanism,
                                              session->object);
    if (error == CKR_OK)
        error = session->module->C_Sign(session->handle,
                                        (CK_BYTE *)(uintptr_t)hash.data,
                                        hash.len, signature, &len);
    return error == CKR_OK && len != HSM_SIGNATURE ? CKR_KEY_SIZE_RANGE : error;
}

static CK_RV secret_fetch(const struct session *session,
                          CK_OBJECT_HANDLE secret, uint8_t *z) {
    CK_ATTRIBUTE value = {CKA_VALUE, z, HSM_SECRET};
    CK_RV error = session->module->C_GetAttributeValue(session->handle, secret,
                                                       &value, 1);
    session->module->C_DestroyObject(session->handle, secret);
    return error == CKR_OK && value.ulValueLen != HSM_SECRET
               ? CKR_KEY_SIZE_RANGE
               : error;
}

static CK_RV use_to_agree(const struct session *session, struct span point,
                          uint8_t *z) {
    CK_ECDH1_DERIVE_PARAMS params = {.kdf = CKD_NULL,
                                     .ulPublicDataLen = point.len,
                                     .pPublicData =
                                         (CK_BYTE *)(uintptr_t)point.data};
    CK_MECHANISM mechanism = {CKM_ECDH1_DERIVE, &params, sizeof params};
    CK_OBJECT_CLASS class = CKO_SECRET_KEY;
    CK_KEY_TYPE type = CKK_GENERIC_SECRET;
    CK_ULONG len = HSM_SECRET;
    CK_BBOOL yes = CK_TRUE, no = CK_FALSE;
    CK_ATTRIBUTE wanted[] = {
        {CKA_CLASS, &class, sizeof class},   {CKA_KEY_TYPE, &type, sizeof type},
        {CKA_TOKEN, &no, sizeof no},         {CKA_SENSITIVE, &no, sizeof no},
        {CKA_EXTRACTABLE, &yes, sizeof yes}, {CKA_VALUE_LEN, &len, sizeof len}};
    CK_OBJECT_HANDLE secret;
    CK_RV error = session->module->C_DeriveKey(
        session->handle, &mechanism, session->object, wanted,
        sizeof wanted / sizeof *wanted, &secret);
    return error == CKR_OK ? secret_fetch(session, secret, z) : error;
}

/* Once more in a new session: the token may have been away meanwhile. */
static enum tried key_try(struct hsm_key *key, token_use *use,
                          struct span input, uint8_t *output) {
    CK_RV error = CKR_OK;
    for (int tries = 0; tries < 2; tries++) {
        struct session session;
        unsigned generation;
        enum tried taken = session_take(key, &session, &generation);
        if (taken != WELL)
            return taken;
        error = use(&session, input, output);
        if (error == CKR_OK) {
            session_give_back(key, &session, generation);
            key_is_well(key);
            return WELL;
        }
        session.module->C_CloseSession(session.handle);
        sessions_drop(key);
    }
    key_fail(key, "the token of the HSM does not use the key", error);
    return WRONG;
}

static bool key_use(struct hsm_key *key, token_use *use, struct span input,
                    uint8_t *output) {
    pthread_rwlock_rdlock(&modules_lock);
    enum tried tried = key_try(key, use, input, output);
    pthread_rwlock_unlock(&modules_lock);
    if (tried == WRONG)
        modules_restart();
    return tried == WELL;
}

bool hsm_sign(struct hsm_key *key, const uint8_t hash[static HSM_HASH],
              uint8_t signature[static HSM_SIGNATURE]) {
    return key_use(key, use_to_sign, span_of(hash, HSM_HASH), signature);
}

size_t hsm_sign_der(struct hsm_key *key, const uint8_t hash[static HSM_HASH],
                    uint8_t der[static HSM_MOST_DER]) {
    enum { HALF = HSM_SIGNATURE / 2 };
    uint8_t raw[HSM_SIGNATURE];
    ECDSA_SIG *both = ECDSA_SIG_new();
    bool good = both && hsm_sign(key, hash, raw) &&
                ECDSA_SIG_set0(both, BN_bin2bn(raw, HALF, NULL),
                               BN_bin2bn(raw + HALF, HALF, NULL)) == 1;
    int len = good ? i2d_ECDSA_SIG(both, &der) : 0;
    ECDSA_SIG_free(both);
    return len > 0 ? (size_t)len : 0;
}

bool hsm_agree(struct hsm_key *key, struct span point,
               uint8_t z[static HSM_SECRET]) {
    return key_use(key, use_to_agree, point, z);
}

static CK_RV use_nothing(const struct session *session, struct span input,
                         uint8_t *output) {
    (void)session, (void)input, (void)output;
    return CKR_OK;
}

/* ---- is it there? ---- */

static bool key_is_wrong(struct hsm_key *key) {
    pthread_mutex_lock(&key->lock);
    bool wrong = *key->fault;
    pthread_mutex_unlock(&key->lock);
    return wrong;
}

/* Who is asked whether all is well looks: perhaps nobody else uses the key
 * until it is. */
const char *hsm_fault(struct arena *arena) {
    const char *fault = NULL;
    pthread_mutex_lock(&all_lock);
    for (struct hsm_key *key = all; key && !fault; key = key->next) {
        if (!key_is_wrong(key) ||
            key_use(key, use_nothing, (struct span){0}, NULL))
            continue;
        pthread_mutex_lock(&key->lock);
        fault = arena_printf(arena, "%s", key->fault);
        pthread_mutex_unlock(&key->lock);
    }
    pthread_mutex_unlock(&all_lock);
    return fault;
}

/* ---- beginning and end ---- */

static void key_unlist(const struct hsm_key *key) {
    pthread_mutex_lock(&all_lock);
    struct hsm_key **at = &all;
    while (*at && *at != key)
        at = &(*at)->next;
    if (*at)
        *at = key->next;
    pthread_mutex_unlock(&all_lock);
}

void hsm_key_close(struct hsm_key *key) {
    if (!key)
        return;
    key_unlist(key);
    sessions_drop(key);
    p11_kit_uri_free(key->uri);
    pthread_mutex_destroy(&key->lock);
    free(key);
}

struct hsm_key *hsm_key_expect(const char *uri) {
    struct hsm_key *key = memory_alloc(sizeof *key);
    *key = (struct hsm_key){.uri = uri_parse(uri)};
    pthread_mutex_init(&key->lock, NULL);
    pthread_mutex_lock(&all_lock);
    key->next = all;
    all = key;
    pthread_mutex_unlock(&all_lock);
    return key;
}

struct hsm_key *hsm_key_open(const char *uri, struct arena *arena,
                             const char **reason) {
    if ((*reason = hsm_uri_fault(uri)))
        return NULL;
    struct hsm_key *key = hsm_key_expect(uri);
    if (key_use(key, use_nothing, (struct span){0}, NULL))
        return key;
    *reason = arena_printf(arena, "%s", key->fault);
    hsm_key_close(key);
    return NULL;
}
