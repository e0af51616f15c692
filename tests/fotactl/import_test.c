/* fotactl import cpl, smi and users: files into tables (requirement I2). */
#include "support/check.h"
#include "support/tool.h"

#include <stdio.h>

#define SMI_HEADER                                                             \
    "device_id,device_type,status,manufacturer_id,model_id,"                   \
    "hardware_version,hardware_revision,firmware_version,smets_version,"       \
    "gbcs_version,chf_id,csp_region,import_supplier_id,gas_supplier_id"
#define CHF_A2                                                                 \
    "00-DB-12-34-56-78-90-A2,CHF,Commissioned,121D,0001,01,00,0002012F,"       \
    "SMETS2,4.1,00-DB-12-34-56-78-90-A2,4G North,,"
#define ESME_A0                                                                \
    "00-db-12-34-56-78-90-a0,ESME,Commissioned,12:1D,0002,01,00,9001,SMETS2,"  \
    ",00-DB-12-34-56-78-90-A2,,90-B3-D5-1F-30-01-00-00,"
#define GSME_A1                                                                \
    "00-DB-12-34-56-78-90-A1,GSME,Suspended,,,,,,SMETS2,,"                     \
    "00-DB-12-34-56-78-90-A2,,,90-B3-D5-1F-30-03-00-00"
#define PPMID_A4 "00-DB-12-34-56-78-90-A4,PPMID,Pending,,,,,,SMETS2,,,,,"

#define CPL_HEADER                                                             \
    "entry_id,device_type,manufacturer_id,model_id,hardware_version,"          \
    "hardware_revision,firmware_version,manufacturer_image_hash,status"
#define HASH "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"

#define URL                                                                    \
    "a URL beginning with https:// or http://, with a host that can be and a " \
    "port up to 65535, if any"
#define VERSIONS                                                               \
    "is not firmware versions of 1 to 8 hexadecimal digits with '|' between "  \
    "them such as 0002012E|0002012F"
#define USERS_HEADER "user_id,name,roles,status,receive_url,duis_version"

static void put(struct tool *tool, const char *name, const char *text) {
    tool_file(tool, name, span_text(text));
}

/* ---- what is read ---- */

static void smi_lines_become_devices(void **state) {
    struct tool *tool = *state;
    put(tool, "smi.csv",
        SMI_HEADER "\n" CHF_A2 "\n" ESME_A0 "\n" GSME_A1 "\n" PPMID_A4 "\n");
    tool_expect(tool, "import smi @smi.csv", 0, "");
    assert_string_equal((char *)tool->out.data,
                        "smi: 4 loaded: 4 added, 0 updated, 0 removed, 0 as "
                        "before.\n");
    tool_expect_rows(
        tool,
        "select eui64_text(device_id), device_type, device_status,"
        " smets_version, manufacturer_id, model_id, hardware_version,"
        " hardware_revision, firmware_version, gbcs_version,"
        " eui64_text(chf_id), csp_region, eui64_text(import_supplier_id),"
        " eui64_text(gas_supplier_id), export_supplier_id"
        " from smi_device order by device_id",
        "00-DB-12-34-56-78-90-A0|ESME|Commissioned|SMETS2|4637|2|1|0|"
        "\\x00009001||00-DB-12-34-56-78-90-A2||90-B3-D5-1F-30-01-00-00||\n"
        "00-DB-12-34-56-78-90-A1|GSME|Suspended|SMETS2|||||||"
        "00-DB-12-34-56-78-90-A2|||90-B3-D5-1F-30-03-00-00|\n"
        "00-DB-12-34-56-78-90-A2|CHF|Commissioned|SMETS2|4637|1|1|0|"
        "\\x0002012f|40100|00-DB-12-34-56-78-90-A2|4G North|||\n"
        "00-DB-12-34-56-78-90-A4|PPMID|Pending|SMETS2|||||||||||");
    tool_expect_rows(tool,
                     "select eui64_text(chf_id), csp_region, gbcs_version,"
                     " supplier_ids from smi_home",
                     "00-DB-12-34-56-78-90-A2|4G North|40100|"
                     "{90:b3:d5:1f:30:01:00:00,90:b3:d5:1f:30:03:00:00}");
}

/* Who imported what, and what came of it; a file that was refused changed
 * nothing. */
