#include "support/device_world.h"

#include "support/check.h"
#include "support/evidence.h"
#include "support/gbcs_keys.h"
#include "support/pg.h"

#include "fotasim/device_key.h"
#include "gbcs/build.h"
#include "tracking/transition.h"

#include <openssl/x509.h>
#include <stdio.h>

enum { SEED = 7, ACB_KEY = 1, USER_KEY = 2 };

static const char estate[] =
    "insert into smi_device (device_id, chf_id, device_type, device_status,"
    " smets_version, csp_region, import_supplier_id, gas_supplier_id,"
    " manufacturer_id, model_id, hardware_version, hardware_revision,"
    " firmware_version) select ('00DB000000000' || d)::macaddr8,"
    " ('00DB000000000' || left(d, 1) || '00')::macaddr8, t::device_type,"
    " 'Commissioned', 'SMETS2', case t when 'CHF' then 'North'::csp_region end,"
    " i::macaddr8, g::macaddr8, 1, 1, 1, 0, '\\x00000029'"
    " from (values ('100', 'CHF', null, null),"
    "  ('101', 'ESME', '90B3D51F30010000', null),"
    "  ('102', 'GSME', null, '90B3D51F30020000'),"
    "  ('103', 'PPMID', null, null), ('104', 'HCALCS', null, null),"
    "  ('200', 'CHF', null, null),"
    "  ('201', 'ESME', '90B3D51F30030000', null)) as x (d, t, i, g);"
    "select refresh_homes(null);"
    "insert into cpl_entry select t || v, t::device_type, 1, 1, 1, 0,"
    " decode('000000' || v, 'hex'), null, s::cpl_status"
    " from unnest(array['CHF', 'ESME', 'GSME', 'PPMID', 'HCALCS']) t,"
    " (values ('2A', 'Active'), ('2B', 'Withdrawn')) as x (v, s);"
    "insert into service_user select ('90B3D51F300' || n || '0000')::macaddr8,"
    " 'supplier ' || n, '{IS,GS}', 'active', null, '5.4'"
    " from generate_series(1, 3) n;"
    "insert into service_request (originator, target, counter, stage, used,"
    " service, service_reference_variant, command_variant, content, received,"
    " firmware_version) select ('90B3D51F300' || n || '0000')::macaddr8,"
    " '90B3D51F30000002', 9000 + n, 1, true, 'serviceD', '11.1', 8,"
    " sha256('x'), '2030-01-01', decode('0000002' || v, 'hex')"
    " from (values (1, 'A'), (2, 'B')) as x (n, v) order by n;";

static const eui64 devices[] = {HUB, ESME, GSME, PPMID, HCALCS, HUB_2, ESME_2};

void world_certify(struct device_world *world, eui64 device, EVP_PKEY *key,
                   bool agrees, const char *not_before, const char *not_after,
                   const char *revoked_at) {
    static unsigned serial;
    static const struct db_statement put = {
        "put_certificate",
        "insert into certificate values ('CN=Z1,OU=07', $1, $2, 'Device',"
        " $3::certificate_usage, $4::text::timestamptz,"
        " $5::text::timestamptz, $6::text::timestamptz, $7)"};
    unsigned char *der = NULL;
    struct certificate_wish wish = {.id = device, .key_agreement = agrees};
    int len = i2d_X509(
        certificate_issue(world->life, &world->authority, key, &wish), &der);
    struct db_params params = DB_PARAMS(world->arena);
    db_uint8(&params, ++serial);
    db_eui64(&params, device);
    db_text(&params, agrees ? "ka" : "ds");
    db_text(&params, not_before ? not_before : "2020-01-01");
    db_text(&params, not_after ? not_after : "9999-12-31");
    db_text(&params, revoked_at);
    db_bytea(&params, span_of(der, (size_t)len));
    assert_int_equal(db_run(world->db, &put, &params, world->arena, NULL),
                     DONE);
    OPENSSL_free(der);
}

static void certify_all(struct device_world *world) {
    for (size_t i = 0; i < sizeof devices / sizeof *devices; i++)
        for (int agrees = 0; agrees < 2; agrees++) {
            EVP_PKEY *key = sim_device_key(SEED, devices[i],
                                           agrees ? SIM_AGREES : SIM_SIGNS);
            world_certify(world, devices[i], key, agrees, NULL, NULL, NULL);
            EVP_PKEY_free(key);
        }
}

