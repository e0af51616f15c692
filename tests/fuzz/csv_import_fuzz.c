/* Data files: the records of a CSV file, and each field read as every kind of
 * value; what is read is what PostgreSQL takes for that type. */
#include "fotactl/csv_reader.h"
#include "fotactl/field.h"
#include "fotactl/key_set.h"
#include "fuzz/fuzz.h"

#include <jansson.h>
#include <sys/mman.h>
#include <unistd.h>

/* Octets of what is written; 0: a text. */
static const struct {
    const struct field_kind *kind;
    size_t octets;
} KINDS[] = {
    {&FIELD_TEXT, 0},          {&FIELD_EUI64, 8},
    {&FIELD_HEX1, 2},          {&FIELD_HEX2, 4},
    {&FIELD_SHA256, 32},       {&FIELD_FIRMWARE_VERSION, 4},
    {&FIELD_GBCS_VERSION, 4},  {&FIELD_DEVICE_TYPE, 0},
    {&FIELD_DEVICE_STATUS, 0}, {&FIELD_SMETS_VERSION, 0},
    {&FIELD_CSP_REGION, 0},    {&FIELD_CPL_STATUS, 0},
    {&FIELD_USER_STATUS, 0},   {&FIELD_USER_ROLES, 0},
    {&FIELD_URL, 0},           {&FIELD_DUIS_VERSION, 0},
};

struct reading {
    uint64_t line;
    size_t records;
    struct key_set keys;
};

/* UTF-8 without a NUL: jansson has a second opinion. */
static bool is_text(const struct buffer *octets) {
    json_t *text = json_stringn((const char *)octets->data, octets->len);
    bool good = text && !memchr(octets->data, 0, octets->len);
    json_decref(text);
    return good;
}

static void read_field(struct span field) {
    for (size_t i = 0; i < sizeof KINDS / sizeof *KINDS; i++) {
        const struct field_kind *kind = KINDS[i].kind;
        struct buffer out = {0};
        if (kind->read(kind, field, &out)) {
            CHECK(!KINDS[i].octets || out.len == KINDS[i].octets);
            CHECK(KINDS[i].octets || (out.len && is_text(&out)));
        } else {
            out.len = 0;
            field_say_wrong(kind, field, &out);
            CHECK(is_text(&out));
        }
        buffer_free(&out);
    }
}

static bool on_record(void *context, uint64_t line, const struct span *fields,
                      size_t count) {
    struct reading *reading = context;
    CHECK(line > reading->line && count > 0);
    reading->line = line;
    reading->records++;
    for (size_t i = 0; i < count && i < CSV_MOST_FIELDS; i++)
        if (fields[i].len)
            read_field(fields[i]);
    bool is_new = !key_set_add(&reading->keys, fields[0], 1);
    CHECK(key_set_add(&reading->keys, fields[0], 1));
    return is_new || reading->records < 100;
}

static int file_of(struct span text) {
    int fd = memfd_create("csv", MFD_CLOEXEC);
    CHECK(fd >= 0 && write(fd, text.data, text.len) == (ssize_t)text.len &&
          lseek(fd, 0, SEEK_SET) == 0);
    return fd;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct reading reading = {
        .keys = {.arena = arena_new(), .copies = true},
    };
    struct csv_reader reader = {.on_record = on_record, .context = &reading};
    int fd = file_of(span_of(data, size));
    uint64_t line = 0;
    const char *reason = NULL;
    bool read = csv_read(&reader, fd, &line, &reason);
    CHECK(read == !reason);
    CHECK(read || line >= reading.line);
    close(fd);
    key_set_free(&reading.keys);
    arena_free(reading.keys.arena);
    return 0;
}