static void imports_are_in_the_audit_trail(void **state) {
    struct tool *tool = *state;
    put(tool, "smi.csv", SMI_HEADER "\n" CHF_A2 "\n");
    put(tool, "bad.csv", SMI_HEADER "\nx\n");
    tool_expect(tool, "import smi @smi.csv", 0, "");
    tool_expect(tool, "import smi @smi.csv", 0, "");
    assert_int_equal(tool_run(tool, "import smi @bad.csv"), 1);
    tool_expect_rows(tool,
                     "select kind, code, person like 'fotactl:_%',"
                     " regexp_replace(detail, '.*/', '') from sat_entry"
                     " order by entry_no",
                     "person|import smi|t|smi.csv: 1 loaded: 1 added, 0"
                     " updated, 0 removed\n"
                     "person|import smi|t|smi.csv: 1 loaded: 0 added, 0"
                     " updated, 0 removed");
}

/* The keys and indexes are there after a load without them. */
static void a_direct_load_leaves_the_indexes(void **state) {
    struct tool *tool = *state;
    static const char indexes[] =
        "select indexdef from pg_indexes where tablename = 'smi_device'"
        " order by 1";
    static const char expected[] =
        "CREATE INDEX smi_device_home ON public.smi_device USING btree "
        "(chf_id)\n"
        "CREATE UNIQUE INDEX smi_device_pkey ON public.smi_device USING btree "
        "(device_id)";
    tool_expect_rows(tool, indexes, expected);
    put(tool, "smi.csv", SMI_HEADER "\n" CHF_A2 "\n");
    tool_expect(tool, "import smi @smi.csv", 0, "");
    tool_expect_rows(tool, indexes, expected);
    tool_expect_rows(tool,
                     "select conname from pg_constraint where conrelid ="
                     " 'smi_device'::regclass and contype = 'p'",
                     "smi_device_pkey");
}

static void smi_has_optional_columns(void **state) {
    struct tool *tool = *state;
    put(tool, "smi.csv",
        "registered_agent_id," SMI_HEADER
        ",export_supplier_id,network_operator_id\n"
        "90-B3-D5-1F-30-09-00-00," ESME_A0
        ",90-B3-D5-1F-30-07-00-00,90-B3-D5-1F-30-08-00-00\n");
    tool_expect(tool, "import smi @smi.csv", 0, "");
    static const char ask[] =
        "select eui64_text(export_supplier_id),"
        " eui64_text(network_operator_id), eui64_text(registered_agent_id)"
        " from smi_device";
    static const char all[] = "90-B3-D5-1F-30-07-00-00|90-B3-D5-1F-30-08-00-00|"
                              "90-B3-D5-1F-30-09-00-00";
    tool_expect_rows(tool, ask, all);
    /* absent from an update: they stay; from a full new state: they go */
    put(tool, "smi.csv", SMI_HEADER "\n" ESME_A0 "\n");
    tool_expect(tool, "import smi @smi.csv", 0, "");
    tool_expect_rows(tool, ask, all);
    tool_expect(tool, "import smi @smi.csv --replace", 0, "");
    tool_expect_rows(tool, ask, "||");
}

/* The devices of a home look up the cell of its hub. */
static void smi_has_the_cells_of_hubs(void **state) {
    struct tool *tool = *state;
    static const char ask[] = "select string_agg(coalesce(radio_cell, '-'), ' '"
                              " order by chf_id) from smi_home";
    put(tool, "smi.csv", SMI_HEADER ",radio_cell\n" CHF_A2 ",N-0417\n");
    tool_expect(tool, "import smi @smi.csv", 0, "");
    tool_expect_rows(tool, ask, "N-0417");
    put(tool, "smi.csv", SMI_HEADER "\n" CHF_A2 "\n");
    tool_expect(tool, "import smi @smi.csv", 0, "");
    tool_expect_rows(tool, ask, "N-0417");
    put(tool, "smi.csv", SMI_HEADER ",radio_cell\n" CHF_A2 ",N-0418\n");
    tool_expect(tool, "import smi @smi.csv", 0, "");
    tool_expect_rows(tool, ask, "N-0418");
    tool_expect(tool, "import smi @smi.csv --replace", 0, "");
    tool_expect_rows(tool, ask, "N-0418");
    put(tool, "smi.csv", SMI_HEADER "\n" CHF_A2 "\n");
    tool_expect(tool, "import smi @smi.csv --replace", 0, "");
    tool_expect_rows(tool, ask, "-");
}