struct device_world *device_world_new(void) {
    static struct device_world world;
    world = (struct device_world){.conninfo = pg_tracking_database(),
                                  .arena = arena_new(),
                                  .life = arena_new()};
    const char *reason;
    world.authority = authority_new(world.life);
    assert_true(config_read(&world.config, NULL, world.life, &reason));
    world.config.regions[0] = (struct config_region){"North", "north"};
    world.config.region_count = 1;
    world.config.database_conninfo = pg_as_daemon(world.conninfo);
    world.db = db_open(world.conninfo, "device test");
    world.sql = sql_open(world.conninfo);
    world_script(&world, "%s", estate);
    EVP_PKEY *key = key_of_number(ACB_KEY);
    world.receiving = (struct receiving){.config = &world.config,
                                         .acb = acb_key_new(key, 4, &reason)};
    EVP_PKEY_free(key);
    certify_all(&world);
    return &world;
}

void device_world_free(struct device_world *world) {
    acb_key_free(world->receiving.acb);
    db_close(world->db);
    sql_close(world->sql);
    arena_free(world->arena);
    arena_free(world->life);
}

int world_set_up(void **state) {
    *state = device_world_new();
    return 0;
}

int world_tear_down(void **state) {
    if (*state)
        device_world_free(*state);
    return 0;
}

/* ---- messages ---- */

static void shared_secret(const struct said *said, eui64 signer,
                          uint8_t z[static GBCS_SECRET_LEN]) {
    EVP_PKEY *own = sim_device_key(SEED, signer, SIM_AGREES),
             *other = key_of_number(said->to == ACB ? ACB_KEY : USER_KEY);
    assert_true(gbcs_shared_secret(own, other, z));
    EVP_PKEY_free(own);
    EVP_PKEY_free(other);
}

static bool is_maced(const struct said *said) {
    const struct gbcs_use_case *use_case = gbcs_use_cases;
    while (use_case->name &&
           (use_case->code != said->code || use_case->cra != said->cra))
        use_case++;
    return use_case->is_maced;
}

void world_say(const struct said *said, struct buffer *out) {
    static const uint8_t date_time[GBCS_DATE_TIME_LEN] = {
        0x07, 0xEE, 1, 1, 0xFF, 12, 0, 0, 0, 0x80, 0, 0xFF};
    struct gbcs_header header = {.cra = said->cra,
                                 .counter = said->counter,
                                 .originator = said->from,
                                 .recipient = said->to,
                                 .code = said->code};
    if (said->party) {
        header.supplementary = GBCS_SUPPLEMENTARY_PARTY_COUNTER;
        header.supplementary_party = said->party;
        header.supplementary_party_counter = said->party_counter;
    }
    if (said->code == GBCS_CODE_CS06)
        header.date_time = span_of(date_time, sizeof date_time);
    eui64 signer = said->signer ? said->signer : said->from;
    uint8_t z[GBCS_SECRET_LEN];
    EVP_PKEY *key = NULL;
    if (is_maced(said))
        shared_secret(said, signer, z);
    else
        key = sim_device_key(SEED, signer, SIM_SIGNS);
    assert_true(gbcs_build(&header, &said->payload, key, key ? NULL : z, out));
    EVP_PKEY_free(key);
}

void world_put(struct device_world *world, struct span octets) {
    static const struct db_statement put = {
        "put_gbcs_message",
        "insert into gbcs_message (csp, message_id, received, chf_id,"
        " originator, recipient, cra, code, counter, payload)"
        " values ($10, $1, $2, coalesce($3, (select chf_id from smi_device"
        "  where device_id = $4), '00DB000000000100'), $4, $5, $6, $7, $8, $9)"
        " on conflict do nothing"};
    struct gbcs_message message;
    const char *reason;
    assert_true(gbcs_message_parse(octets, &message, &reason));
    struct db_params params = DB_PARAMS(world->arena);
    db_text(&params, arena_printf(world->arena, "m-%u", ++world->messages));
    db_instant(&params, NOON + (instant)world->messages);
    if (world->by.hub)
        db_eui64(&params, world->by.hub);
    else
        db_null(&params);
    db_eui64(&params, message.header.originator);
    db_eui64(&params, message.header.recipient);
    db_int2(&params, (int16_t)message.header.cra);
    db_int4(&params, message.header.code);
    db_uint8(&params, message.header.counter);
    db_bytea(&params, octets);
    db_text(&params, world->by.csp ? world->by.csp : "north");
    assert_int_equal(db_run(world->db, &put, &params, world->arena, NULL),
                     DONE);
}

