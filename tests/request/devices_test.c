/*
 * The devices of an 11.1 or 11.4 (B3, B4, B5): which go on, which list each of
 * the others is in, and what is tracked afterwards.
 */
#include "support/check.h"
#include "support/user_gateway.h"

#include <stdio.h>

enum { MOST_LISTED = MOST_REFUSED };

enum {
    INVALID = DUIS_INVALID_DEVICE_ID,
    NOT_COMMISSIONED = DUIS_NOT_COMMISSIONED,
    NOT_APPLICABLE = DUIS_NOT_APPLICABLE_FIRMWARE,
    IN_PROGRESS = DUIS_OTHER_REQUEST_IN_PROGRESS,
    GBCS = DUIS_INVALID_GBCS_VERSION,
    LISTS = DUIS_WARNING_LISTS
};

#define IDS(...)                                                               \
    { __VA_ARGS__ }

struct row {
    const char *what;
    enum user sender;
    bool ppmid;        /* 11.4, else 11.1 */
    const char *image; /* NULL: FOR_ALL */
    eui64 devices[MOST_LISTED + 1];
    const char *code;      /* ResponseCode */
    refused_lists refused; /* by list, in order */
    const char *tracked;
};

static const struct row ROWS[] = {
    /* ---- all pass ---- */
    {"an ESME by its import supplier",
     USER_A,
     false,
     NULL,
     IDS(ESME(PLAIN)),
     "I99",
     {{0}},
     "1 AWAITING_CSP, image"},
    {"a GSME by its gas supplier",
     USER_A,
     false,
     NULL,
     IDS(GSME(PLAIN)),
     "I99",
     {{0}},
     "1 AWAITING_CSP, image"},
    {"an HCALCS by the import supplier of the home",
     USER_A,
     false,
     NULL,
     IDS(HCALCS(PLAIN)),
     "I99",
     {{0}},
     "1 AWAITING_CSP, image"},
    {"three types in one 11.1",
     USER_A,
     false,
     NULL,
     IDS(HCALCS(PLAIN), GSME(PLAIN), ESME(PLAIN)),
     "I99",
     {{0}},
     "3 AWAITING_CSP, image"},
    {"a PPMID",
     USER_A,
     true,
     NULL,
     IDS(PPMID(PLAIN)),
     "I99",
     {{0}},
     "1 AWAITING_CSP, image"},
    {"PPMIDs in two CSPs' regions",
     USER_A,
     true,
     NULL,
     IDS(PPMID(PLAIN), PPMID(CENTRAL)),
     "I99",
     {{0}},
     "2 AWAITING_CSP, image"},
    {"duplicates count once",
     USER_A,
     true,
     NULL,
     IDS(PPMID(PLAIN), PPMID(PLAIN_TOO), PPMID(PLAIN), PPMID(PLAIN)),
     "I99",
     {{0}},
     "2 AWAITING_CSP, image"},
    {"another hardware revision does not matter",
     USER_A,
     true,
     NULL,
     IDS(PPMID(OTHER_REVISION)),
     "I99",
     {{0}},
     "1 AWAITING_CSP, image"},
    {"no minimum of GBCS for an ESME and a GSME",
     USER_A,
     false,
     NULL,
     IDS(ESME(OLD_GBCS), GSME(OLD_GBCS)),
     "I99",
     {{0}},
     "2 AWAITING_CSP, image"},

    /* ---- Responsible Suppliers (B4) ---- */
    {"dual supply: the ESME is the import supplier's",
     USER_A,
     false,
     NULL,
     IDS(ESME(DUAL)),
     "I99",
     {{0}},
     "1 AWAITING_CSP, image"},
    {"dual supply: the ESME is not the gas supplier's",
     USER_B,
     false,
     NULL,
     IDS(ESME(DUAL)),
     "W110101",
     {[INVALID] = {ESME(DUAL)}},
     "1 REJECTED_BY_DSP"},
    {"dual supply: the GSME is the gas supplier's",
     USER_B,
     false,
     NULL,
     IDS(GSME(DUAL)),
     "I99",
     {{0}},
     "1 AWAITING_CSP, image"},
    {"dual supply: the GSME is not the import supplier's",
     USER_A,
     false,
     NULL,
     IDS(GSME(DUAL)),
     "W110101",
     {[INVALID] = {GSME(DUAL)}},
     "1 REJECTED_BY_DSP"},
    {"dual supply: the PPMID, by the import supplier",
     USER_A,
     true,
     NULL,
     IDS(PPMID(DUAL)),
     "I99",
     {{0}},
     "1 AWAITING_CSP, image"},
    {"dual supply: the PPMID, by the gas supplier",
     USER_B,
     true,
     NULL,
     IDS(PPMID(DUAL)),
     "I99",
     {{0}},
     "1 AWAITING_CSP, image"},
    {"dual supply: the HCALCS, by the import supplier",
     USER_A,
     false,
     NULL,
     IDS(HCALCS(DUAL)),
     "I99",
     {{0}},
     "1 AWAITING_CSP, image"},
    {"dual supply: the HCALCS, by the gas supplier",
     USER_B,
     false,
     NULL,
     IDS(HCALCS(DUAL)),
     "W110101",
     {[INVALID] = {HCALCS(DUAL)}},
     "1 REJECTED_BY_DSP"},
    {"another supplier's home",
     USER_A,
     true,
     NULL,
     IDS(PPMID(OF_B)),
     "W110401",
     {[INVALID] = {PPMID(OF_B)}},
     "1 REJECTED_BY_DSP"},
    {"meters without a supplier",
     USER_A,
     false,
     NULL,
     IDS(ESME(NO_SUPPLIER), GSME(NO_SUPPLIER), HCALCS(NO_SUPPLIER)),
     "W110101",
     {[INVALID] = {ESME(NO_SUPPLIER), GSME(NO_SUPPLIER), HCALCS(NO_SUPPLIER)}},
     "3 REJECTED_BY_DSP"},

    /* ---- InvalidDeviceIDList ---- */
    {"not in the SMI: in the list, not tracked",
     USER_A,
     true,
     NULL,
     IDS(NOWHERE),
     "W110401",
     {[INVALID] = {NOWHERE}},
     "nothing"},
    {"types that 11.1 never takes",
     USER_A,
     false,
     NULL,
     IDS(CHF(PLAIN), PPMID(PLAIN), IHD(PLAIN), GPF(PLAIN), CAD(PLAIN)),
     "W110101",
     {[INVALID] = {CHF(PLAIN), PPMID(PLAIN), IHD(PLAIN), GPF(PLAIN),
                   CAD(PLAIN)}},
     "5 REJECTED_BY_DSP"},
    {"types that 11.4 never takes",
     USER_A,
     true,
     NULL,
     IDS(ESME(PLAIN), GSME(PLAIN), HCALCS(PLAIN), CHF(PLAIN), IHD(PLAIN)),
     "W110401",
     {[INVALID] = {ESME(PLAIN), GSME(PLAIN), HCALCS(PLAIN), CHF(PLAIN),
                   IHD(PLAIN)}},
     "5 REJECTED_BY_DSP"},
    {"a PPMID whose hub is not in the SMI",
     USER_A,
     true,
     NULL,
     IDS(PPMID(NO_HUB)),
     "W110401",
     {[INVALID] = {PPMID(NO_HUB)}},
     "1 REJECTED_BY_DSP"},
    {"a region without a CSP",
     USER_A,
     true,
     NULL,
     IDS(PPMID(REGION_UNKNOWN)),
     "W110401",
     {[INVALID] = {PPMID(REGION_UNKNOWN)}},
     "1 REJECTED_BY_DSP"},
    {"SMETS1 in region SMETS1",
     USER_A,
     false,
     NULL,
     IDS(ESME(SMETS1_HOME)),
     "W110101",
     {[INVALID] = {ESME(SMETS1_HOME)}},
     "1 REJECTED_BY_DSP"},
    {"a SMETS1 PPMID in a CSP's region",
     USER_A,
     true,
     NULL,
     IDS(PPMID(SMETS1_NORTH)),
     "W110401",
     {[INVALID] = {PPMID(SMETS1_NORTH)}},
     "1 REJECTED_BY_DSP"},

    /* ---- NotCommissionedDeviceIDList ---- */
    {"pending and suspended devices (decision 23)",
     USER_A,
     true,
     NULL,
     IDS(PPMID(SUSPENDED), PPMID(PENDING)),
     "W110401",
     {[NOT_COMMISSIONED] = {PPMID(SUSPENDED), PPMID(PENDING)}},
     "2 REJECTED_BY_DSP"},

    /* ---- NotApplicableFirmwareDeviceIDList ---- */
    {"another manufacturer, model, hardware version, or none",
     USER_A,
     true,
     NULL,
     IDS(PPMID(OTHER_MAKER), PPMID(OTHER_MODEL), PPMID(OTHER_HARDWARE),
         PPMID(NO_MODEL)),
     "W110401",
     {[NOT_APPLICABLE] = {PPMID(OTHER_MAKER), PPMID(OTHER_MODEL),
                          PPMID(OTHER_HARDWARE), PPMID(NO_MODEL)}},
     "4 REJECTED_BY_DSP"},
    {"a type 11.1 takes, not this entry (decision 24)",
     USER_A,
     false,
     FOR_ESME,
     IDS(GSME(PLAIN), ESME(PLAIN), HCALCS(PLAIN)),
     "W110101",
     {[NOT_APPLICABLE] = {GSME(PLAIN), HCALCS(PLAIN)}},
     "1 AWAITING_CSP, 2 REJECTED_BY_DSP, image"},
    {"the Active of two entries is for the other model",
     USER_A,
     false,
     TWO_MODELS,
     IDS(ESME(PLAIN), ESME(OTHER_MODEL)),
     "W110101",
     {[NOT_APPLICABLE] = {ESME(PLAIN)}},
     "1 AWAITING_CSP, 1 REJECTED_BY_DSP, image"},

    /* ---- InvalidGBCSVersionList ---- */
    {"hub too old for a PPMID (decision 25)",
     USER_A,
     true,
     NULL,
     IDS(PPMID(OLD_GBCS), PPMID(NO_GBCS)),
     "W110401",
     {[GBCS] = {PPMID(OLD_GBCS), PPMID(NO_GBCS)}},
     "2 REJECTED_BY_DSP"},
    {"hub too old for an HCALCS",
     USER_A,
     false,
     NULL,
     IDS(HCALCS(OLD_GBCS), ESME(OLD_GBCS)),
     "W110101",
     {[GBCS] = {HCALCS(OLD_GBCS)}},
     "1 AWAITING_CSP, 1 REJECTED_BY_DSP, image"},

    /* ---- several reasons: the first one only ---- */
    {"everything wrong: invalid",
     USER_A,
     true,
     NULL,
     IDS(PPMID(ALL_WRONG)),
     "W110401",
     {[INVALID] = {PPMID(ALL_WRONG)}},
     "1 REJECTED_BY_DSP"},
    {"pending, other model, old GBCS: not commissioned",
     USER_A,
     true,
     NULL,
     IDS(PPMID(ALL_BUT_INVALID)),
     "W110401",
     {[NOT_COMMISSIONED] = {PPMID(ALL_BUT_INVALID)}},
     "1 REJECTED_BY_DSP"},
    {"other model, old GBCS: not applicable",
     USER_A,
     true,
     NULL,
     IDS(PPMID(MODEL_AND_GBCS)),
     "W110401",
     {[NOT_APPLICABLE] = {PPMID(MODEL_AND_GBCS)}},
     "1 REJECTED_BY_DSP"},

    /* ---- mixed ---- */
    {"four lists and one that passes, in the order of the request",
     USER_A,
     true,
     NULL,
     IDS(PPMID(OLD_GBCS), PPMID(SUSPENDED), NOWHERE, PPMID(PLAIN),
         PPMID(OTHER_MODEL), PPMID(PENDING), PPMID(OF_B)),
     "W110401",
     {[INVALID] = {NOWHERE, PPMID(OF_B)},
      [NOT_COMMISSIONED] = {PPMID(SUSPENDED), PPMID(PENDING)},
      [NOT_APPLICABLE] = {PPMID(OTHER_MODEL)},
      [GBCS] = {PPMID(OLD_GBCS)}},
     "1 AWAITING_CSP, 5 REJECTED_BY_DSP, image"},
    {"a duplicate is listed where it was first, once",
     USER_A,
     true,
     NULL,
     IDS(PPMID(SUSPENDED), PPMID(PLAIN), PPMID(PENDING), PPMID(SUSPENDED),
         PPMID(PLAIN)),
     "W110401",
     {[NOT_COMMISSIONED] = {PPMID(SUSPENDED), PPMID(PENDING)}},
     "1 AWAITING_CSP, 2 REJECTED_BY_DSP, image"},
    {"every device failed, each in its list: no image is kept",
     USER_A,
     true,
     NULL,
     IDS(PPMID(OLD_GBCS), NOWHERE, PPMID(PENDING), PPMID(OTHER_MODEL)),
     "W110401",
     {[INVALID] = {NOWHERE},
      [NOT_COMMISSIONED] = {PPMID(PENDING)},
      [NOT_APPLICABLE] = {PPMID(OTHER_MODEL)},
      [GBCS] = {PPMID(OLD_GBCS)}},
     "3 REJECTED_BY_DSP"},
};