/* From which versions an image may be installed: absent, or empty, is any. */
static void cpl_has_upgrade_paths(void **state) {
    struct tool *tool = *state;
    static const char ask[] = "select upgrades_from from cpl_entry";
    static const char paths[] = "{\"\\\\x0002012e\",\"\\\\x00000002\"}";
#define ENTRY "1,ESME,121D,000A,0B,0C,3," HASH ",Active"
    put(tool, "cpl.csv",
        CPL_HEADER ",upgrades_from\n" ENTRY ",2012E|00000002\n");
    tool_expect(tool, "import cpl @cpl.csv", 0, "");
    tool_expect_rows(tool, ask, paths);
    put(tool, "cpl.csv", CPL_HEADER "\n" ENTRY "\n");
    tool_expect(tool, "import cpl @cpl.csv", 0, "");
    tool_expect_rows(tool, ask, paths);
    put(tool, "cpl.csv", CPL_HEADER ",upgrades_from\n" ENTRY ",\n");
    tool_expect(tool, "import cpl @cpl.csv", 0, "");
    tool_expect_rows(tool, ask, "");
}

static void cpl_lines_become_entries(void **state) {
    struct tool *tool = *state;
    /* another order, a byte order mark, quotes and CRLF */
    put(tool, "cpl.csv",
        "\xef\xbb\xbfstatus,entry_id,device_type,manufacturer_id,model_id,"
        "hardware_version,hardware_revision,manufacturer_image_hash,"
        "firmware_version\r\n"
        "Active,\"A \"\"1\"\", \xc3\xa9\",ESME,121D,000A,0B,0C," HASH
        ",ACDCACDC\r\n"
        "Expired,2,CHF,FF:FF,0:00,0B,0C,,1\r\n");
    tool_expect(tool, "import cpl @cpl.csv", 1,
                "fotactl: @cpl.csv:3: column model_id: '0:00' is not 2 octets "
                "in hexadecimal such as 121D; correct the file and import it "
                "again: nothing was loaded\n");
    put(tool, "cpl.csv",
        "\xef\xbb\xbfstatus,entry_id,device_type,manufacturer_id,model_id,"
        "hardware_version,hardware_revision,manufacturer_image_hash,"
        "firmware_version\r\n"
        "Active,\"A \"\"1\"\", \xc3\xa9\",ESME,121D,000A,0B,0C," HASH
        ",ACDCACDC\r\n"
        "Expired,2,CHF,FF:FF,00:00,0B,0C,,1\r\n");
    tool_expect(tool, "import cpl @cpl.csv", 0, "");
    tool_expect_rows(
        tool,
        "select entry_id, device_type, manufacturer_id, model_id,"
        " hardware_version, hardware_revision, firmware_version,"
        " manufacturer_image_hash, status from cpl_entry order by 1",
        "2|CHF|65535|0|11|12|\\x00000001||Expired\n"
        "A \"1\", \xc3\xa9|ESME|4637|10|11|12|\\xacdcacdc|\\x" HASH "|Active");
}

static void users_lines_become_users(void **state) {
    struct tool *tool = *state;
    put(tool, "users.csv",
        USERS_HEADER
        "\n"
        "90-B3-D5-1F-30-01-00-00,One,GS|IS,active,https://one/x,5.1\n"
        "90-B3-D5-1F-30-02-00-00,\"Two, Ltd\",,suspended,,\n");
    tool_expect(tool, "import users @users.csv", 0, "");
    static const char ask[] =
        "select eui64_text(user_id), name, roles, status, receive_url,"
        " duis_version from service_user order by 1";
    tool_expect_rows(
        tool, ask,
        "90-B3-D5-1F-30-01-00-00|One|{IS,GS}|active|https://one/x|5.1\n"
        "90-B3-D5-1F-30-02-00-00|Two, Ltd|{}|suspended||5.4");
    put(tool, "users.csv",
        USERS_HEADER "\n"
                     "90-B3-D5-1F-30-02-00-00,Two,OU,active,http://two,5.4\n");
    tool_expect(tool, "import users @users.csv --json", 0, "");
    assert_string_equal((char *)tool->out.data,
                        "{\n  \"loaded\": 1,\n  \"added\": 0,\n"
                        "  \"updated\": 1,\n  \"removed\": 0\n}\n");
    tool_expect_rows(
        tool, ask,
        "90-B3-D5-1F-30-01-00-00|One|{IS,GS}|active|https://one/x|5.1\n"
        "90-B3-D5-1F-30-02-00-00|Two|{OU}|active|http://two|5.4");
}

