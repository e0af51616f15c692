/*
 * Which messages are believed: signatures and MACs against the certificates in
 * the store (decisions 5, 11, 19 and 20), and that a message is believed once,
 * whoever takes it.
 */
#include "support/check.h"
#include "support/device_world.h"
#include "support/evidence.h"
#include "support/gbcs_keys.h"

#include "fotasim/device_key.h"

#include <openssl/evp.h>
#include <pthread.h>
#include <stdio.h>

/* From the hub: the PPMID has its image. */
static struct said alert(uint64_t counter) {
    return (struct said){
        .from = HUB,
        .to = ACB,
        .counter = counter,
        .code = GBCS_CODE_CCS08,
        .cra = GBCS_ALERT,
        .payload = {GBCS_TRANSFER_ALERT, 0x8F8A, .has_time = true, .time = NOON,
                    .device = PPMID, .firmware_version = 0x2A}};
}

/* From the PPMID: its answer to the ACB's command 1300, of S1's 2000. */
static struct said response(void) {
    return (struct said){
        .from = PPMID,
        .to = ACB,
        .counter = 1300,
        .code = GBCS_CODE_CS08,
        .cra = GBCS_RESPONSE,
        .payload = {GBCS_READ_RESULT, .firmware_version = 0x29},
        .party = S1,
        .party_counter = 2000};
}

static void begin(struct device_world *world) {
    world_begin(world);
    world->config.accept_expired = false;
    world_update(world, PPMID, 1, "SUCCESSFUL_CH_TRANSFER");
    world_script(world,
                 "delete from service_request where request_no > 2;"
                 "with r as (insert into service_request (originator, target,"
                 " counter, stage, used, service, service_reference_variant,"
                 " command_variant, content, received) values (" ID_FORMAT
                 ", " ID_FORMAT ", 2000, 1, true, 'serviceS', '11.2', 1,"
                 " sha256('y'), '2030-01-01') returning request_no)"
                 " insert into device_command (request_no, device_id,"
                 " device_type, chf_id, csp, originator, counter,"
                 " message_code, state, created, next_try, payload)"
                 " select request_no, " ID_FORMAT ", 'PPMID', " ID_FORMAT
                 ", 'north', " ID_FORMAT ", 1300, x'0129'::integer, 'sent',"
                 " '2030-01-01', '2030-01-01', '' from r",
                 ID(S1), ID(PPMID), ID(PPMID), ID(HUB), ID(ACB));
}

/* A good message has an effect, another one none at all. */
static void expect_believed(struct device_world *world, const char *name,
                            const char *detail) {
    bool believed = !*detail;
    world_expect_end(world, name, believed ? "done" : "unverified", detail);
    world_expect(world, name,
                 "select ((select count(*) from alert) > 0"
                 " or exists (select from tracking"
                 "  where status = 'SUCCESSFUL_HAN_TRANSFER')"
                 " or exists (select from device_command"
                 "  where state = 'answered'))::text",
                 believed ? "true" : "false");
}

/* ---- certificates ---- */

struct row {
    const char *name;
    /* of the sender's one certificate; NULL: fit */
    const char *not_before, *not_after, *revoked_at;
    bool accept_expired;
    const char *detail; /* with SIGNATURE or MAC in the place of %s */
};

static const struct row rows[] = {
    {"valid", NULL, NULL, NULL, false, ""},
    {"valid on its last day", NULL, "2030-01-01 12:00Z", NULL, false, ""},
    {"expired", NULL, "2030-01-01 11:59Z", NULL, false,
     "its %s certificate is expired"},
    {"expired, accepted", NULL, "2029-12-31", NULL, true, ""},
    {"not valid yet", "2030-01-01 12:01Z", NULL, NULL, false,
     "its %s certificate is not valid yet"},
    {"revoked", NULL, NULL, "2030-01-01 12:00Z", false,
     "its %s certificate is revoked"},
    {"revoked, expired accepted", NULL, NULL, "2029-01-01", true,
     "its %s certificate is revoked"},
    {"revoked later", NULL, NULL, "2030-01-02", false, ""},
};

static void certify(struct device_world *world, eui64 id, bool agrees,
                    const struct row *row) {
    EVP_PKEY *key = sim_device_key(7, id, agrees ? SIM_AGREES : SIM_SIGNS);
    world_certify(world, id, key, agrees, row->not_before, row->not_after,
                  row->revoked_at);
    EVP_PKEY_free(key);
}

