/*
 * Data files that are none, lie about their form, or carry what a reader after
 * us might run: refused as a whole with one clear line, nothing loaded
 * (requirement I1). After each a good file is taken.
 */
#include "hostile/ledger.h"
#include "support/tool.h"

#define USERS "user_id,name,roles,status,receive_url,duis_version\n"
#define ID "90-B3-D5-1F-30-01-00-00"
#define USER ID ",A,IS,active,,5.4\n"
#define CPL                                                                    \
    "entry_id,device_type,manufacturer_id,model_id,hardware_version,"          \
    "hardware_revision,firmware_version,manufacturer_image_hash,status\n"

struct csv_case {
    const char *name, *what, *text;
    size_t len; /* 0: strlen(text) */
};

#define BAD(name, text)                                                        \
    { name, "users", text, sizeof(text) - 1 }
#define LINE(name, line)                                                       \
    { name, "users", USERS line, sizeof(USERS line) - 1 }
#define ENTRY(name, line)                                                      \
    { name, "cpl", CPL line, sizeof(CPL line) - 1 }

static const struct csv_case CASES[] = {
    BAD("nothing", ""),
    BAD("a line end", "\n"),
    BAD("a byte order mark", "\xef\xbb\xbf"),
    BAD("two byte order marks", "\xef\xbb\xbf\xef\xbb\xbf" USERS USER),
    BAD("a NUL", "\0"),
    BAD("UTF-16", "\xff\xfeu\0s\0e\0r\0"),
    BAD("a program", "\x7f"
                     "ELF\x02\x01\x01"),
    BAD("packed", "\x1f\x8b\x08\0\0\0"),
    BAD("JSON", "[{\"user_id\":\"" ID "\"}]\n"),
    BAD("no header line", USER),
    BAD("a column that there is not", "user_id,password\n"),
    BAD("a column twice",
        "user_id,user_id,name,roles,status,receive_url,duis_version\n"),
    BAD("a column with a space",
        "user_id ,name,roles,status,receive_url,duis_version\n"),
    BAD("a column of SQL", "\"user_id) values (1); --\",name\n"),
    BAD("a column missing", "user_id,name\n"),
    BAD("semicolons", "user_id;name;roles;status;receive_url;duis_version\n"),
    BAD("tabulators", "user_id\tname\troles\tstatus\n"),
    LINE("a quote that does not end", ID ",\"A,IS,active,,5.4\n"),
    LINE("a quote in the middle", ID ",A\"B,IS,active,,5.4\n"),
    LINE("text after a quote", ID ",\"A\"B,IS,active,,5.4\n"),
    LINE("a field too few", ID ",A,IS,active,\n"),
    LINE("a field too many", ID ",A,IS,active,,5.4,x\n"),
    LINE("a hundred fields more", ID
         ",A,IS,active,,5.4,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,"
         ",,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,\n"),
    LINE("a NUL in a field", ID ",A\0B,IS,active,,5.4\n"),
    LINE("a NUL after an identifier", ID "\0,A,IS,active,,5.4\n"),
    LINE("an octet that is no UTF-8", ID ",\xff,IS,active,,5.4\n"),
    LINE("a '/' written too long", ID ",\xc0\xaf,IS,active,,5.4\n"),
    LINE("a surrogate", ID ",\xed\xa0\x80,IS,active,,5.4\n"),
    LINE("an escape sequence", ID ",\x1b[2J,IS,active,,5.4\n"),
    LINE("a line end in a name", ID ",\"A\nB\",IS,active,,5.4\n"),
    LINE("an identifier of SQL", "' or 1=1; --,A,IS,active,,5.4\n"),
    LINE("an identifier as a formula", "\"=\"\"" ID "\"\"\",A,IS,active,,\n"),
    LINE("an identifier twice", USER USER),
    LINE("an identifier twice, in small letters",
         USER "90-b3-d5-1f-30-01-00-00,B,IS,active,,5.4\n"),
    LINE("a role that there is not", ID ",A,IS|ROOT,active,,5.4\n"),
    LINE("roles of SQL", ID ",A,\"IS},{\",active,,5.4\n"),
    LINE("a status that there is not", ID ",A,IS,Active,,5.4\n"),
    LINE("a URL of a file", ID ",A,IS,active,file:///etc/passwd,5.4\n"),
    LINE("a URL of gopher", ID ",A,IS,active,gopher://127.0.0.1/,5.4\n"),
    LINE("a URL of a script", ID ",A,IS,active,javascript:alert(1),5.4\n"),
    LINE("a URL without a host", ID ",A,IS,active,http:///x,5.4\n"),
    LINE("a URL with a line end",
         ID ",A,IS,active,\"http://a/\r\nX: y\",5.4\n"),
    LINE("a URL with a space", ID ",A,IS,active,http://a/ b,5.4\n"),
    LINE("a version that there is not", ID ",A,IS,active,,99\n"),
    LINE("a good line before a bad one", USER "x,B,IS,active,,5.4\n"),
    ENTRY("a hash of 31 octets",
          "1,ESME,121D,0001,01,00,1,"
          "00112233445566778899aabbccddeeff00112233445566778899aabbccddee,"
          "Active\n"),
    ENTRY("a hash of letters",
          "1,ESME,121D,0001,01,00,1,"
          "xx112233445566778899aabbccddeeff00112233445566778899aabbccddeeff,"
          "Active\n"),
    ENTRY("a version of 5 octets",
          "1,ESME,121D,0001,01,00,0102030405,,Active\n"),
    ENTRY("a number with a sign", "1,ESME,-121,0001,01,00,1,,Active\n"),
    ENTRY("a number as a formula", "1,ESME,=1+1,0001,01,00,1,,Active\n"),
    ENTRY("a device type that there is not",
          "1,TOASTER,121D,0001,01,00,1,,Active\n"),
    ENTRY("an identifier of nothing", ",ESME,121D,0001,01,00,1,,Active\n"),
};