/* ---- what is refused ---- */

struct bad_file {
    const char *what, *text;
    const char *reason; /* between the file's name and what to do */
};

#define EUI "is not an EUI-64 such as 00-DB-12-34-56-78-90-A0"
#define ONE "is not 1 octet in hexadecimal such as 0A"
#define TWO "is not 2 octets in hexadecimal such as 121D"
#define DEVICE_TYPES                                                           \
    "is not one of ESME, GSME, GPF, CHF, HCALCS, PPMID, IHD, CAD"

/* Line 2 is good, line 3 is not. */
#define SMI(line) SMI_HEADER "\n" CHF_A2 "\n" line "\n"
#define CPL(line) CPL_HEADER "\n1,ESME,121D,000A,0B,0C,1,,Active\n" line "\n"
#define USERS(line)                                                            \
    USERS_HEADER "\n90-B3-D5-1F-30-01-00-00,One,IS,active,,\n" line "\n"

#define UTF16 "the file is in UTF-16: save it as CSV in UTF-8"

static const struct bad_file bad_files[] = {
    /* every column of smi.csv */
    {"smi", SMI("A0,IHD,Pending,,,,,,SMETS2,,,,,"),
     "3: column device_id: 'A0' " EUI},
    {"smi", SMI(",IHD,Pending,,,,,,SMETS2,,,,,"),
     "3: column device_id: must not be empty"},
    {"smi", SMI("00-DB-12-34-56-78-90-A0,Ihd,Pending,,,,,,SMETS2,,,,,"),
     "3: column device_type: 'Ihd' " DEVICE_TYPES},
    {"smi", SMI("00-DB-12-34-56-78-90-A0,IHD,pending,,,,,,SMETS2,,,,,"),
     "3: column status: 'pending' is not one of Pending, Whitelisted, "
     "InstalledNotCommissioned, Commissioned, Decommissioned, Withdrawn, "
     "Suspended, Recovery, Recovered"},
    {"smi", SMI("00-DB-12-34-56-78-90-A0,IHD,Pending,4637,1,,,,SMETS2,,,,,"),
     "3: column model_id: '1' " TWO},
    {"smi", SMI("00-DB-12-34-56-78-90-A0,IHD,Pending,x,,,,,SMETS2,,,,,"),
     "3: column manufacturer_id: 'x' " TWO},
    {"smi", SMI("00-DB-12-34-56-78-90-A0,IHD,Pending,,,1,,,SMETS2,,,,,"),
     "3: column hardware_version: '1' " ONE},
    {"smi", SMI("00-DB-12-34-56-78-90-A0,IHD,Pending,,,,000,,SMETS2,,,,,"),
     "3: column hardware_revision: '000' " ONE},
    {"smi", SMI("00-DB-12-34-56-78-90-A0,IHD,Pending,,,,,v1,SMETS2,,,,,"),
     "3: column firmware_version: 'v1' is not a firmware version of 1 to 8 "
     "hexadecimal digits such as 0002012F"},
    {"smi", SMI("00-DB-12-34-56-78-90-A0,IHD,Pending,,,,,,,,,,,"),
     "3: column smets_version: must not be empty"},
    {"smi", SMI("00-DB-12-34-56-78-90-A0,IHD,Pending,,,,,,SMETS3,,,,,"),
     "3: column smets_version: 'SMETS3' is not one of SMETS1, SMETS2"},
    {"smi", SMI("00-DB-12-34-56-78-90-A0,IHD,Pending,,,,,,SMETS2,four,,,,"),
     "3: column gbcs_version: 'four' is not a GBCS version such as 4.1"},
    {"smi", SMI("00-DB-12-34-56-78-90-A0,IHD,Pending,,,,,,SMETS2,,A2,,,"),
     "3: column chf_id: 'A2' " EUI},
    {"smi", SMI("00-DB-12-34-56-78-90-A0,IHD,Pending,,,,,,SMETS2,,,Wales,,"),
     "3: column csp_region: 'Wales' is not one of North, Central, South, 4G "
     "North, 4G Central, 4G South, Unknown, SMETS1"},
    {"smi", SMI("00-DB-12-34-56-78-90-A0,IHD,Pending,,,,,,SMETS2,,,,one,"),
     "3: column import_supplier_id: 'one' " EUI},
    {"smi", SMI("00-DB-12-34-56-78-90-A0,IHD,Pending,,,,,,SMETS2,,,,,two"),
     "3: column gas_supplier_id: 'two' " EUI},
    /* a CHF is the middle of its home */
    {"smi", SMI("00-DB-12-34-56-78-90-A3,CHF,Pending,,,,,,SMETS2,4.1,,North,,"),
     "3: column chf_id: must be the device_id itself in the line of a CHF"},
    {"smi",
     SMI("00-DB-12-34-56-78-90-A3,CHF,Pending,,,,,,SMETS2,4.1,"
         "00-DB-12-34-56-78-90-A2,North,,"),
     "3: column chf_id: must be the device_id itself in the line of a CHF"},
    {"smi",
     SMI("00-DB-12-34-56-78-90-A3,CHF,Pending,,,,,,SMETS2,4.1,"
         "00-DB-12-34-56-78-90-A3,,,"),
     "3: column csp_region: must not be empty in the line of a CHF (there is "
     "Unknown)"},
    {"smi",
     SMI("00-DB-12-34-56-78-90-A3,CHF,Pending,,,,,,SMETS2,,"
         "00-DB-12-34-56-78-90-A3,North,,"),
     "3: column gbcs_version: must not be empty in the line of a CHF"},
    /* as other programs save tables */
    {"users", "user_id;name;roles;status;duis_version;alert_url\n",
     "1: the columns are separated by ';': save the file with commas between "
     "them"},
    {"users", "user_id\tname\troles\n",
     "1: the columns are separated by tabs: save the file with commas between "
     "them"},
    {"users", "\xff\xfeu", "1: " UTF16},
    {"users", "\xfe\xffu", "1: " UTF16},
    /* keys */
    {"smi", SMI("00-db-12-34-56-78-90-a2,IHD,Pending,,,,,,SMETS2,,,,,"),
     "3: column device_id: '00-db-12-34-56-78-90-a2' is there twice: "
     "first in line 2"},
    {"cpl", CPL("1,GSME,121D,000A,0B,0C,1,,Active"),
     "3: column entry_id: '1' is there twice: first in line 2"},
    {"users", USERS("90-B3-D5-1F-30-01-00-00,Two,GS,active,,"),
     "3: column user_id: '90-B3-D5-1F-30-01-00-00' is there twice: "
     "first in line 2"},
    /* every column of cpl.csv */
    {"cpl", CPL(",ESME,121D,000A,0B,0C,1,,Active"),
     "3: column entry_id: must not be empty"},
    {"cpl", CPL("\xe9,ESME,121D,000A,0B,0C,1,,Active"),
     "3: column entry_id: '?' is not text in UTF-8 without control characters"},
    {"cpl", CPL("2,Meter,121D,000A,0B,0C,1,,Active"),
     "3: column device_type: 'Meter' " DEVICE_TYPES},
    {"cpl", CPL("2,ESME,,000A,0B,0C,1,,Active"),
     "3: column manufacturer_id: must not be empty"},
    {"cpl", CPL("2,ESME,121D,A,0B,0C,1,,Active"),
     "3: column model_id: 'A' " TWO},
    {"cpl", CPL("2,ESME,121D,000A,B,0C,1,,Active"),
     "3: column hardware_version: 'B' " ONE},
    {"cpl", CPL("2,ESME,121D,000A,0B,C,1,,Active"),
     "3: column hardware_revision: 'C' " ONE},
    {"cpl", CPL("2,ESME,121D,000A,0B,0C,,,Active"),
     "3: column firmware_version: must not be empty"},
    {"cpl", CPL("2,ESME,121D,000A,0B,0C,1,abc,Active"),
     "3: column manufacturer_image_hash: 'abc' is not 32 octets in "
     "hexadecimal"},
    {"cpl", CPL("2,ESME,121D,000A,0B,0C,1,,ACTIVE"),
     "3: column status: 'ACTIVE' is not one of Active, Cancelled, Expired, "
     "Withdrawn"},
    {"cpl", CPL_HEADER ",upgrades_from\n2,ESME,121D,000A,0B,0C,1,,Active,1|x\n",
     "2: column upgrades_from: '1|x' " VERSIONS},
    {"cpl", CPL_HEADER ",upgrades_from\n2,ESME,121D,000A,0B,0C,1,,Active,1|\n",
     "2: column upgrades_from: '1|' " VERSIONS},
    /* every column of users.csv */
    {"users", USERS("One,Two,GS,active,,"), "3: column user_id: 'One' " EUI},
    {"users", USERS("90-B3-D5-1F-30-02-00-00,,GS,active,,"),
     "3: column name: must not be empty"},
    {"users", USERS("90-B3-D5-1F-30-02-00-00,Two,GS;IS,active,,"),
     "3: column roles: 'GS;IS' is not User Roles with '|' between them: IS, "
     "ES, GS, RSA, ED, GT, OU"},
    {"users", USERS("90-B3-D5-1F-30-02-00-00,Two,GS,,,"),
     "3: column status: must not be empty"},
    {"users", USERS("90-B3-D5-1F-30-02-00-00,Two,GS,active,two,"),
     "3: column receive_url: 'two' is not " URL},
    {"users", USERS("90-B3-D5-1F-30-02-00-00,Two,GS,active,http://h:99999/x,"),
     "3: column receive_url: 'http://h:99999/x' is not " URL},
    {"users", USERS("90-B3-D5-1F-30-02-00-00,Two,GS,active,http://10.0.0.300,"),
     "3: column receive_url: 'http://10.0.0.300' is not " URL},
    {"users", USERS("90-B3-D5-1F-30-02-00-00,Two,GS,active,,five"),
     "3: column duis_version: 'five' is not a DUIS version such as 5.4"},
    /* the header line */
    {"users", "", "1: there is no header line"},
    {"users", "user_id,name,colour,roles,status,receive_url,duis_version\n",
     "1: 'colour' is not a column of this file"},
    {"users", "User_id,name,roles,status,receive_url,duis_version\n",
     "1: 'User_id' is not a column of this file"},
    {"users", "user_id,name,roles,status,receive_url\n",
     "1: column duis_version: is missing in the header line"},
    {"users", "user_id,name,name,roles,status,receive_url,duis_version\n",
     "1: column name: is in the header line twice"},
    /* the shape of lines, and where they are */
    {"users", USERS("90-B3-D5-1F-30-02-00-00,Two,GS,active,"),
     "3: the line has 5 fields, the header line has 6"},
    {"users", USERS("90-B3-D5-1F-30-02-00-00,Two,GS,active,,,"),
     "3: the line has 7 fields, the header line has 6"},
    {"users", USERS("\n\n90-B3-D5-1F-30-02-00-00,,GS,active,,"),
     "5: column name: must not be empty"},
    {"users", USERS("90-B3-D5-1F-30-02-00-00,\"Tw\no\",GS,active,,"),
     "3: column name: 'Tw?o' is not text in UTF-8 without control characters"},
    {"users", USERS("90-B3-D5-1F-30-02-00-00,\"Two,GS,active,,"),
     "3: a '\"' is not closed"},
    {"users", USERS("90-B3-D5-1F-30-02-00-00,T\"wo,GS,active,,"),
     "3: a '\"' stands where none may be"},
};