static void every_certificate(void **state) {
    struct device_world *world = *state;
    for (int agrees = 0; agrees < 2; agrees++)
        for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
            struct said said = agrees ? response() : alert(1);
            begin(world);
            world->config.accept_expired = rows[i].accept_expired;
            world_script(world,
                         "delete from certificate where eui64 ="
                         " " ID_FORMAT,
                         ID(said.from));
            certify(world, said.from, agrees, &rows[i]);
            world_hear(world, &said);
            world_take(world);
            char *cut = arena_text(world->arena, span_text(rows[i].detail));
            char *gap = strstr(cut, "%s");
            const char *detail = cut;
            if (gap) {
                *gap = '\0';
                detail = arena_printf(world->arena, "%s%s%s", cut,
                                      agrees ? "MAC" : "signature", gap + 2);
            }
            expect_believed(world, rows[i].name, detail);
        }
}

static void without_a_certificate(void **state) {
    struct device_world *world = *state;
    begin(world);
    world_script(world,
                 "delete from certificate where eui64 = " ID_FORMAT
                 " and usage = 'ds'",
                 ID(HUB));
    struct said said = alert(1);
    world_hear(world, &said);
    world_take(world);
    expect_believed(world, "no certificate",
                    "no signature certificate of the device is known");
    /* an organisation's does not do for a device */
    begin(world);
    world_script(world, "update certificate set role = 'Supplier'");
    said.from = HUB_2;
    world_hear(world, &said);
    world_take(world);
    expect_believed(world, "a supplier's",
                    "no signature certificate of the device is known");
}

/* ---- a certificate that comes later ---- */

static void withhold(struct device_world *world, eui64 id) {
    world_script(world, "delete from certificate where eui64 = " ID_FORMAT,
                 ID(id));
}

/* As an import ends. */
static const char *retry(struct device_world *world, eui64 id) {
    return world_ask(world, "select retry_messages(array[" ID_FORMAT "])::text",
                     ID(id));
}

static const struct row fit, expired = {.not_after = "2029-12-31"};

static void a_message_is_believed_once_its_certificate_is_there(void **state) {
    struct device_world *world = *state;
    for (int agrees = 0; agrees < 2; agrees++)
        for (int unfit = 0; unfit < 2; unfit++) {
            struct said said = agrees ? response() : alert(1);
            begin(world);
            withhold(world, said.from);
            if (unfit)
                certify(world, said.from, agrees, &expired);
            world_hear(world, &said);
            world_take(world);
            /* not of its party: it stays */
            assert_string_equal(retry(world, ESME), "0");
            assert_int_equal(world_take(world), 0);
            certify(world, said.from, agrees, &fit);
            assert_string_equal(retry(world, said.from), "1");
            assert_int_equal(world_take(world), 1);
            expect_believed(world, "later", "");
            assert_string_equal(retry(world, said.from), "0");
        }
}

/* One that is not good, or that cannot be read, is not for want of one. */
static void what_is_not_good_is_not_tried_again(void **state) {
    struct device_world *world = *state;
    struct said said = alert(1);
    said.signer = HUB_2;
    begin(world);
    world_hear(world, &said);
    world_take(world);
    assert_string_equal(retry(world, HUB), "0");
    /* nor when it turns out so later */
    begin(world);
    withhold(world, HUB);
    world_hear(world, &said);
    world_take(world);
    certify(world, HUB, false, &fit);
    assert_string_equal(retry(world, HUB), "1");
    world_take(world);
    expect_believed(world, "forged", "the signature is not good");
    assert_string_equal(retry(world, HUB), "0");
}

/* A forgery of the same counter waited too. */
static void of_two_that_waited_one_is_believed(void **state) {
    struct device_world *world = *state;
    struct said said = alert(1), forged = alert(1);
    forged.signer = HUB_2;
    begin(world);
    withhold(world, HUB);
    world_hear(world, &forged);
    world_hear(world, &said);
    world_take(world);
    certify(world, HUB, false, &fit);
    assert_string_equal(retry(world, HUB), "2");
    world_take(world);
    expect_believed(world, "genuine", "");
    world_expect_told(world, "genuine", "N62 S1");
}

/* Old and new at once: all verify, an unfit one does not get in the way. */
static void several_certificates(void **state) {
    struct device_world *world = *state;
    EVP_PKEY *newer = key_of_number(50), *revoked = key_of_number(51);
    for (int agrees = 0; agrees < 2; agrees++) {
        struct said said = agrees ? response() : alert(1);
        begin(world);
        world_certify(world, said.from, newer, agrees, "2029-01-01", NULL,
                      NULL);
        world_certify(world, said.from, revoked, agrees, "2029-06-01", NULL,
                      "2029-07-01");
        world_hear(world, &said);
        world_take(world);
        expect_believed(world, "the older one", "");
    }
    EVP_PKEY_free(newer);
    EVP_PKEY_free(revoked);
}