void world_hear(struct device_world *world, const struct said *said) {
    struct buffer out = {0};
    world_say(said, &out);
    world_put(world, buffer_span(&out));
    buffer_free(&out);
}

size_t world_take(struct device_world *world) {
    struct received taken;
    if (receive_batch(&world->receiving, world->db, world->arena, 100000, NOON,
                      &taken) != DONE)
        fail_msg("%s", db_reason(world->db));
    return taken.count;
}

void world_update(struct device_world *world, eui64 device, int request,
                  const char *status) {
    bool live =
        strcmp(world_ask(world, "select in_progress('%s')::text", status),
               "true") == 0;
    world_script(
        world,
        "with job as (insert into csp_job (request_no, csp, device_type,"
        " devices, created, state, next_try, ended, reported, posted)"
        " values (%d,"
        " 'north', 'PPMID', 1, '2025-01-01', 'handed_over', '2030-01-01',"
        " '2030-01-01', '2030-01-01', 1) returning job_no)"
        " insert into %s (device_id, chf_id, request_no, job_no, last_updated,"
        " %s, status, device_type, csp, responsible_supplier_ids,"
        " from_version," EVIDENCE_COLUMNS ")"
        " select device_id, chf_id, %d,"
        " case when s <> 'REJECTED_BY_DSP' then job_no end, '2030-01-01',"
        " '2030-01-02', s, device_type, 'north',"
        " '{90B3D51F30010000,90B3D51F30020000}', firmware_version," EVIDENCE
        " from smi_device, job, (values ('%s'::processing_status,"
        " timestamptz '2030-01-01')) v (s, t)"
        " where device_id = " ID_FORMAT,
        request, live ? "tracking_live" : "tracking_history",
        live ? "release_due" : "released", request, status, ID(device));
}

void world_begin(struct device_world *world) {
    world_script(
        world, "truncate tracking_live, tracking_history, alert,"
               " contested_alert,"
               " gbcs_message, replay_window, device_command; update smi_device"
               " set firmware_version = '\\x00000029',"
               " version_time = null");
    arena_reset(world->arena);
}

void world_expect(struct device_world *world, const char *name,
                  const char *what, const char *expected) {
    const char *found = world_ask(world, "%s", what);
    if (strcmp(found, expected) != 0)
        fail_msg("%s:\n%s\ngives  %s\nnot    %s", name, what, found, expected);
}

void world_expect_told(struct device_world *world, const char *name,
                       const char *told) {
    world_expect(
        world, name,
        "select string_agg(code || ' S' || substr(user_id::text, 17, 1)"
        " || case when request_no is null and code like 'N%%'"
        " then ' of none' else '' end, ', ' order by alert_no) from alert",
        told);
}

void world_expect_end(struct device_world *world, const char *name,
                      const char *state, const char *detail) {
    world_expect(
        world, name,
        "select state from gbcs_message order by received desc limit 1", state);
    world_expect(
        world, name,
        "select detail from gbcs_message order by received desc limit 1",
        detail);
}

void world_expect_device(struct device_world *world, const char *name,
                         eui64 device, const char *status,
                         const char *version) {
    world_expect(
        world, name,
        arena_printf(world->arena,
                     "select status::text from tracking where device_id"
                     " = " ID_FORMAT " order by request_no desc limit 1",
                     ID(device)),
        status);
    world_expect(
        world, name,
        arena_printf(world->arena,
                     "select upper(substr(encode(firmware_version, 'hex'),"
                     " 7)) from smi_device where device_id = " ID_FORMAT,
                     ID(device)),
        version);
}