static void expect_bad(struct tool *tool, const struct bad_file *bad) {
    char line[128], err[1024];
    snprintf(line, sizeof line, "import %s @bad.csv", bad->what);
    snprintf(err, sizeof err,
             "fotactl: @bad.csv:%s; correct the file and import it again: "
             "nothing was loaded\n",
             bad->reason);
    put(tool, "bad.csv", bad->text);
    tool_expect(tool, line, 1, err);
    assert_int_equal(tool->out.len, 0);
}

static const char count_all[] = "select (select count(*) from smi_device)"
                                " + (select count(*) from smi_home)"
                                " + (select count(*) from cpl_entry)"
                                " + (select count(*) from service_user)";

static void a_bad_file_is_refused_with_its_place(void **state) {
    struct tool *tool = *state;
    for (size_t i = 0; i < sizeof bad_files / sizeof *bad_files; i++)
        expect_bad(tool, &bad_files[i]);
    tool_expect_rows(tool, count_all, "0");
}

/* The same, where rows are compared with what is there. */
static void a_bad_file_changes_nothing(void **state) {
    struct tool *tool = *state;
    put(tool, "smi.csv", SMI_HEADER "\n" PPMID_A4 "\n");
    put(tool, "cpl.csv", CPL_HEADER "\n9,ESME,121D,000A,0B,0C,1,,Active\n");
    put(tool, "users.csv",
        USERS_HEADER "\n90-B3-D5-1F-30-09-00-00,Nine,IS,active,,\n");
    tool_expect(tool, "import smi @smi.csv", 0, "");
    tool_expect(tool, "import cpl @cpl.csv", 0, "");
    tool_expect(tool, "import users @users.csv", 0, "");
    tool_expect_rows(tool, count_all, "3");
    for (size_t i = 0; i < sizeof bad_files / sizeof *bad_files; i++)
        expect_bad(tool, &bad_files[i]);
    tool_expect_rows(tool, count_all, "3");
}