/* ---- forgeries ---- */

static void another_devices_key(void **state) {
    struct device_world *world = *state;
    struct said said = alert(1);
    begin(world);
    said.signer = HUB_2;
    world_hear(world, &said);
    world_take(world);
    expect_believed(world, "signature", "the signature is not good");

    said = response();
    said.signer = ESME;
    begin(world);
    world_hear(world, &said);
    world_take(world);
    expect_believed(world, "MAC", "the MAC is not good");
}

/* Every octet of what is signed or MACed counts. Those that the message cannot
 * be read without are the parser's business. */
static void altered_octets(void **state) {
    struct device_world *world = *state;
    for (int agrees = 0; agrees < 2; agrees++) {
        struct said said = agrees ? response() : alert(1);
        struct buffer good = {0};
        world_say(&said, &good);
        for (size_t at = 0; at < good.len; at += 3) {
            struct gbcs_message message;
            const char *reason;
            good.data[at] ^= 1;
            bool reads =
                gbcs_message_parse(buffer_span(&good), &message, &reason);
            if (reads) {
                begin(world);
                world_put(world, buffer_span(&good));
                world_take(world);
                world_expect(world, arena_printf(world->arena, "%zu", at),
                             "select count(*)::text from alert", "0");
            }
            good.data[at] ^= 1;
        }
        buffer_free(&good);
    }
}

static void a_forgery_does_not_keep_the_genuine_one_out(void **state) {
    struct device_world *world = *state;
    for (int together = 0; together < 2; together++) {
        begin(world);
        struct said said = alert(1), forged = said;
        forged.signer = HUB_2;
        world_hear(world, &forged);
        if (!together)
            world_take(world);
        world_hear(world, &said);
        world_take(world);
        expect_believed(world, "genuine", "");
        world_expect_told(world, "genuine", "N62 S1");
    }
}

/* ---- many ---- */

enum { MANY = 10000 };

static void put_many(struct device_world *world) {
    /* hubs with signatures made by one key, devices with an update each */
    world_script(
        world,
        "insert into smi_device (device_id, chf_id, device_type,"
        " device_status, smets_version, firmware_version)"
        " select d, d, 'CHF', 'Commissioned', 'SMETS2', '\\x00000029'"
        " from (select ('00DC' || lpad(to_hex(n), 12, '0'))::macaddr8"
        "  from generate_series(1, %d) n) x (d);"
        "insert into smi_device (device_id, chf_id, device_type,"
        " device_status, smets_version, firmware_version)"
        " select ('00DD' || lpad(to_hex(n), 12, '0'))::macaddr8,"
        " ('00DC' || lpad(to_hex(n), 12, '0'))::macaddr8, 'PPMID',"
        " 'Commissioned', 'SMETS2', '\\x00000029'"
        " from generate_series(1, %d) n;"
        "with job as (insert into csp_job (request_no, csp, device_type,"
        " devices, created, state, next_try, ended, reported, posted)"
        " values (1,"
        " 'north', 'PPMID', 1, '2025-01-01', 'handed_over', '2030-01-01',"
        " '2030-01-01', '2030-01-01', 1) returning job_no)"
        "insert into tracking_live (device_id, chf_id, request_no, job_no,"
        " last_updated, release_due, status, device_type, csp,"
        " responsible_supplier_ids," EVIDENCE_COLUMNS ")"
        " select device_id, chf_id, 1, job_no, v.t, '2030-01-02', v.s,"
        " device_type, 'north', '{90B3D51F30010000}'::macaddr8[]," EVIDENCE
        " from smi_device, job, (values ("
        " 'SUCCESSFUL_CH_TRANSFER'::processing_status,"
        " timestamptz '2030-01-01')) v (s, t)"
        " where device_id >= '00DD000000000000' and device_type = 'PPMID';"
        "insert into certificate select 'CN=Z1,OU=07', 1000000 + n,"
        " ('00DC' || lpad(to_hex(n), 12, '0'))::macaddr8, 'Device', 'ds',"
        " '2020-01-01', '9999-12-31', null, der"
        " from generate_series(1, %d) n, (select der from certificate"
        "  where eui64 = " ID_FORMAT " and usage = 'ds') c;"
        "analyze smi_device, tracking_live, certificate",
        MANY, MANY, MANY, ID(HUB));
    for (unsigned n = 1; n <= MANY; n++) {
        struct said said = alert(1);
        said.from = 0x00DC000000000000 + n;
        said.signer = HUB;
        said.payload.device = 0x00DD000000000000 + n;
        world_hear(world, &said);
    }
    world_script(world, "analyze gbcs_message");
}

