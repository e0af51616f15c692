/* Updates to their end, in each region (§6.2.1; Table 3), and what a
 * read of the version finds. */
#include "steps.h"

/* ---- PPMID: 11.4 and 11.2 ---- */

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
    RUN(PPMID_PATH("n1.ppmid"), PPMID_PATH("n5.ppmid"));
}

static void ppmid_in_central_and_south(void **state) {
    (void)state;
    RUN(PPMID_PATH("c1.ppmid"), PPMID_PATH("s1.ppmid"));
}

static void ppmids_of_every_region_in_one_request(void **state) {
    (void)state;
    RUN({sends, "1 11.4 ppmid-a-0A000003 n1.ppmid,n2.ppmid,c1.ppmid,s1.ppmid "
                "I99"},
        {is_told, "2 N59 n1.ppmid,n2.ppmid,c1.ppmid,s1.ppmid"},
        {is_told, "1 N61 n1.ppmid n2.ppmid c1.ppmid s1.ppmid"},
        {is_told, "1 N62 n1.ppmid n2.ppmid c1.ppmid s1.ppmid"},
        {is_told, "1 N39 n1.ppmid n2.ppmid c1.ppmid s1.ppmid"},
        {is_told, "2 N39 n1.ppmid n2.ppmid c1.ppmid s1.ppmid"},
        {is, "n1.ppmid,n2.ppmid,c1.ppmid,s1.ppmid FIRMWARE_ACTIVATED"},
        {tries, "north 1"}, {tries, "south 1"});
}

/* ---- meters and HCALCS: 11.1, 11.3 and 11.2 ---- */

/* The image is there. The other supplier of the home hears of it too. */
#define DELIVERED(supplier, other, image, device)                              \
    {sends, supplier " 11.1 " image " " device " I99"},                        \
        {is_told, other " N59 " device}, {is_told, supplier " N61 " device},   \
        {is_told, supplier " N62 " device}, {                                  \
        is, device " SUCCESSFUL_HAN_TRANSFER"                                  \
    }
#define ACTIVATED(supplier, image, device, version)                            \
    {activates, supplier " " device " " image},                                \
        {is_told, supplier " I0/GBCSPayload " device},                         \
        {is, device " FIRMWARE_ACTIVATED"}, {inventory, device " " version},   \
        {reads, supplier " " device}, {                                        \
        is_told, supplier " I0/GBCSPayload " device                            \
    }

static void esme_at_once(void **state) {
    (void)state;
    RUN(DELIVERED("1", "2", "esme-a-01020000", "n1.esme"),
        {is_told, "1 8F72 n1.esme"},
        ACTIVATED("1", "esme-a-01020000", "n1.esme", "01020000"),
        DELIVERED("1", "2", "esme-a-01020000", "c1.esme"),
        {is_told, "1 8F72 c1.esme"},
        ACTIVATED("1", "esme-a-01020000", "c1.esme", "01020000"));
}

static void gsme_at_once(void **state) {
    (void)state;
    RUN(DELIVERED("2", "1", "gsme-a-00010003", "n1.gsme"),
        {is_told, "2 8F72 n1.gsme"},
        ACTIVATED("2", "gsme-a-00010003", "n1.gsme", "00010003"));
}

static void hcalcs_at_once(void **state) {
    (void)state;
    RUN(DELIVERED("1", "2", "hcalcs-a-00000002", "s1.hcalcs"),
        ACTIVATED("1", "hcalcs-a-00000002", "s1.hcalcs", "00000002"));
}

/* The device keeps the time: 8F66 when it comes. */
static void esme_later(void **state) {
    (void)state;
    RUN(DELIVERED("1", "2", "esme-a-01020000", "n1.esme"),
        {is_told, "1 8F72 n1.esme"},
        {activates, "1 n1.esme esme-a-01020000 2h"},
        {is_told, "1 I0/GBCSPayload n1.esme"}, {clock_by, "1h"},
        {is, "n1.esme SUCCESSFUL_HAN_TRANSFER"},
        {inventory, "n1.esme 01010000"}, {clock_by, "61m"},
        {is_told, "1 8F66 n1.esme"}, {is, "n1.esme FIRMWARE_ACTIVATED"},
        {inventory, "n1.esme 01020000"});
}

static void esme_cancelled(void **state) {
    (void)state;
    RUN(DELIVERED("1", "2", "esme-a-01020000", "n1.esme"),
        {is_told, "1 8F72 n1.esme"},
        {activates, "1 n1.esme esme-a-01020000 2h"},
        {is_told, "1 I0/GBCSPayload n1.esme"},
        {activates, "1 n1.esme esme-a-01020000 cancelled"},
        {is_told, "1 I0/GBCSPayload n1.esme"}, {clock_by, "3h"},
        {reads, "1 n1.esme"}, {is_told, "1 I0/GBCSPayload n1.esme"},
        {is, "n1.esme SUCCESSFUL_HAN_TRANSFER"},
        {inventory, "n1.esme 01010000"});
}

