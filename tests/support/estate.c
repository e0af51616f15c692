#include "support/estate.h"

#include "base/hex.h"
#include "fotasim/ota_image.h"

#include <openssl/sha.h>
#include <stdio.h>
#include <stdlib.h>

/* What a home is; NULL and 0 as in PLAIN. */
struct home_row {
    const char *region, *gbcs, *status, *smets;
    eui64 import, gas;
    int manufacturer, model, hardware, revision;
    bool no_hub, no_supplier, no_model, no_gbcs;
};

static const struct home_row HOME[HOMES] = {
    [PLAIN] = {0},
    [PLAIN_TOO] = {0},
    [DUAL] = {.gas = SUPPLIER_B},
    [OF_B] = {.import = SUPPLIER_B, .gas = SUPPLIER_B},
    [NO_SUPPLIER] = {.no_supplier = true},
    [CENTRAL] = {.region = "4G Central"},
    [REGION_UNKNOWN] = {.region = "Unknown"},
    [NO_HUB] = {.no_hub = true},
    [SMETS1_HOME] = {.region = "SMETS1", .smets = "SMETS1"},
    [SMETS1_NORTH] = {.smets = "SMETS1"},
    [PENDING] = {.status = "Pending"},
    [SUSPENDED] = {.status = "Suspended"},
    [OTHER_MAKER] = {.manufacturer = 0x1313},
    [OTHER_MODEL] = {.model = 0x0002},
    [OTHER_HARDWARE] = {.hardware = 2},
    [OTHER_REVISION] = {.revision = 9},
    [NO_MODEL] = {.no_model = true},
    [OLD_GBCS] = {.gbcs = "3.2"},
    [NO_GBCS] = {.no_gbcs = true},
    [ALL_WRONG] = {.import = SUPPLIER_B,
                   .gas = SUPPLIER_B,
                   .status = "Pending",
                   .model = 0x0002,
                   .gbcs = "3.2"},
    [ALL_BUT_INVALID] = {.status = "Pending", .model = 0x0002, .gbcs = "3.2"},
    [MODEL_AND_GBCS] = {.model = 0x0002, .gbcs = "3.2"},
};

static const char *const KINDS[] = {NULL,    "CHF", "ESME", "GSME", "HCALCS",
                                    "PPMID", "IHD", "GPF",  "CAD"};
enum { KIND_CHF = 1, KIND_ESME, KIND_GSME, KIND_HCALCS, KIND_PPMID, KIND_IHD };
enum { KIND_COUNT = sizeof KINDS / sizeof *KINDS };

static const struct {
    const char *image, *device_type, *version, *status;
    int model;
} CPL[] = {
    {FOR_ALL, "ESME", "0123ABCD", "Active", 1},
    {FOR_ALL, "GSME", "0123ABCD", "Active", 1},
    {FOR_ALL, "HCALCS", "0123ABCD", "Active", 1},
    {FOR_ALL, "PPMID", "0123ABCD", "Active", 1},
    {FOR_ESME, "ESME", "0123ABCD", "Active", 1},
    {FOR_PPMID, "PPMID", "0123ABCD", "Active", 1},
    {CANCELLED, "ESME", "0123ABCD", "Cancelled", 1},
    {EXPIRED, "ESME", "0123ABCD", "Expired", 1},
    {WITHDRAWN, "ESME", "0123ABCD", "Withdrawn", 1},
    {CANCELLED, "PPMID", "0123ABCD", "Cancelled", 1},
    {TWO_MODELS, "ESME", "0123ABCD", "Withdrawn", 1},
    {TWO_MODELS, "ESME", "0123ABCD", "Active", 2},
    {TWO_VERSIONS, "ESME", "FFFFFFFF", "Active", 1},
    {TWO_VERSIONS, "ESME", "0123ABCD", "Expired", 1},
    {VERSION_16, "ESME", "00000010", "Active", 1},
};

static const char *or_else(const char *given, const char *otherwise) {
    return given ? given : otherwise;
}

static void add_id(struct buffer *sql, eui64 id) {
    char text[EUI64_TEXT_SIZE];
    buffer_printf(sql, "'%s'", eui64_format(id, text));
}

static void add_supplier(struct buffer *sql, bool has, eui64 id) {
    if (has)
        add_id(sql, id ? id : SUPPLIER_A);
    else
        buffer_text(sql, "null");
    buffer_text(sql, ", ");
}

static void add_model(struct buffer *sql, const struct home_row *home) {
    if (home->no_model)
        buffer_text(sql, "null, null, null, null)");
    else
        buffer_printf(sql, "%d, %d, %d, %d)",
                      home->manufacturer ? home->manufacturer : 0x1212,
                      home->model ? home->model : 1,
                      home->hardware ? home->hardware : 1,
                      home->revision ? home->revision : 1);
}