/* ---- running a row ---- */

static size_t count_ids(const eui64 *ids) {
    size_t count = 0;
    while (count < MOST_LISTED && ids[count])
        count++;
    return count;
}

static size_t distinct(const eui64 *ids) {
    size_t count = 0;
    for (size_t i = 0; i < count_ids(ids); i++) {
        bool again = false;
        for (size_t j = 0; j < i; j++)
            again |= ids[j] == ids[i];
        count += !again;
    }
    return count;
}

/* The counts of service_request are those of the lists. */
static void check_counts(struct gateway *g, const struct row *row) {
    size_t refused[LISTS], all = 0;
    for (int i = 0; i < LISTS; i++)
        all += refused[i] = count_ids(row->refused[i]);
    size_t listed = distinct(row->devices);
    assert_string_equal(
        gateway_ask(g, "select format('%s: %s + %s %s %s %s %s', listed,"
                       " accepted, invalid, not_commissioned, not_applicable,"
                       " in_progress, gbcs_version) from service_request"
                       " order by request_no desc"),
        arena_printf(g->arena, "%zu: %zu + %zu %zu %zu %zu %zu", listed,
                     listed - all, refused[INVALID], refused[NOT_COMMISSIONED],
                     refused[NOT_APPLICABLE], refused[IN_PROGRESS],
                     refused[GBCS]));
}

