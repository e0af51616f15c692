#include "fotactl/csv_reader.h"

#include "base/memory.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

enum {
    BLOCK = 256 * 1024,
    /* a record as long as this is a quote that does not end */
    MOST_FIELD = 1024 * 1024,
};

/* Spaces are not to be taken away from a field (RFC 4180, 2.4). */
static int no_space(unsigned char c) {
    (void)c;
    return 0;
}

static uint64_t line_feeds(struct span text) {
    uint64_t count = 0;
    while (text.len) {
        const uint8_t *at = memchr(text.data, '\n', text.len);
        if (!at)
            break;
        count++;
        at++;
        text = span_of(at, text.len - (size_t)(at - text.data));
    }
    return count;
}

static void on_field(void *data, size_t len, void *context) {
    struct csv_reader *r = context;
    if (r->stopped)
        return;
    if (r->count == 0)
        r->first_line = r->line;
    r->after_cr = false;
    r->line += line_feeds(span_of(data, len));
    if (r->count < CSV_MOST_FIELDS) {
        buffer_add(&r->text, span_of(data, len));
        r->ends[r->count] = r->text.len;
    }
    r->count++;
}

static void give_record(struct csv_reader *r) {
    struct span fields[CSV_MOST_FIELDS];
    size_t start = 0;
    for (size_t i = 0; i < r->count && i < CSV_MOST_FIELDS; i++) {
        fields[i] = span_of(r->text.data + start, r->ends[i] - start);
        start = r->ends[i];
    }
    if (!r->on_record(r->context, r->first_line, fields, r->count))
        r->stopped = true;
    r->text.len = 0;
    r->count = 0;
}

/* The end of a record, or of an empty line: at CR, LF or the end of the file
 * (-1). The LF of a CRLF comes here by itself. */
static void on_end(int c, void *context) {
    struct csv_reader *r = context;
    bool rest_of_crlf = c == '\n' && r->after_cr;
    if (r->count && !r->stopped)
        give_record(r);
    if (!rest_of_crlf)
        r->line++;
    r->after_cr = c == '\r';
}

/* A byte order mark, or octets of 0 as every second one of ASCII is. */
static bool is_utf16(struct span block) {
    return block.len >= 2 && (memcmp(block.data, "\xff\xfe", 2) == 0 ||
                              memcmp(block.data, "\xfe\xff", 2) == 0 ||
                              !block.data[0] || !block.data[1]);
}

static void skip_mark(struct span *block) {
    if (block->len >= 3 && memcmp(block->data, "\xef\xbb\xbf", 3) == 0)
        *block = span_of(block->data + 3, block->len - 3);
}

/* NULL or the reason. */
static const char *parse_block(struct csv_reader *r, struct span block) {
    size_t parsed =
        csv_parse(&r->parser, block.data, block.len, on_field, on_end, r);
    if (r->stopped)
        return NULL;
    if (parsed != block.len)
        return "a '\"' stands where none may be";
    if (csv_get_buffer_size(&r->parser) > MOST_FIELD)
        return "a '\"' is not closed, or a field is longer than 1 MiB";
    return NULL;
}

/* Up to a whole block, so that a byte order mark is not torn. */
static ssize_t read_block(int fd, uint8_t *block) {
    size_t len = 0;
    while (len < BLOCK) {
        ssize_t got = read(fd, block + len, BLOCK - len);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return -1;
        if (got == 0)
            break;
        len += (size_t)got;
    }
    return (ssize_t)len;
}

static const char *read_all(struct csv_reader *r, int fd, uint8_t *block) {
    while (!r->stopped) {
        ssize_t len = read_block(fd, block);
        if (len < 0) {
            r->line = r->count = 0;
            return strerror(errno);
        }
        if (len == 0)
            break;
        struct span octets = span_of(block, (size_t)len);
        if (r->octets == 0 && is_utf16(octets))
            return "the file is in UTF-16: save it as CSV in UTF-8";
        if (r->octets == 0)
            skip_mark(&octets);
        r->octets += (size_t)len;
        const char *reason = parse_block(r, octets);
        if (reason)
            return reason;
    }
    if (!r->stopped && csv_fini(&r->parser, on_field, on_end, r) != 0)
        return "a '\"' is not closed";
    return NULL;
}

bool csv_read(struct csv_reader *r, int fd, uint64_t *line,
              const char **reason) {
    if (csv_init(&r->parser, CSV_STRICT | CSV_STRICT_FINI | CSV_REPALL_NL) != 0)
        memory_exhausted(sizeof r->parser);
    csv_set_space_func(&r->parser, no_space);
    csv_set_blk_size(&r->parser, BLOCK); /* it grows by as much each time */
    r->octets = r->count = r->text.len = 0;
    r->line = 1;
    r->after_cr = r->stopped = false;
    uint8_t *block = memory_alloc(BLOCK);
    *reason = read_all(r, fd, block);
    *line = r->count ? r->first_line : r->line;
    free(block);
    buffer_free(&r->text);
    csv_free(&r->parser);
    return !*reason;
}