static void add_hub_columns(struct buffer *sql, const struct home_row *home,
                            int kind) {
    if (kind != KIND_CHF)
        buffer_text(sql, "null, null, ");
    else if (home->no_gbcs)
        buffer_printf(sql, "'%s', null, ", or_else(home->region, "North"));
    else
        buffer_printf(sql, "'%s', gbcs_version('%s'), ",
                      or_else(home->region, "North"),
                      or_else(home->gbcs, "4.1"));
}

static void add_device(struct buffer *sql, int home_number, int kind) {
    const struct home_row *home = &HOME[home_number];
    if (kind == KIND_CHF && home->no_hub)
        return;
    if (sql->len)
        buffer_text(sql, ",\n(");
    else
        buffer_text(sql,
                    "insert into smi_device (device_id, chf_id, device_type, "
                    "device_status, smets_version, csp_region, gbcs_version, "
                    "import_supplier_id, gas_supplier_id, manufacturer_id, "
                    "model_id, hardware_version, hardware_revision) values (");
    add_id(sql, DEVICE(home_number, kind));
    buffer_text(sql, ", ");
    add_id(sql, CHF(home_number));
    buffer_printf(sql, ", '%s', '%s', '%s', ", KINDS[kind],
                  or_else(home->status, "Commissioned"),
                  or_else(home->smets, "SMETS2"));
    add_hub_columns(sql, home, kind);
    add_supplier(sql, kind == KIND_ESME && !home->no_supplier, home->import);
    add_supplier(sql, kind == KIND_GSME && !home->no_supplier, home->gas);
    add_model(sql, home);
}

static void load_devices(struct sql *database) {
    struct buffer sql = {0};
    for (int home = 0; home < HOMES; home++)
        for (int kind = KIND_CHF; kind < KIND_COUNT; kind++)
            add_device(&sql, home, kind);
    sql_do(database, "%s", (const char *)sql.data);
    sql_do(database, "select refresh_homes(null)");
    buffer_free(&sql);
}

static void publish(struct sql *database, const char *device_type,
                    struct span image, const char *version, const char *status,
                    int model) {
    uint8_t hash[SHA256_DIGEST_LENGTH];
    char text[2 * sizeof hash + 1];
    SHA256(image.data, image.len, hash);
    struct buffer sql = {0};
    buffer_printf(&sql,
                  "insert into cpl_entry select 'entry ' || count(*), '%s', "
                  "4626, %d, 1, 1, '\\x%s', '\\x%s', '%s' from cpl_entry",
                  device_type, model, version,
                  hex_format(span_of(hash, sizeof hash), text), status);
    sql_do(database, "%s", (const char *)sql.data);
    buffer_free(&sql);
}

void estate_publish(struct sql *database, const char *device_type,
                    struct span manufacturer_image, const char *version) {
    publish(database, device_type, manufacturer_image, version, "Active", 1);
}

void estate_load(struct sql *database) {
    load_devices(database);
    for (size_t i = 0; i < sizeof CPL / sizeof *CPL; i++)
        publish(database, CPL[i].device_type, span_text(CPL[i].image),
                CPL[i].version, CPL[i].status, CPL[i].model);
}

void estate_image(struct span manufacturer_image, bool trailer,
                  struct buffer *out) {
    static const uint8_t signature[64] = {0x51, 0x6e};
    struct ota_recipe recipe = {
        .manufacturer_code = 0x1212,
        .image_type = 1,
        .file_version = 0x0123ABCD,
        .has_hardware_versions = true,
        .max_hardware_version = 0xffff,
        .manufacturer_image = manufacturer_image,
    };
    if (trailer)
        recipe.signature = span_of(signature, sizeof signature);
    ota_build(&recipe, out);
}

void estate_bulk_ppmids(struct sql *database, size_t count) {
    struct buffer sql = {0};
    buffer_printf(
        &sql,
        "create function bulk_id(text, integer) returns macaddr8 language sql"
        " as $$ select ($1 || lpad(to_hex($2), 10, '0'))::macaddr8 $$;"
        "insert into smi_device (device_id, chf_id, device_type,"
        " device_status, smets_version, manufacturer_id, model_id,"
        " hardware_version, hardware_revision)"
        " select bulk_id('00db13', i), bulk_id('00db14', i), 'PPMID',"
        " 'Commissioned', 'SMETS2', 4626, 1, 1, 1"
        " from generate_series(0, %zu) i;"
        "insert into smi_home (chf_id, csp_region, gbcs_version,"
        " import_supplier_ids, gas_supplier_ids, supplier_ids)"
        " select bulk_id('00db14', i), 'North', gbcs_version('4.1'), a, b,"
        " a || b from generate_series(0, %zu) i,"
        " (values (array[macaddr8 '90b3d51f30010000'],"
        " array[macaddr8 '90b3d51f30020000'])) s (a, b);"
        "drop function bulk_id(text, integer);"
        "analyze smi_device, smi_home",
        count - 1, count - 1);
    sql_do(database, "%s", (const char *)sql.data);
    buffer_free(&sql);
}
