/* Updates to their end, in each region (section 6.2.1; Table 3). */
#include "support/check.h"
#include "support/scenario.h"

#define PPMID_PATH(device)                                                     \
    {sends, "1 11.4 ppmid-a-0A000003 " device " I99"},                         \
        {is_told, "2 N59 " device}, {is_told, "1 N61 " device},                \
        {is_told, "1 N62 " device}, {is_told, "1 N39 " device},                \
        {is_told, "2 N39 " device}, {is, device " FIRMWARE_ACTIVATED"},        \
        {inventory, device " 0A000003"}, {reads, "1 " device}, {               \
        is_told, "1 I0/GBCSPayload " device                                    \
    }

static void ppmid_in_the_north(void **state) {
    (void)state;
    scenario_run(NULL, (const struct scenario_step[]){PPMID_PATH("n1.ppmid"),
                                                      PPMID_PATH("n5.ppmid"),
                                                      {NULL, NULL}});
}

int main(void) {
    if (!scenario_prepare())
        return 1;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ppmid_in_the_north),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    scenario_finish();
    return failed;
}
