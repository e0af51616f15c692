/*
 * What a CSP, or somebody with its token, may bring that is no message of the
 * interface: JSON that is none or too much (400, 413), entries that are wrong
 * (told by their place), devices of the other CSP, and GBCS messages whose
 * octets do not add up. After each a good call works.
 */
#include "csp_gateway/says.h"
#include "hostile/ledger.h"

#include "base/base64.h"
#include "base/hex.h"
#include "support/gbcs_samples.h"

static struct ledger ledger;

static void begin(struct scene *scene) {
    ledger_open(&ledger, scene->world.config.database_conninfo, "sat_entry");
}

static void holds(struct scene *scene, const char *name) {
    north_says(scene, NOTIFICATIONS, "[]");
    expect_summary(scene, "0 0");
    ledger_check(&ledger, name);
}

static void end(struct scene *scene) {
    north_says(scene, REPORTS,
               "{'reportId':'good','jobId':'" NORTH_JOB "','rejected':[]}");
    expect_summary(scene, "1 0");
    ledger_close(&ledger);
}

/* ---- JSON ---- */

struct json_case {
    const char *name, *path, *body; /* ' stands for " */
    unsigned status;
    const char *says; /* how the summary begins; NULL: not looked at */
};

#define BAD(name, body)                                                        \
    { name, NOTIFICATIONS, body, 400, NULL }
#define JOB(job) "'jobId':'" job "'"
#define NOTIFICATION(id, job, hub, device, more)                               \
    "{'notificationId':" id                                                    \
    "," JOB(job) ",'commsHubId':'" hub "','deviceId':'" device                 \
                 "','deviceType':'PPMID',"                                     \
                 "'firmwareVersion':'0000AB2A','timestamp':'2026-11-21T09:15:" \
                 "00Z'," more "'status':'Success'}"
#define HUB_N "00-00-00-00-00-00-10-01"
#define DEVICE_N "00-00-00-00-00-00-11-01"
#define HUB_S "00-00-00-00-00-00-20-01"
#define DEVICE_S "00-00-00-00-00-00-21-01"
#define ENTRY(name, id, more)                                                  \
    {                                                                          \
        name, NOTIFICATIONS,                                                   \
            NOTIFICATION(id, NORTH_JOB, HUB_N, DEVICE_N, more), 200,           \
            "0 0 [0: "                                                         \
    }
#define OTHERS(name, job, hub, device)                                         \
    {                                                                          \
        name, NOTIFICATIONS, NOTIFICATION("'n'", job, hub, device, ""), 200,   \
            "0 0 [0: "                                                         \
    }
/* JSON that we cannot hold: it costs the other entries nothing */
#define WORTHLESS(name, entry)                                                 \
    { name, NOTIFICATIONS, entry, 200, "0 0 [0: " }
#define DEEP9 "[[[[[[[[[]]]]]]]]]"

