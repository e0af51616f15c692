/* The keys for messages to and from devices: which certificate's, in which
 * order, and the ACB's shared secrets. */
#include "support/check.h"
#include "support/device_world.h"
#include "support/gbcs_keys.h"

#include <openssl/ec.h>
#include <openssl/evp.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static void find(struct device_world *world, enum key_usage usage,
                 const eui64 *ids, size_t count, struct party_keys *keys) {
    assert_int_equal(party_keys_find(world->db, world->arena, KEY_OF_DEVICE,
                                     usage, ids, count, NOON, false, keys),
                     DONE);
}

static void one_statement_finds_all(void **state) {
    const eui64 ids[] = {PPMID, HUB, STRANGER, PPMID};
    struct party_keys keys;
    const struct party_key *key;
    find(*state, KEY_DIGITAL_SIGNATURE, ids, 4, &keys);
    assert_int_equal(keys.count, 2);
    assert_int_equal(party_keys_of(&keys, HUB, &key), 1);
    assert_true(key->id == HUB && key->key && !key->unfit);
    assert_int_equal(party_keys_of(&keys, PPMID, &key), 1);
    assert_int_equal(party_keys_of(&keys, STRANGER, &key), 0);
    assert_null(key);
    find(*state, KEY_DIGITAL_SIGNATURE, NULL, 0, &keys);
    assert_int_equal(keys.count, 0);
}

/* Fit ones first, the newest of them foremost. */
static void the_newest_fit_one_is_first(void **state) {
    struct device_world *world = *state;
    static const struct {
        unsigned number;
        const char *not_before, *not_after, *revoked_at, *unfit;
    } certificates[] = {
        {11, "2029-01-01", NULL, NULL, NULL},
        {12, "2028-01-01", NULL, NULL, NULL},
        {13, "2031-01-01", NULL, NULL, "not valid yet"},
        {14, "2029-12-01", NULL, "2029-12-02", "revoked"},
        {15, "2021-01-01", "2029-12-31", NULL, "expired"},
    };
    enum { COUNT = sizeof certificates / sizeof *certificates };
    world_script(world, "delete from certificate");
    for (int i = COUNT; i-- > 0;) {
        EVP_PKEY *key = key_of_number(certificates[i].number);
        world_certify(world, ESME, key, true, certificates[i].not_before,
                      certificates[i].not_after, certificates[i].revoked_at);
        EVP_PKEY_free(key);
    }
    const eui64 id = ESME;
    struct party_keys keys;
    const struct party_key *key;
    find(world, KEY_AGREEMENT, &id, 1, &keys);
    assert_int_equal(party_keys_of(&keys, ESME, &key), COUNT);
    for (size_t i = 0; i < COUNT; i++, key++) {
        if (certificates[i].unfit) {
            assert_string_equal(key->unfit, certificates[i].unfit);
            assert_null(key->key);
            continue;
        }
        EVP_PKEY *own = key_of_number(certificates[i].number);
        assert_int_equal(EVP_PKEY_eq(key->key, own), 1);
        EVP_PKEY_free(own);
    }
}

static void what_is_no_certificate_is_unreadable(void **state) {
    struct device_world *world = *state;
    static const char *const damage[] = {
        "''",
        "'\\x30'",
        "'\\x3082'",
        "substr(der, 1, 150)",
        /* another curve's name in the AlgorithmIdentifier */
        "overlay(der placing '\\x08' from position('\\x2a8648ce3d030107'"
        " in der) + 7 for 1)",
        /* no point of the curve */
        "overlay(der placing '\\x0400' from position('\\x034200'::bytea in der)"
        " + 3 for 2)",
    };
    const eui64 id = HUB;
    for (size_t i = 0; i < sizeof damage / sizeof *damage; i++) {
        struct party_keys keys;
        world_script(world,
                     "create table if not exists whole as"
                     " select * from certificate; delete from certificate;"
                     "insert into certificate select * from whole;"
                     "update certificate set der = %s where eui64 = " ID_FORMAT,
                     damage[i], ID(HUB));
        find(world, KEY_DIGITAL_SIGNATURE, &id, 1, &keys);
        assert_int_equal(keys.count, 1);
        assert_string_equal(keys.keys[0].unfit, "unreadable");
    }
}

