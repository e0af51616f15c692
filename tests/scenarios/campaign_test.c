/*
 * One request for many devices, a tenth of which fail in every way, to the last
 * alert (scenario 13). DEVICES=50000 for the largest request there is.
 */
#include "support/check.h"
#include "support/scenario_account.h"

#include "fotasim/csp_faults.h"
#include "fotasim/device_faults.h"

#include <signal.h>
#include <stdlib.h>

static const char north[] = "reject 2 DEVICE_NOT_IDENTIFIED\nfail 2 NO_SLOT\n"
                            "silent 1\nother 1 LATE\nbatch 1000\n";
static const char south[] = "reject 2 IMAGE_INVALID\nfail 2 NO_SLOT\n"
                            "silent 1\nanother_hub 1\nbatch 1000\n";
static const char devices_faults[] =
    "transfer_failed 1\ndiscarded 1\nhardware_mismatch 1\n"
    "activation_failed 1\nearly 1\ntwice 1\n";

/* What becomes of a device, and what Users are told of it. */
struct fate {
    const char *status;
    unsigned told[TOLDS];
};
enum fates {
    REJECTED,
    UNDELIVERED,
    UNHEARD,
    TRANSFER_FAILED,
    DISCARDED,
    MISMATCH,
    NOT_ACTIVATED,
    ACTIVATED,
    FATES
};
static const struct fate FATE[FATES] = {
    [REJECTED] = {"REJECTED_BY_CSP", {[TOLD_REJECTED] = 1}},
    [UNDELIVERED] = {"FAILED_CH_TRANSFER", {[TOLD_N59] = 1, [TOLD_N60] = 1}},
    [UNHEARD] = {"APPROVED_FOR_DISTRIBUTION", {[TOLD_N59] = 1}},
    [TRANSFER_FAILED] = {"FAILED_HAN_TRANSFER",
                         {[TOLD_N59] = 1, [TOLD_N61] = 1, [TOLD_N62] = 1}},
    [DISCARDED] = {"HAN_DISCARDED",
                   {[TOLD_N59] = 1, [TOLD_N61] = 1, [TOLD_N62] = 1}},
    [MISMATCH] = {"HAN_REJECTED_HW_MISMATCH",
                  {[TOLD_N59] = 1, [TOLD_N61] = 1, [TOLD_N62] = 1}},
    [NOT_ACTIVATED] = {"ACTIVATION_FAILED",
                       {[TOLD_N59] = 1,
                        [TOLD_N61] = 1,
                        [TOLD_N62] = 1,
                        [TOLD_N39] = 1,
                        [TOLD_N39_TOO] = 1}},
    [ACTIVATED] = {"FIRMWARE_ACTIVATED",
                   {[TOLD_N59] = 1,
                    [TOLD_N61] = 1,
                    [TOLD_N62] = 1,
                    [TOLD_N39] = 1,
                    [TOLD_N39_TOO] = 1}},
};

/* As the emulated CSP and devices draw it. */
static enum fates drawn(const struct csp_faults *csp_faults,
                        const struct sim_faults *faults, eui64 id) {
    static const enum fates by_csp[CSP_FATES] = {
        [CSP_REJECT] = REJECTED,     [CSP_FAIL] = UNDELIVERED,
        [CSP_OTHER] = UNHEARD,       [CSP_SILENT] = UNHEARD,
        [CSP_ANOTHER_HUB] = UNHEARD,
    };
    static const struct {
        enum sim_device_fault fault;
        enum fates fate;
    } by_device[] = {{SIM_TRANSFER_FAILED, TRANSFER_FAILED},
                     {SIM_DISCARDED, DISCARDED},
                     {SIM_HARDWARE_MISMATCH, MISMATCH},
                     {SIM_ACTIVATION_FAILED, NOT_ACTIVATED}};
    const char *reason;
    enum csp_fate csp_fate = csp_fate_of(csp_faults, id, &reason);
    if (csp_fate != CSP_WELL)
        return by_csp[csp_fate];
    for (size_t i = 0; i < sizeof by_device / sizeof *by_device; i++)
        if (sim_faulty(faults, id, by_device[i].fault))
            return by_device[i].fate;
    return ACTIVATED;
}

static void read_faults(struct scenario *s, struct csp_faults csps[2],
                        struct sim_faults *faults) {
    scenario_faults(s, "north", north);
    scenario_faults(s, "south", south);
    scenario_faults(s, "devices", devices_faults);
    assert_true(csp_faults_read(scenario_path(s, "north.faults"), &csps[0]));
    assert_true(csp_faults_read(scenario_path(s, "south.faults"), &csps[1]));
    assert_true(sim_faults_read(scenario_path(s, "devices.faults"), faults));
}

/* By the place in the account; bulk devices go North, Central in turns. */
static enum fates *draw(struct scenario *s,
                        const struct scenario_account *account,
                        size_t counts[FATES]) {
    static struct csp_faults csps[2];
    static struct sim_faults faults;
    read_faults(s, csps, &faults);
    enum fates *fates = arena_zero(s->arena, account->count, sizeof *fates);
    for (size_t i = 0; i < account->count; i++) {
        char text[EUI64_TEXT_SIZE];
        size_t place =
            scenario_account_place(account, eui64_format(s->bulk[i], text));
        fates[place] = drawn(&csps[i % 2], &faults, s->bulk[i]);
        counts[fates[place]]++;
    }
    return fates;
}

static void judge_statuses(struct scenario *s, const size_t counts[FATES]) {
    for (size_t fate = 0; fate < FATES; fate++) {
        const char *got =
            scenario_ask(s, "select count(*) from tracking where status = '%s'",
                         FATE[fate].status);
        print_message("%-26s %6s\n", FATE[fate].status, got);
        assert_string_equal(got, arena_printf(s->arena, "%zu", counts[fate]));
    }
}

static void to_the_last_alert(void **state) {
    (void)state;
    const char *given = getenv("DEVICES");
    size_t count = given ? strtoul(given, NULL, 10) : 2000;
    struct scenario *s = scenario_open(&(struct scenario_wish){.bulk = count});
    struct scenario_account before = scenario_account(s);
    size_t counts[FATES] = {0};
    enum fates *fates = draw(s, &before, counts);
    instant began = clock_elapsed();
    const char *answer = scenario_post(
        s, "serviceD",
        scenario_update(s, 1, "ppmid-a-0A000003", s->bulk, count));
    assert_non_null(answer);
    assert_string_equal(scenario_element(s, answer, "ResponseCode"), "I99");
    scenario_settle(s);
    struct scenario_account after = scenario_account(s);
    print_message("%zu devices in %.1f s\n", count,
                  (double)(clock_elapsed() - began) / SECOND);
    judge_statuses(s, counts);
    assert_int_equal(sim_users_counts(s->users, 0).wrong, 0);
    assert_int_equal(after.strange + after.repeats, 0);
    for (size_t i = 0; i < count; i++)
        assert_memory_equal(after.told[i], FATE[fates[i]].told,
                            sizeof after.told[i]);
    scenario_stop_fotad(s, SIGTERM);
    scenario_end(s);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(to_the_last_alert)};
    return scenario_tests(tests, NULL, NULL);
}