static const struct json_case JSON[] = {
    BAD("nothing", " "),
    BAD("a word", "nonsense"),
    BAD("XML", "<a/>"),
    BAD("a number", "1"),
    BAD("a text", "'x'"),
    BAD("null", "null"),
    BAD("true", "true"),
    BAD("NaN", "[NaN]"),
    BAD("Infinity", "[Infinity]"),
    BAD("minus Infinity", "[-Infinity]"),
    BAD("a number in hexadecimal", "[0x10]"),
    BAD("a number with a zero in front", "[01]"),
    BAD("a number with a plus", "[+1]"),
    BAD("a point without digits", "[1.]"),
    BAD("digits without a point", "[.5]"),
    BAD("an exponent without digits", "[1e]"),
    WORTHLESS("an exponent of 400", "[1e400]"),
    WORTHLESS("an exponent of 10 digits", "[1e9999999999]"),
    WORTHLESS("a number of 40 digits",
              "[1111111111111111111111111111111111111111]"),
    BAD("a minus alone", "[-]"),
    BAD("a comma at the end", "[{},]"),
    BAD("two commas", "[{},,{}]"),
    BAD("a comma in front", "[,{}]"),
    BAD("a name without quotes", "{a:1}"),
    BAD("a name in other quotes", "{`a`:1}"),
    BAD("a name that is a number", "{1:1}"),
    BAD("no colon", "{'a' 1}"),
    BAD("a name twice", "[{'notificationId':'a','notificationId':'b'}]"),
    BAD("a name twice, once with escapes",
        "[{'status':'Success','\\u0073tatus':'Failed'}]"),
    BAD("a comment", "[/* x */]"),
    BAD("a comment to the line's end", "[] // x"),
    BAD("something after it", "[] x"),
    BAD("another after it", "[][]"),
    BAD("no end", "[{"),
    BAD("an end too many", "[]]"),
    BAD("brackets that cross", "[{]}"),
    BAD("nine deep", DEEP9),
    BAD("a control character in a text", "['a\nb']"),
    BAD("an escape that there is not", "['\\x41']"),
    BAD("half an escape", "['\\u00']"),
    WORTHLESS("a high surrogate alone", "['\\ud83d']"),
    WORTHLESS("a low surrogate alone", "['\\ude00']"),
    WORTHLESS("surrogates in the wrong order", "['\\ude00\\ud83d']"),
    BAD("a NUL by escape as a name", "{'\\u0000':1}"),
    BAD("an octet that is no UTF-8", "['\xff']"),
    BAD("a '/' written too long", "['\xc0\xaf']"),
    BAD("a surrogate in UTF-8", "['\xed\xa0\x80']"),
    BAD("past U+10FFFF", "['\xf4\x90\x80\x80']"),
    BAD("a byte order mark", "\xef\xbb\xbf[]"),
    BAD("UTF-16", "\xff\xfe["),
    {"an array for a report", REPORTS, "[]", 400, NULL},

    ENTRY("an identifier that is a number", "7", ""),
    ENTRY("an identifier that is minus 0", "-0", ""),
    ENTRY("an identifier that is true", "true", ""),
    ENTRY("an identifier that is an object", "{}", ""),
    ENTRY("an identifier that is an array", "['n']", ""),
    ENTRY("an identifier that is null", "null", ""),
    ENTRY("an empty identifier", "''", ""),
    ENTRY("an identifier with a line end", "'a\\nb'", ""),
    ENTRY("a reason that is a number", "'n'", "'reasonCode':1,"),
    ENTRY("a reason with a control character", "'n'",
          "'reasonCode':'\\u001b[2J',"),
    OTHERS("the other CSP's job", SOUTH_JOB, HUB_S, DEVICE_S),
    OTHERS("the other CSP's job, own device", SOUTH_JOB, HUB_N, DEVICE_N),
    OTHERS("the other CSP's device in an own job", NORTH_JOB, HUB_S, DEVICE_S),
    OTHERS("a job that there is not", "00000000-0000-4000-8000-0000000000ff",
           HUB_N, DEVICE_N),
    OTHERS("a job by SQL", "\\u0027 or true; --", HUB_N, DEVICE_N),
    OTHERS("a Device ID of SQL", NORTH_JOB, HUB_N,
           "x\\u0027; drop table alert; --"),
    {"a report of the other CSP's job", REPORTS,
     "{'reportId':'r'," JOB(SOUTH_JOB) ",'rejected':[]}", 200,
     "0 0 [0: jobId: not known]"},
    {"a report without its list", REPORTS,
     "{'reportId':'r'," JOB(NORTH_JOB) "}", 200, "0 0 [0: rejected"},
    {"a report whose list is an object", REPORTS,
     "{'reportId':'r'," JOB(NORTH_JOB) ",'rejected':{}}", 200,
     "0 0 [0: rejected"},
    {"a report whose list holds a number", REPORTS,
     "{'reportId':'r'," JOB(NORTH_JOB) ",'rejected':[1]}", 200, "0 0 [0: "},
    {"entries that are no objects", NOTIFICATIONS, "[1,'x',null,[],true]", 200,
     "0 0 [0: not a JSON object] [1: not a JSON object]"},
    {"a message of the other CSP's hub", MESSAGES,
     "{'messageId':'m','commsHubId':'" HUB_S "','payload':'3w=='}", 200,
     "0 0 [0: "},
    {"a message in base64url", MESSAGES,
     "{'messageId':'m','commsHubId':'" HUB_N "','payload':'3w-_'}", 200,
     "0 0 [0: payload: not base64]"},
};

static void json(void **state) {
    struct scene *scene = *state;
    begin(scene);
    for (size_t i = 0; i < sizeof JSON / sizeof *JSON; i++) {
        const struct json_case *c = &JSON[i];
        unsigned status = north_says(scene, c->path, c->body);
        const char *says = c->says ? summary(scene) : "";
        if (status != c->status ||
            (c->says && strncmp(says, c->says, strlen(c->says)) != 0))
            fail_msg("%s: %u %s", c->name, status, says);
        holds(scene, c->name);
    }
    end(scene);
}