static void run_row(struct gateway *g, const struct row *row) {
    print_message("  %s\n", row->what);
    gateway_forget(g);
    struct answer answer = gateway_send_devices(g, row->sender, row->ppmid,
                                                row->image, row->devices);
    assert_int_equal(answer.http, 200);
    assert_string_equal(answer_says(g, &answer), row->code);
    answer_check_lists(g, &answer, row->refused);
    assert_string_equal(gateway_tracked(g), row->tracked);
    check_counts(g, row);
}

static void every_device_has_one_reason(void **state) {
    (void)state;
    struct gateway *g = gateway_start();
    for (size_t i = 0; i < sizeof ROWS / sizeof *ROWS; i++)
        run_row(g, &ROWS[i]);
    gateway_free(g);
}

/* ---- what is recorded of a device ---- */

static void each_refusal_has_its_reason(void **state) {
    (void)state;
    struct gateway *g = gateway_start();
    const eui64 devices[MOST_LISTED] = {PPMID(OF_B), PPMID(PENDING),
                                        PPMID(OTHER_MODEL), PPMID(OLD_GBCS)};
    gateway_send_devices(g, USER_A, true, NULL, devices);
    assert_string_equal(
        gateway_ask(g, "select string_agg(reason_code, ',' order by"
                       " device_id) from tracking"),
        /* by device: homes OF_B, PENDING, OTHER_MODEL, OLD_GBCS */
        "invalid,not_commissioned,not_applicable,gbcs_version");
    gateway_free(g);
}