static void a_file_that_is_not_there_is_named(void **state) {
    struct tool *tool = *state;
    tool_expect(tool, "import smi @none.csv", 1,
                "fotactl: @none.csv: No such file or directory\n");
    tool_directory(tool, "dir.csv");
    tool_expect(tool, "import smi @dir.csv", 1,
                "fotactl: @dir.csv: Is a directory\n");
}

/* ---- adding, updating, replacing ---- */

static const char devices[] =
    "select right(eui64_text(device_id), 2), device_status from smi_device"
    " order by 1";

static void an_update_adds_and_changes(void **state) {
    struct tool *tool = *state;
    put(tool, "smi.csv", SMI_HEADER "\n" CHF_A2 "\n" ESME_A0 "\n" PPMID_A4);
    tool_expect(tool, "import smi @smi.csv", 0, "");
    put(tool, "smi.csv",
        SMI_HEADER
        "\n" GSME_A1 "\n" ESME_A0 "\n"
        "00-DB-12-34-56-78-90-A4,PPMID,Withdrawn,,,,,,SMETS2,,,,,\n");
    tool_expect(tool, "import smi @smi.csv", 0, "");
    assert_string_equal((char *)tool->out.data,
                        "smi: 3 loaded: 1 added, 1 updated, 0 removed, 1 as "
                        "before.\n");
    tool_expect_rows(tool, devices,
                     "A0|Commissioned\nA1|Suspended\nA2|Commissioned\n"
                     "A4|Withdrawn");
}