static void nobody_speaks_without_a_token(void **state) {
    static const char *const wrong[] = {
        NULL,
        "",
        "Bearer",
        "Bearer ",
        "Bearer south",
        "Bearer north's ",
        "Bearer NORTH'S",
        "Bearer north's,south's",
        "Bearer north's\tx",
        "Bearer ours",
        "Bearer 'north's'",
        "Bearer north's%00",
        "Basic bm9ydGg6J3M=",
        "Digest north's",
        "north's",
        "Token north's",
    };
    struct scene *scene = *state;
    begin(scene);
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        const char *name = wrong[i] ? wrong[i] : "nothing";
        unsigned status = post(
            scene, wrong[i], REPORTS,
            quoted(scene, "{'reportId':'r'," JOB(NORTH_JOB) ",'rejected':[]}"));
        if (status != 401)
            fail_msg("%s: %u", name, status);
        holds(scene, name);
    }
    end(scene);
}

/* ---- too much ---- */

static const struct {
    const char *name, *before, *piece;
    size_t times;
    const char *after;
    unsigned status;
} FLOODS[] = {
    {"a million arrays deep", "", "[", 1000000, "", 400},
    {"a million objects deep", "", "{\"a\":", 1000000, "", 400},
    {"a million commas", "[0", ",0", 1000000, "]", 400},
    {"10,001 entries", "[{}", ",{}", 10000, "]", 413},
    {"9 megabytes of white space", "[", "        ", 1125000, "]", 413},
    {"a text of 4 megabytes", "[\"", "xxxxxxxx", 500000, "\"]", 200},
    {"a number of a megabyte", "[", "11111111", 125000, "]", 200},
    {"a name of a megabyte", "[{\"", "xxxxxxxx", 125000, "\":1}]", 200},
    {"a megabyte of quotes", "[", "\"", 1000001, "]", 400},
    {"a megabyte of escapes", "[\"", "\\", 1000001, "\"]", 400},
    {"100,000 names", "{\"a\":1", ",\"a\":1", 100000, "}", 400},
};

static void floods(void **state) {
    struct scene *scene = *state;
    begin(scene);
    for (size_t i = 0; i < sizeof FLOODS / sizeof *FLOODS; i++) {
        struct buffer body = {0};
        buffer_text(&body, FLOODS[i].before);
        for (size_t n = 0; n < FLOODS[i].times; n++)
            buffer_text(&body, FLOODS[i].piece);
        buffer_text(&body, FLOODS[i].after);
        unsigned status =
            post(scene, "Bearer north's", NOTIFICATIONS, buffer_span(&body));
        if (status != FLOODS[i].status)
            fail_msg("%s: %u", FLOODS[i].name, status);
        buffer_free(&body);
        holds(scene, FLOODS[i].name);
    }
    end(scene);
}

/* ---- GBCS messages ---- */

/* An alert of device 11-01 to the ACB: 106 octets; `at` is where the lie is
 * told, `len` octets are replaced by those of `hex`. */
struct lie {
    const char *name;
    size_t at, len;
    const char *hex;
};

enum { CRA_AT = 2, DATE_TIME_AT = 29, INFO_AT = 30, PAYLOAD_AT = 33 };
enum { SIGNATURE_AT = 41, ALL = 106 };

static const struct lie LIES[] = {
    {"another tag", 0, 1, "DE"},
    {"the tag of a MAC", 0, 1, "DD"},
    {"the tag of nothing", 0, 1, "00"},
    {"a transaction-id of no length", 1, 1, "00"},
    {"a transaction-id of 8 octets", 1, 1, "08"},
    {"a transaction-id of 255 octets", 1, 1, "FF"},
    {"a transaction-id of indefinite length", 1, 1, "80"},
    {"a transaction-id's length in two octets", 1, 1, "8109"},
    {"CRA 0", CRA_AT, 1, "00"},
    {"CRA 4", CRA_AT, 1, "04"},
    {"CRA 255", CRA_AT, 1, "FF"},
    {"a command", CRA_AT, 1, "01"},
    {"an originator of no length", 11, 1, "00"},
    {"an originator of 9 octets", 11, 1, "09"},
    {"a recipient of no length", 20, 1, "00"},
    {"a recipient of 127 octets", 20, 1, "7F"},
    {"a date-time of 1 octet", DATE_TIME_AT, 1, "01"},
    {"a date-time of 12 octets that are not there", DATE_TIME_AT, 1, "0C"},
    {"no message code", INFO_AT, 1, "00"},
    {"half a message code", INFO_AT, 1, "01"},
    {"other-information of 3 octets", INFO_AT, 1, "03"},
    {"other-information of indefinite length", INFO_AT, 1, "80"},
    {"other-information of 2^32 - 1 octets", INFO_AT, 1, "84FFFFFFFF"},
    {"other-information's length in two octets", INFO_AT, 1, "8102"},
    {"a payload one octet longer", PAYLOAD_AT, 1, "08"},
    {"a payload one octet shorter", PAYLOAD_AT, 1, "06"},
    {"a payload of indefinite length", PAYLOAD_AT, 1, "80"},
    {"a payload's length with a zero in front", PAYLOAD_AT, 1, "820007"},
    {"a payload's length in the long form", PAYLOAD_AT, 1, "8107"},
    {"a payload of 2^24 octets", PAYLOAD_AT, 1, "8301000000"},
    {"a payload of 2^32 - 1 octets", PAYLOAD_AT, 1, "84FFFFFFFF"},
    {"a payload of 2^64 - 1 octets", PAYLOAD_AT, 1, "88FFFFFFFFFFFFFFFF"},
    {"a payload's length of 127 octets", PAYLOAD_AT, 1, "FF"},
    {"a signature of no length", SIGNATURE_AT, 1, "00"},
    {"a signature of 63 octets", SIGNATURE_AT, 1, "3F"},
    {"a signature of 65 octets", SIGNATURE_AT, 1, "41"},
    {"a signature of 255 octets", SIGNATURE_AT, 1, "FF"},
    {"no signature", SIGNATURE_AT, 65, ""},
    {"an octet after it", ALL, 0, "00"},
    {"a second signature after it", ALL, 0, "40"},
    {"a MAC without its header", ALL, 0, "000102030405060708090A0B"},
};