static void an_accepted_device_knows_its_way(void **state) {
    (void)state;
    struct gateway *g = gateway_start();
    const eui64 devices[MOST_LISTED] = {PPMID(DUAL)};
    gateway_send_devices(g, USER_B, true, NULL, devices);
    assert_string_equal(
        gateway_ask(g, "select format('%s %s %s %s %s %s', l.status,"
                       " l.device_type, l.csp, eui64_text(l.chf_id),"
                       " l.release_due - l.last_updated,"
                       " l.responsible_supplier_ids) from tracking_live l"),
        "AWAITING_CSP PPMID north 00-DB-12-00-00-00-02-01 5 days "
        "{90:b3:d5:1f:30:01:00:00,90:b3:d5:1f:30:02:00:00}");
    assert_string_equal(
        gateway_ask(g, "select format('%s %s %s %s %s %s', csp, device_type,"
                       " devices, unassigned,"
                       " firmware_version_text(firmware_version),"
                       " manufacturer_image_hash = sha256('" FOR_ALL "'))"
                       " from distribution join service_request"
                       " using (request_no)"),
        "north PPMID 1 1 0123ABCD t");
    gateway_free(g);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_device_has_one_reason),
        cmocka_unit_test(each_refusal_has_its_reason),
        cmocka_unit_test(an_accepted_device_knows_its_way),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
