/*
 * The devices of an 11.1 or 11.4 (requirements B3, B4, B5): which go on, which
 * list each of the others is in, and what is tracked afterwards.
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

enum service { SR_11_1, SR_11_4 };

#define IDS(...)                                                               \
    { __VA_ARGS__ }

struct row {
    const char *what;
    enum user sender;
    enum service service;
    const char *image; /* NULL: FOR_ALL */
    eui64 devices[MOST_LISTED + 1];
    refused_lists refused; /* by list, in order */
    const char *tracked;
};

/* All devices pass, or all are in one list. */
#define ACCEPTED(what, sender, service, count, ...)                            \
    {                                                                          \
        what, sender, service, NULL, IDS(__VA_ARGS__), {{0}},                  \
            count " AWAITING_CSP, image"                                       \
    }
#define REFUSED(list, what, sender, service, count, ...)                       \
    {                                                                          \
        what, sender, service, NULL, IDS(__VA_ARGS__),                         \
            {[list] = {__VA_ARGS__}}, count " REJECTED_BY_DSP"                 \
    }

static const struct row ROWS[] = {
    /* ---- all pass ---- */
    ACCEPTED("an ESME by its import supplier", USER_A, SR_11_1, "1",
             ESME(PLAIN)),
    ACCEPTED("a GSME by its gas supplier", USER_A, SR_11_1, "1", GSME(PLAIN)),
    ACCEPTED("an HCALCS by the import supplier of the home", USER_A, SR_11_1,
             "1", HCALCS(PLAIN)),
    ACCEPTED("three types in one 11.1", USER_A, SR_11_1, "3", HCALCS(PLAIN),
             GSME(PLAIN), ESME(PLAIN)),
    ACCEPTED("a PPMID", USER_A, SR_11_4, "1", PPMID(PLAIN)),
    ACCEPTED("PPMIDs in two CSPs' regions", USER_A, SR_11_4, "2", PPMID(PLAIN),
             PPMID(CENTRAL)),
    ACCEPTED("duplicates count once", USER_A, SR_11_4, "2", PPMID(PLAIN),
             PPMID(PLAIN_TOO), PPMID(PLAIN), PPMID(PLAIN)),
    ACCEPTED("another hardware revision does not matter", USER_A, SR_11_4, "1",
             PPMID(OTHER_REVISION)),
    ACCEPTED("no minimum of GBCS for an ESME and a GSME", USER_A, SR_11_1, "2",
             ESME(OLD_GBCS), GSME(OLD_GBCS)),

    /* ---- Responsible Suppliers (requirement B4) ---- */
    ACCEPTED("dual supply: the ESME is the import supplier's", USER_A, SR_11_1,
             "1", ESME(DUAL)),
    REFUSED(INVALID, "dual supply: the ESME is not the gas supplier's", USER_B,
            SR_11_1, "1", ESME(DUAL)),
    ACCEPTED("dual supply: the GSME is the gas supplier's", USER_B, SR_11_1,
             "1", GSME(DUAL)),
    REFUSED(INVALID, "dual supply: the GSME is not the import supplier's",
            USER_A, SR_11_1, "1", GSME(DUAL)),
    ACCEPTED("dual supply: the PPMID, by the import supplier", USER_A, SR_11_4,
             "1", PPMID(DUAL)),
    ACCEPTED("dual supply: the PPMID, by the gas supplier", USER_B, SR_11_4,
             "1", PPMID(DUAL)),
    ACCEPTED("dual supply: the HCALCS, by the import supplier", USER_A, SR_11_1,
             "1", HCALCS(DUAL)),
    REFUSED(INVALID, "dual supply: the HCALCS, by the gas supplier", USER_B,
            SR_11_1, "1", HCALCS(DUAL)),
    REFUSED(INVALID, "another supplier's home", USER_A, SR_11_4, "1",
            PPMID(OF_B)),
    REFUSED(INVALID, "meters without a supplier", USER_A, SR_11_1, "3",
            ESME(NO_SUPPLIER), GSME(NO_SUPPLIER), HCALCS(NO_SUPPLIER)),

    /* ---- InvalidDeviceIDList ---- */
    {"not in the SMI: in the list, not tracked",
     USER_A,
     SR_11_4,
     NULL,
     IDS(NOWHERE),
     {[INVALID] = {NOWHERE}},
     "nothing"},
    REFUSED(INVALID, "types that 11.1 never takes", USER_A, SR_11_1, "5",
            CHF(PLAIN), PPMID(PLAIN), IHD(PLAIN), GPF(PLAIN), CAD(PLAIN)),
    REFUSED(INVALID, "types that 11.4 never takes", USER_A, SR_11_4, "5",
            ESME(PLAIN), GSME(PLAIN), HCALCS(PLAIN), CHF(PLAIN), IHD(PLAIN)),
    REFUSED(INVALID, "a PPMID whose hub is not in the SMI", USER_A, SR_11_4,
            "1", PPMID(NO_HUB)),
    REFUSED(INVALID, "a region without a CSP", USER_A, SR_11_4, "1",
            PPMID(REGION_UNKNOWN)),
    REFUSED(INVALID, "SMETS1 in region SMETS1", USER_A, SR_11_1, "1",
            ESME(SMETS1_HOME)),
    REFUSED(INVALID, "a SMETS1 PPMID in a CSP's region", USER_A, SR_11_4, "1",
            PPMID(SMETS1_NORTH)),

    /* ---- NotCommissionedDeviceIDList ---- */
    REFUSED(NOT_COMMISSIONED, "pending and suspended devices (decision 23)",
            USER_A, SR_11_4, "2", PPMID(SUSPENDED), PPMID(PENDING)),

    /* ---- NotApplicableFirmwareDeviceIDList ---- */
    REFUSED(NOT_APPLICABLE,
            "another manufacturer, model, hardware version, or none", USER_A,
            SR_11_4, "4", PPMID(OTHER_MAKER), PPMID(OTHER_MODEL),
            PPMID(OTHER_HARDWARE), PPMID(NO_MODEL)),
    {"a type 11.1 takes, not this entry (decision 24)",
     USER_A,
     SR_11_1,
     FOR_ESME,
     IDS(GSME(PLAIN), ESME(PLAIN), HCALCS(PLAIN)),
     {[NOT_APPLICABLE] = {GSME(PLAIN), HCALCS(PLAIN)}},
     "1 AWAITING_CSP, 2 REJECTED_BY_DSP, image"},
    {"the Active of two entries is for the other model",
     USER_A,
     SR_11_1,
     TWO_MODELS,
     IDS(ESME(PLAIN), ESME(OTHER_MODEL)),
     {[NOT_APPLICABLE] = {ESME(PLAIN)}},
     "1 AWAITING_CSP, 1 REJECTED_BY_DSP, image"},

    /* ---- InvalidGBCSVersionList ---- */
    REFUSED(GBCS, "hub too old for a PPMID (decision 25)", USER_A, SR_11_4, "2",
            PPMID(OLD_GBCS), PPMID(NO_GBCS)),
    {"hub too old for an HCALCS",
     USER_A,
     SR_11_1,
     NULL,
     IDS(HCALCS(OLD_GBCS), ESME(OLD_GBCS)),
     {[GBCS] = {HCALCS(OLD_GBCS)}},
     "1 AWAITING_CSP, 1 REJECTED_BY_DSP, image"},

    /* ---- several reasons: the first one only ---- */
    REFUSED(INVALID, "everything wrong: invalid", USER_A, SR_11_4, "1",
            PPMID(ALL_WRONG)),
    REFUSED(NOT_COMMISSIONED,
            "pending, other model, old GBCS: not commissioned", USER_A, SR_11_4,
            "1", PPMID(ALL_BUT_INVALID)),
    REFUSED(NOT_APPLICABLE, "other model, old GBCS: not applicable", USER_A,
            SR_11_4, "1", PPMID(MODEL_AND_GBCS)),

    /* ---- mixed ---- */
    {"four lists and one that passes, in the order of the request",
     USER_A,
     SR_11_4,
     NULL,
     IDS(PPMID(OLD_GBCS), PPMID(SUSPENDED), NOWHERE, PPMID(PLAIN),
         PPMID(OTHER_MODEL), PPMID(PENDING), PPMID(OF_B)),
     {[INVALID] = {NOWHERE, PPMID(OF_B)},
      [NOT_COMMISSIONED] = {PPMID(SUSPENDED), PPMID(PENDING)},
      [NOT_APPLICABLE] = {PPMID(OTHER_MODEL)},
      [GBCS] = {PPMID(OLD_GBCS)}},
     "1 AWAITING_CSP, 5 REJECTED_BY_DSP, image"},
    {"a duplicate is listed where it was first, once",
     USER_A,
     SR_11_4,
     NULL,
     IDS(PPMID(SUSPENDED), PPMID(PLAIN), PPMID(PENDING), PPMID(SUSPENDED),
         PPMID(PLAIN)),
     {[NOT_COMMISSIONED] = {PPMID(SUSPENDED), PPMID(PENDING)}},
     "1 AWAITING_CSP, 2 REJECTED_BY_DSP, image"},
    {"every device failed, each in its list: no image is kept",
     USER_A,
     SR_11_4,
     NULL,
     IDS(PPMID(OLD_GBCS), NOWHERE, PPMID(PENDING), PPMID(OTHER_MODEL)),
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
        gateway_ask(g, "select format('%%s: %%s + %%s %%s %%s %%s %%s', listed,"
                       " accepted, invalid, not_commissioned, not_applicable,"
                       " in_progress, gbcs_version) from service_request"
                       " order by request_no desc"),
        arena_printf(g->arena, "%zu: %zu + %zu %zu %zu %zu %zu", listed,
                     listed - all, refused[INVALID], refused[NOT_COMMISSIONED],
                     refused[NOT_APPLICABLE], refused[IN_PROGRESS],
                     refused[GBCS]));
}

/* A warning has its own code in each service. */
static const char *expected_code(const struct row *row) {
    for (int i = 0; i < LISTS; i++)
        if (count_ids(row->refused[i]) > 0)
            return row->service == SR_11_4 ? "W110401" : "W110101";
    return "I99";
}

static void run_row(struct gateway *g, const struct row *row) {
    print_message("  %s\n", row->what);
    gateway_forget(g);
    struct answer answer = gateway_send_devices(
        g, row->sender, row->service == SR_11_4, row->image, row->devices);
    assert_int_equal(answer.http, 200);
    assert_string_equal(answer_says(g, &answer), expected_code(row));
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
        gateway_ask(g, "select format('%%s %%s %%s %%s %%s %%s', l.status,"
                       " l.device_type, l.csp, eui64_text(l.chf_id),"
                       " l.release_due - l.last_updated,"
                       " l.responsible_supplier_ids) from tracking_live l"),
        "AWAITING_CSP PPMID north 00-DB-12-00-00-00-02-01 5 days "
        "{90:b3:d5:1f:30:01:00:00,90:b3:d5:1f:30:02:00:00}");
    assert_string_equal(
        gateway_ask(g,
                    "select format('%%s %%s %%s %%s %%s %%s', csp, device_type,"
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