/* Appendix B: 0x15, then 0x20; the first is stored, and nothing runs it. */
static void firmware_in_two_images(void **state) {
    (void)state;
    RUN({devices, "version 0A000001"},
        {sql, "update smi_device set firmware_version = '\\x0A000001'"
              " where device_id = '{n1.ppmid}'"},
        {sends, "1 11.4 ppmid-a-0A000002 n1.ppmid I99"},
        {is_told, "2 N59 n1.ppmid"}, {is_told, "1 N61 n1.ppmid"},
        {is_told, "1 N62 n1.ppmid"}, {is_told, "1 N39 n1.ppmid"},
        {is_told, "2 N39 n1.ppmid"}, {is, "n1.ppmid STORED_ON_DEVICE"},
        {inventory, "n1.ppmid 0A000001"}, {devices, "version 0A000003"},
        PPMID_PATH("n1.ppmid"));
}

/* ---- 11.2 that finds another version, or nothing ---- */

#define FINDS(device, version, alert, known)                                   \
    {devices, "version " version}, {reads, "1 " device},                       \
        {is_told, "1 I0/GBCSPayload " device},                                 \
        {is_told, "1 " alert " " device}, {                                    \
        inventory, device " " known                                            \
    }

static void a_read_finds_another_version(void **state) {
    (void)state;
    RUN(FINDS("n1.ppmid", "0A000003", "N49", "0A000003"),
        FINDS("n1.ppmid", "0A000004", "N50", "0A000004"),
        FINDS("n1.ppmid", "0A0000FF", "N51", "0A000004"),
        FINDS("n1.hcalcs", "00000002", "N49", "00000002"),
        {sql, "update cpl_entry set status = 'Withdrawn' where"
              " device_type = 'HCALCS' and firmware_version = '\\x00000001'"},
        FINDS("n1.hcalcs", "00000001", "N50", "00000001"),
        FINDS("n1.hcalcs", "000000FF", "N51", "00000001"));
}

/* The next update of a device that reads back an Active version is taken. */
static void a_read_restores_a_suspended_device(void **state) {
    (void)state;
    RUN({sql, "update smi_device set device_status = 'Suspended'"
              " where device_id = '{n1.ppmid}'"},
        {sends, "1 11.4 ppmid-a-0A000003 n1.ppmid W110401"
                " NotCommissionedDeviceIDList n1.ppmid"},
        FINDS("n1.ppmid", "0A000002", "N49", "0A000002"),
        {sends, "1 11.4 ppmid-a-0A000003 n1.ppmid I99"},
        {is_told, "2 N59 n1.ppmid"}, {is_told, "1 N61 n1.ppmid"},
        {is_told, "1 N62 n1.ppmid"}, {is_told, "1 N39 n1.ppmid"},
        {is_told, "2 N39 n1.ppmid"});
}

static void a_read_fails(void **state) {
    (void)state;
    RUN({devices, "read_failed 100 n1.esme"}, {reads, "1 n1.esme"},
        {is_told, "1 I0/GBCSPayload n1.esme"}, {inventory, "n1.esme 01010000"});
}

static void a_read_is_not_answered(void **state) {
    (void)state;
    RUN({devices, "device_silent 100"}, {reads, "1 n1.esme"},
        {reads, "1 c1.ppmid"},
        {holds, "2 select count(*) from device_command"
                " where state = 'sent'"},
        {clock_by, "23h"}, {restart, "term"}, {clock_by, "61m"},
        {is_told, "1 E21/ n1.esme c1.ppmid"});
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ppmid_in_the_north),
        cmocka_unit_test(ppmid_in_central_and_south),
        cmocka_unit_test(ppmids_of_every_region_in_one_request),
        cmocka_unit_test(esme_at_once),
        cmocka_unit_test(gsme_at_once),
        cmocka_unit_test(hcalcs_at_once),
        cmocka_unit_test(esme_later),
        cmocka_unit_test(esme_cancelled),
        cmocka_unit_test(firmware_in_two_images),
        cmocka_unit_test(a_read_finds_another_version),
        cmocka_unit_test(a_read_restores_a_suspended_device),
        cmocka_unit_test(a_read_fails),
        cmocka_unit_test(a_read_is_not_answered),
    };
    return scenario_tests(tests, NULL, NULL);
}