/* What an import says of a device counts, and what it suspends can be given its
 * status back. */
static void an_import_suspends_and_restores(void **state) {
    struct tool *tool = *state;
    static const char before[] =
        "select device_status, status_before from smi_device"
        " where device_type = 'PPMID'";
#define PPMID_IS(status)                                                       \
    SMI_HEADER "\n00-DB-12-34-56-78-90-A4,PPMID," status ",,,,,,SMETS2,,,,,\n"
    put(tool, "smi.csv", PPMID_IS("Commissioned"));
    tool_expect(tool, "import smi @smi.csv", 0, "");
    put(tool, "smi.csv", PPMID_IS("Suspended"));
    for (int i = 0; i < 2; i++) {
        tool_expect(tool, "import smi @smi.csv", 0, "");
        tool_expect_rows(tool, before, "Suspended|Commissioned");
    }
    /* a version that it read gave it its status back; the import disagrees */
    tool_sql(tool, "update smi_device set device_status = status_before");
    tool_expect_rows(tool, before, "Commissioned|");
    tool_expect(tool, "import smi @smi.csv", 0, "");
    tool_expect_rows(tool, before, "Suspended|Commissioned");
    put(tool, "smi.csv", PPMID_IS("Withdrawn"));
    tool_expect(tool, "import smi @smi.csv", 0, "");
    tool_expect_rows(tool, before, "Withdrawn|");
}