static void expect_many(struct device_world *world) {
    world_expect(world, "moved",
                 "select count(*)::text from tracking_live"
                 " where status = 'SUCCESSFUL_HAN_TRANSFER'",
                 "10000");
    world_expect(world, "told",
                 "select concat_ws(' ', count(*), count(distinct device_id))"
                 " from alert where code = 'N62'",
                 "10000 10000");
    world_expect(world, "taken",
                 "select string_agg(state || ' ' || n, ', ') from (select"
                 " state, count(*) as n from gbcs_message group by state) x",
                 "done 10000");
}

static void ten_thousand_in_one_batch(void **state) {
    struct device_world *world = *state;
    world_begin(world);
    put_many(world);
    instant start = clock_elapsed();
    assert_int_equal(world_take(world), MANY);
    printf("%d alerts in one batch: %.2f s\n", MANY,
           (double)(clock_elapsed() - start) / SECOND);
    expect_many(world);
}

struct taker {
    struct device_world *world;
    pthread_t thread;
    size_t taken;
    enum outcome outcome;
};

static void *take_until_empty(void *context) {
    struct taker *taker = context;
    struct db *db = db_open(taker->world->conninfo, "taker");
    struct arena *arena = arena_new();
    struct received taken;
    do {
        taker->outcome = receive_batch(&taker->world->receiving, db, arena,
                                       1000, NOON, &taken);
        taker->taken += taken.count;
    } while (taker->outcome == DONE && taken.count);
    arena_free(arena);
    db_close(db);
    return NULL;
}

/* As two workers do, or two processes. */
static void two_takers_take_each_once(void **state) {
    struct taker takers[2] = {{.world = *state}, {.world = *state}};
    world_begin(*state);
    put_many(*state);
    instant start = clock_elapsed();
    for (int i = 0; i < 2; i++)
        assert_int_equal(pthread_create(&takers[i].thread, NULL,
                                        take_until_empty, &takers[i]),
                         0);
    for (int i = 0; i < 2; i++) {
        pthread_join(takers[i].thread, NULL);
        assert_int_equal(takers[i].outcome, DONE);
    }
    printf("%d alerts, two takers: %.2f s\n", MANY,
           (double)(clock_elapsed() - start) / SECOND);
    assert_int_equal(takers[0].taken + takers[1].taken, MANY);
    expect_many(*state);
}

/* An import that ends while a batch finds its certificate missing. */
static void a_certificate_may_come_meanwhile(void **state) {
    struct device_world *world = *state;
    struct taker taker = {.world = world};
    struct sql *importing = sql_open(world->conninfo);
    struct said said = alert(1);
    begin(world);
    world_script(world,
                 "create table kept as select * from certificate where"
                 " eui64 = " ID_FORMAT,
                 ID(HUB));
    withhold(world, HUB);
    world_hear(world, &said);
    sql_do(importing,
           "begin; insert into certificate select * from kept;"
           " select retry_messages(array[" ID_FORMAT "])",
           ID(HUB));
    assert_int_equal(
        pthread_create(&taker.thread, NULL, take_until_empty, &taker), 0);
    sql_expect_soon(world->sql, "t",
                    "select exists (select from pg_locks where locktype ="
                    " 'advisory' and not granted)");
    sql_do(importing, "commit");
    pthread_join(taker.thread, NULL);
    sql_close(importing);
    expect_believed(world, "meanwhile", "");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        WORLD_TEST(every_certificate),
        WORLD_TEST(without_a_certificate),
        WORLD_TEST(a_message_is_believed_once_its_certificate_is_there),
        WORLD_TEST(what_is_not_good_is_not_tried_again),
        WORLD_TEST(of_two_that_waited_one_is_believed),
        WORLD_TEST(a_certificate_may_come_meanwhile),
        WORLD_TEST(several_certificates),
        WORLD_TEST(another_devices_key),
        WORLD_TEST(altered_octets),
        WORLD_TEST(a_forgery_does_not_keep_the_genuine_one_out),
        WORLD_TEST(ten_thousand_in_one_batch),
        WORLD_TEST(two_takers_take_each_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