/* ---- the ACB's ---- */

static struct party_key device_key(unsigned number) {
    struct party_key key = {.id = number, .key = key_of_number(number)};
    uint8_t point[65];
    size_t len;
    assert_int_equal(EVP_PKEY_get_octet_string_param(key.key, "encoded-pub-key",
                                                     point, sizeof point, &len),
                     1);
    memcpy(key.x, point + 1, sizeof key.x);
    return key;
}

enum { DEVICES = 12, KEPT = 5 };

struct user {
    struct acb_key *acb;
    struct party_key *devices;
    uint8_t (*expected)[GBCS_SECRET_LEN];
    pthread_t thread;
    unsigned wrong;
};

/* In an order that keeps, drops and keeps again. */
static void *use(void *context) {
    struct user *user = context;
    for (unsigned i = 0; i < 400; i++) {
        unsigned n = i * i % DEVICES;
        uint8_t z[GBCS_SECRET_LEN];
        if (acb_secret(user->acb, &user->devices[n], z) != DONE ||
            memcmp(z, user->expected[n], sizeof z) != 0)
            user->wrong++;
    }
    return NULL;
}

static void secrets_are_right_from_memory_or_not(void **state) {
    (void)state;
    const char *reason;
    EVP_PKEY *own = key_of_number(99);
    struct party_key devices[DEVICES];
    uint8_t expected[DEVICES][GBCS_SECRET_LEN];
    for (unsigned n = 0; n < DEVICES; n++) {
        devices[n] = device_key(n);
        assert_true(gbcs_shared_secret(devices[n].key, own, expected[n]));
    }
    for (size_t kept = 1; kept <= 2 * DEVICES; kept += KEPT) {
        struct acb_key *acb = acb_key_new(own, kept, &reason);
        struct user users[2];
        for (int i = 0; i < 2; i++) {
            users[i] = (struct user){
                .acb = acb, .devices = devices, .expected = expected};
            assert_int_equal(
                pthread_create(&users[i].thread, NULL, use, &users[i]), 0);
        }
        for (int i = 0; i < 2; i++) {
            pthread_join(users[i].thread, NULL);
            assert_int_equal(users[i].wrong, 0);
        }
        acb_key_free(acb);
    }
    for (unsigned n = 0; n < DEVICES; n++)
        EVP_PKEY_free(devices[n].key);
    EVP_PKEY_free(own);
}

static void an_unfit_key_gives_no_secret(void **state) {
    struct device_world *world = *state;
    uint8_t z[GBCS_SECRET_LEN];
    const struct party_key unfit = {.unfit = "expired"};
    assert_int_equal(acb_secret(world->receiving.acb, &unfit, z), REFUSED);
}

static const char KEY_FILE[] = "-----BEGIN EC PRIVATE KEY-----\n"
                               "not a key\n"
                               "-----END EC PRIVATE KEY-----\n";

static void key_files_are_refused_with_a_reason(void **state) {
    (void)state;
    const char *reason = NULL;
    assert_null(acb_key_load(NULL, "/nonexistent/ka.key", 1, &reason));
    assert_string_equal(reason, "cannot be read");
    char path[] = "/tmp/fotad-keys-XXXXXX";
    int fd = mkstemp(path);
    assert_int_equal(write(fd, KEY_FILE, sizeof KEY_FILE - 1),
                     sizeof KEY_FILE - 1);
    close(fd);
    assert_null(acb_key_load(NULL, path, 1, &reason));
    assert_string_equal(reason, "is no PEM private key without a password");
    unlink(path);
    EVP_PKEY *other = EVP_EC_gen("P-384");
    assert_null(acb_key_new(other, 1, &reason));
    assert_string_equal(reason, "is no private key on P-256");
    EVP_PKEY_free(other);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        WORLD_TEST(one_statement_finds_all),
        WORLD_TEST(the_newest_fit_one_is_first),
        WORLD_TEST(what_is_no_certificate_is_unreadable),
        cmocka_unit_test(secrets_are_right_from_memory_or_not),
        WORLD_TEST(an_unfit_key_gives_no_secret),
        cmocka_unit_test(key_files_are_refused_with_a_reason),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