static void a_replacement_also_removes(void **state) {
    struct tool *tool = *state;
    put(tool, "smi.csv", SMI_HEADER "\n" CHF_A2 "\n" ESME_A0 "\n" PPMID_A4);
    tool_expect(tool, "import smi @smi.csv", 0, "");
    put(tool, "smi.csv",
        SMI_HEADER
        "\n" GSME_A1 "\n" ESME_A0 "\n"
        "00-DB-12-34-56-78-90-A4,PPMID,Withdrawn,,,,,,SMETS2,,,,,\n");
    tool_expect(tool, "import smi @smi.csv --replace", 0, "");
    assert_string_equal((char *)tool->out.data,
                        "smi: 3 loaded: 1 added, 1 updated, 1 removed, 1 as "
                        "before.\n");
    tool_expect_rows(tool, devices,
                     "A0|Commissioned\nA1|Suspended\n"
                     "A4|Withdrawn");
    put(tool, "smi.csv", SMI_HEADER "\n");
    tool_expect(tool, "import smi @smi.csv --replace", 1,
                "fotactl: @smi.csv:1: only a header line; --replace would "
                "remove everything; correct the file and import it again: "
                "nothing was loaded\n");
    tool_expect(tool, "import smi @smi.csv", 0, "");
    tool_expect_rows(tool, devices,
                     "A0|Commissioned\nA1|Suspended\n"
                     "A4|Withdrawn");
}

/* ---- homes follow ---- */

static const char homes[] =
    "select right(eui64_text(chf_id), 2), csp_region, import_supplier_ids,"
    " gas_supplier_ids, supplier_ids from smi_home order by 1";

#define ESME_OF(hub, supplier)                                                 \
    "00-DB-12-34-56-78-90-A0,ESME,Commissioned,,,,,,SMETS2,,"                  \
    "00-DB-12-34-56-78-90-" hub ",,90-B3-D5-1F-30-" supplier "-00-00,\n"

static void a_home_follows_its_devices(void **state) {
    struct tool *tool = *state;
    put(tool, "smi.csv",
        SMI_HEADER "\n" CHF_A2 "\n" GSME_A1 "\n" ESME_OF("A2", "01"));
    tool_expect(tool, "import smi @smi.csv", 0, "");
    tool_expect_rows(tool, homes,
                     "A2|4G North|{90:b3:d5:1f:30:01:00:00}|"
                     "{90:b3:d5:1f:30:03:00:00}|"
                     "{90:b3:d5:1f:30:01:00:00,90:b3:d5:1f:30:03:00:00}");
    /* another supplier, the same as for gas */
    put(tool, "smi.csv", SMI_HEADER "\n" ESME_OF("A2", "03"));
    tool_expect(tool, "import smi @smi.csv", 0, "");
    tool_expect_rows(tool, homes,
                     "A2|4G North|{90:b3:d5:1f:30:03:00:00}|"
                     "{90:b3:d5:1f:30:03:00:00}|{90:b3:d5:1f:30:03:00:00}");
    /* to another hub, whose own line is not there yet */
    put(tool, "smi.csv", SMI_HEADER "\n" ESME_OF("B2", "03"));
    tool_expect(tool, "import smi @smi.csv", 0, "");
    tool_expect_rows(tool, homes,
                     "A2|4G North|{}|{90:b3:d5:1f:30:03:00:00}|"
                     "{90:b3:d5:1f:30:03:00:00}\n"
                     "B2||{90:b3:d5:1f:30:03:00:00}|{}|"
                     "{90:b3:d5:1f:30:03:00:00}");
    /* only the new home is left */
    tool_expect(tool, "import smi @smi.csv --replace", 0, "");
    tool_expect_rows(tool, homes,
                     "B2||{90:b3:d5:1f:30:03:00:00}|{}|"
                     "{90:b3:d5:1f:30:03:00:00}");
}

#define WITH_DATABASE(test)                                                    \
    cmocka_unit_test_setup_teardown(test, tool_setup, tool_teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        WITH_DATABASE(smi_lines_become_devices),
        WITH_DATABASE(imports_are_in_the_audit_trail),
        WITH_DATABASE(a_direct_load_leaves_the_indexes),
        WITH_DATABASE(smi_has_optional_columns),
        WITH_DATABASE(cpl_has_upgrade_paths),
        WITH_DATABASE(smi_has_the_cells_of_hubs),
        WITH_DATABASE(cpl_lines_become_entries),
        WITH_DATABASE(users_lines_become_users),
        WITH_DATABASE(a_bad_file_is_refused_with_its_place),
        WITH_DATABASE(a_bad_file_changes_nothing),
        WITH_DATABASE(a_file_that_is_not_there_is_named),
        WITH_DATABASE(an_update_adds_and_changes),
        WITH_DATABASE(an_import_suspends_and_restores),
        WITH_DATABASE(a_replacement_also_removes),
        WITH_DATABASE(a_home_follows_its_devices),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