static struct ledger ledger;

static void holds(struct tool *tool, const char *name) {
    tool_expect(tool, "import users @good.csv", 0, "");
    ledger_check(&ledger, name);
}

/* One clear line, which is safe to show. */
static void refused(struct tool *tool, const char *name, const char *what) {
    char line[64];
    snprintf(line, sizeof line, "import %s @bad.csv --replace", what);
    int status = tool_run(tool, line);
    const char *err = (const char *)tool->err.data;
    size_t len = strlen(err), lines = 0;
    for (size_t i = 0; i < len; i++) {
        lines += err[i] == '\n';
        if ((unsigned char)err[i] < ' ' && err[i] != '\n')
            fail_msg("%s: a control character in %s", name, err);
    }
    if (status != 1 || lines != 1 || !strstr(err, "nothing was loaded"))
        fail_msg("%s: %d %s", name, status, err);
    holds(tool, name);
}

static void begin(struct tool *tool) {
    tool_file(tool, "good.csv",
              span_text(USERS "90-B3-D5-1F-30-09-00-00,Good,IS,active,,5.4\n"));
    tool_expect(tool, "import users @good.csv", 0, "");
    ledger_open(&ledger, tool->conninfo, "sat_entry");
}

static void bad_files_are_refused(void **state) {
    struct tool *tool = *state;
    begin(tool);
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
        tool_file(tool, "bad.csv", span_of(CASES[i].text, CASES[i].len));
        refused(tool, CASES[i].name, CASES[i].what);
    }
    ledger_close(&ledger);
}

static const struct {
    const char *name, *before, *piece;
    size_t times;
    const char *after;
} FLOODS[] = {
    {"a field of 8 megabytes", USERS ID ",", "xxxxxxxx", 1048576,
     ",IS,active,,9\n"},
    {"a quote of 8 megabytes", USERS ID ",\"", "xxxxxxxx", 1048576, "\n"},
    {"a quote of a million quotes", USERS ID ",\"", "\"\"", 1000000, "\n"},
    {"a million fields", USERS ID, ",", 1000000, "\n"},
    {"a million columns", "user_id", ",a", 1000000, "\n"},
    {"a million line ends", "", "\n", 1000000, "x\n"},
    {"100,000 lines, the last one bad", USERS USER, "\r\n", 100000, "x\n"},
};

static void floods_are_refused(void **state) {
    struct tool *tool = *state;
    begin(tool);
    for (size_t i = 0; i < sizeof FLOODS / sizeof *FLOODS; i++) {
        struct buffer text = {0};
        buffer_text(&text, FLOODS[i].before);
        for (size_t n = 0; n < FLOODS[i].times; n++)
            buffer_text(&text, FLOODS[i].piece);
        buffer_text(&text, FLOODS[i].after);
        tool_file(tool, "bad.csv", buffer_span(&text));
        refused(tool, FLOODS[i].name, "users");
        buffer_free(&text);
    }
    ledger_close(&ledger);
}

int main(void) {
#define TEST(name)                                                             \
    cmocka_unit_test_setup_teardown(name, tool_setup, tool_teardown)
    const struct CMUnitTest tests[] = {
        TEST(bad_files_are_refused),
        TEST(floods_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