static void add_entry(struct buffer *out, size_t number, struct span octets) {
    buffer_printf(out,
                  "%s{\"messageId\":\"m%zu\",\"commsHubId\":\"" HUB_N
                  "\",\"payload\":\"",
                  number ? "," : "", number);
    base64_add(out, octets);
    buffer_text(out, "\"}");
}

/* An array of messages: none is taken, each is told. */
static void expect_all_rejected(struct scene *scene, const char *name,
                                struct buffer *entries, size_t count) {
    buffer_text(entries, "]");
    assert_int_equal(
        post(scene, "Bearer north's", MESSAGES, buffer_span(entries)), 200);
    const char *got = summary(scene);
    size_t rejected = 0;
    for (const char *c = got; *c; c++)
        rejected += *c == '[';
    if (strncmp(got, "0 0 [0: payload: ", 17) != 0 || rejected != count)
        fail_msg("%s: %zu of %zu: %.200s", name, rejected, count, got);
    holds(scene, name);
    buffer_free(entries);
}

static void lying_lengths(void **state) {
    struct scene *scene = *state;
    begin(scene);
    struct buffer sound = {0};
    uint8_t signature[GBCS_SIGNATURE_LEN] = {1};
    gbcs_put_content(&(struct gbcs_header){.cra = GBCS_ALERT,
                                           .counter = 1,
                                           .originator = 0x1101,
                                           .recipient = 0x90B3D51F30000002,
                                           .code = 0x00CA},
                     span_text("payload"), &sound);
    gbcs_put_signature(signature, &sound);
    assert_int_equal(sound.len, ALL);
    for (size_t i = 0; i < sizeof LIES / sizeof *LIES; i++) {
        const struct lie *lie = &LIES[i];
        uint8_t octets[16];
        int len = hex_parse(span_text(lie->hex), octets, sizeof octets);
        struct buffer text = {0}, entries = {0};
        buffer_add(&text, span_of(sound.data, lie->at));
        buffer_add(&text, span_of(octets, len > 0 ? (size_t)len : 0));
        size_t after = lie->at + lie->len;
        buffer_add(&text, span_of(sound.data + after, ALL - after));
        buffer_text(&entries, "[");
        add_entry(&entries, 0, buffer_span(&text));
        expect_all_rejected(scene, lie->name, &entries, 1);
        buffer_free(&text);
    }
    buffer_free(&sound);
    end(scene);
}

/* A signed message without its signature field is a pre-command, which comes
 * from no device: of those too, none is taken. */
static void truncated_at_every_length(void **state) {
    struct scene *scene = *state;
    begin(scene);
    for (const struct gbcs_sample *s = gbcs_samples; s->name; s++) {
        struct buffer octets = {0}, entries = {0};
        gbcs_sample_build(s, &octets);
        buffer_text(&entries, "[");
        for (size_t len = 1; len < octets.len; len++)
            add_entry(&entries, len - 1, span_of(octets.data, len));
        expect_all_rejected(scene, s->name, &entries, octets.len - 1);
        buffer_free(&octets);
    }
    end(scene);
}

int main(void) {
    test_clock_open(NULL);
    const struct CMUnitTest tests[] = {
        TEST(json),          TEST(nobody_speaks_without_a_token), TEST(floods),
        TEST(lying_lengths), TEST(truncated_at_every_length),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
