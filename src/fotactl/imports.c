/* fotactl import cpl, smi and users: what the files hold (requirement I2). */
#include "fotactl/csv_import.h"
#include "fotactl/verbs.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

/* ---- Central Products List ---- */

static const struct csv_column cpl_columns[] = {
    {"entry_id", CSV_VALUE, .kind = &FIELD_TEXT, .key = true},
    {"device_type", CSV_VALUE, .kind = &FIELD_DEVICE_TYPE},
    {"manufacturer_id", CSV_VALUE, .kind = &FIELD_HEX2},
    {"model_id", CSV_VALUE, .kind = &FIELD_HEX2},
    {"hardware_version", CSV_VALUE, .kind = &FIELD_HEX1},
    {"hardware_revision", CSV_VALUE, .kind = &FIELD_HEX1},
    {"firmware_version", CSV_VALUE, .kind = &FIELD_FIRMWARE_VERSION},
    {"manufacturer_image_hash", CSV_COLUMN, .kind = &FIELD_SHA256},
    {"status", CSV_VALUE, .kind = &FIELD_CPL_STATUS},
    {"upgrades_from", CSV_OPTIONAL, .kind = &FIELD_FIRMWARE_VERSIONS,
     .cast = "bytea[]"},
};

enum outcome verb_import_cpl(struct verb_run *run) {
    static const struct csv_import cpl = {
        .what = "cpl",
        .table = "cpl_entry",
        .columns = cpl_columns,
        .count = COUNT(cpl_columns),
    };
    return csv_import_run(run, &cpl);
}

/* ---- Smart Metering Inventory ---- */

enum smi_column { DEVICE_ID, DEVICE_TYPE, GBCS_VERSION, CHF_ID, CSP_REGION };

static const struct csv_column smi_columns[] = {
    [DEVICE_ID] = {"device_id", CSV_VALUE, .kind = &FIELD_EUI64, .key = true},
    [DEVICE_TYPE] = {"device_type", CSV_VALUE, .kind = &FIELD_DEVICE_TYPE},
    [GBCS_VERSION] = {"gbcs_version", CSV_COLUMN, .kind = &FIELD_GBCS_VERSION},
    [CHF_ID] = {"chf_id", CSV_COLUMN, .kind = &FIELD_EUI64},
    [CSP_REGION] = {"csp_region", CSV_COLUMN, .kind = &FIELD_CSP_REGION},
    {"status", CSV_VALUE, .kind = &FIELD_DEVICE_STATUS, .sql = "device_status"},
    {"manufacturer_id", CSV_COLUMN, .kind = &FIELD_HEX2},
    {"model_id", CSV_COLUMN, .kind = &FIELD_HEX2},
    {"hardware_version", CSV_COLUMN, .kind = &FIELD_HEX1},
    {"hardware_revision", CSV_COLUMN, .kind = &FIELD_HEX1},
    {"firmware_version", CSV_COLUMN, .kind = &FIELD_FIRMWARE_VERSION},
    {"smets_version", CSV_VALUE, .kind = &FIELD_SMETS_VERSION},
    {"import_supplier_id", CSV_COLUMN, .kind = &FIELD_EUI64},
    {"gas_supplier_id", CSV_COLUMN, .kind = &FIELD_EUI64},
    {"export_supplier_id", CSV_OPTIONAL, .kind = &FIELD_EUI64},
    {"network_operator_id", CSV_OPTIONAL, .kind = &FIELD_EUI64},
    {"registered_agent_id", CSV_OPTIONAL, .kind = &FIELD_EUI64},
    {"radio_cell", CSV_OPTIONAL, .kind = &FIELD_TEXT},
};

static bool same_id(struct span a, struct span b) {
    eui64 first, second;
    return eui64_parse(a, &first) && eui64_parse(b, &second) && first == second;
}

/* The devices of a home look up its hub: what they need of it must be there. */
static const char *check_chf(const struct csv_record *record, size_t *column) {
    const struct span *values = record->values;
    if (!span_equal(values[DEVICE_TYPE], span_text("CHF")))
        return NULL;
    *column = CHF_ID;
    if (!same_id(values[CHF_ID], values[DEVICE_ID]))
        return "must be the device_id itself in the line of a CHF";
    *column = CSP_REGION;
    if (!values[CSP_REGION].len)
        return "must not be empty in the line of a CHF (there is Unknown)";
    *column = GBCS_VERSION;
    if (!values[GBCS_VERSION].len)
        return "must not be empty in the line of a CHF";
    return NULL;
}

enum outcome verb_import_smi(struct verb_run *run) {
    static const struct csv_import smi = {
        .what = "smi",
        .table = "smi_device",
        .columns = smi_columns,
        .count = COUNT(smi_columns),
        .check = check_chf,
        .large = true,
        .remember = "chf_id",
        .after_all = "select refresh_homes(null)",
        .after_changes = "select refresh_homes(array("
                         "select chf_id from import_change"
                         " where chf_id is not null union "
                         "select old_chf_id from import_change"
                         " where old_chf_id is not null))",
    };
    return csv_import_run(run, &smi);
}

/* ---- Users ---- */

static const struct csv_column user_columns[] = {
    {"user_id", CSV_VALUE, .kind = &FIELD_EUI64, .key = true},
    {"name", CSV_VALUE, .kind = &FIELD_TEXT},
    {"roles", CSV_COLUMN, .kind = &FIELD_USER_ROLES, .cast = "user_role[]",
     .empty = "{}"},
    {"status", CSV_VALUE, .kind = &FIELD_USER_STATUS},
    {"receive_url", CSV_COLUMN, .kind = &FIELD_URL},
    {"duis_version", CSV_COLUMN, .kind = &FIELD_DUIS_VERSION, .empty = "5.4"},
};

enum outcome verb_import_users(struct verb_run *run) {
    static const struct csv_import users = {
        .what = "users",
        .table = "service_user",
        .columns = user_columns,
        .count = COUNT(user_columns),
        .after_changes = "insert into alert_lane (user_id)"
                         " select user_id from service_user order by user_id"
                         " on conflict do nothing",
    };
    return csv_import_run(run, &users);
}
