#include "trail/export.h"

#include "base/json.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* ---- writing ---- */

enum { ENOUGH = 1 << 16 };

static bool line_end(struct trail_sink *sink) {
    struct trail_writer *writer = (struct trail_writer *)sink;
    buffer_text(writer->out, "\n");
    return writer->out->len < ENOUGH || writer->flush(writer->context);
}

static bool write_head(struct trail_sink *sink, const struct trail_head *head) {
    struct buffer *out = ((struct trail_writer *)sink)->out;
    buffer_printf(out, "{\"fotadTrail\": 1, \"lastSeal\": %" PRId64,
                  head->last_seal);
    buffer_text(out, ", \"drops\": [");
    for (size_t i = 0; i < head->drop_count; i++) {
        const struct trail_drop *drop = &head->drops[i];
        buffer_printf(out, "%s[%" PRId64 ", ", i ? ", " : "", drop->seal);
        if (drop->before == TRAIL_NEVER)
            buffer_text(out, "null, ");
        else
            buffer_printf(out, "%" PRId64 ", ", drop->before);
        if (drop->up_to < 0)
            buffer_text(out, "null]");
        else
            buffer_printf(out, "%" PRId64 "]", drop->up_to);
    }
    buffer_text(out, "]}");
    return line_end(sink);
}

static void write_object(struct buffer *out, const char *begin,
                         struct span text) {
    buffer_text(out, begin);
    buffer_add(out, text);
    buffer_text(out, "}");
}

static bool write_seal(struct trail_sink *sink, const struct trail_seal *seal) {
    write_object(((struct trail_writer *)sink)->out, "{\"seal\": ", seal->text);
    return line_end(sink);
}

static bool write_entry(struct trail_sink *sink,
                        const struct trail_entry *entry) {
    struct buffer *out = ((struct trail_writer *)sink)->out;
    buffer_add(out, entry->text);
    if (entry->has_record && entry->record_text.len) {
        buffer_text(out, "\n");
        write_object(out, "{\"request\": ", entry->record_text);
    }
    return line_end(sink);
}

struct trail_writer trail_writer(struct buffer *out,
                                 bool (*flush)(void *context), void *context) {
    return (struct trail_writer){
        .sink = {.head = write_head, .seal = write_seal, .entry = write_entry},
        .out = out,
        .flush = flush,
        .context = context};
}

/* ---- reading ---- */

struct line {
    char *text;
    size_t size;
    struct span span; /* without its end */
};

struct reader {
    FILE *file;
    struct trail_sink *sink;
    struct arena *arena;
    struct line line, entry; /* an entry waits for its request */
    bool waits;
    size_t number;
};

/* False: there is no more. */
static bool line_read(struct reader *r) {
    ssize_t len = getline(&r->line.text, &r->line.size, r->file);
    if (len < 0)
        return false;
    while (len > 0 && strchr("\r\n", r->line.text[len - 1]))
        len--;
    r->line.text[len] = 0;
    r->line.span = span_of(r->line.text, (size_t)len);
    r->number++;
    return true;
}

/* What is in {"NAME": ...}; false: the line is something else. */
static bool line_opens(struct span line, const char *begin,
                       struct span *inside) {
    size_t len = strlen(begin);
    if (line.len <= len + 1 || memcmp(line.data, begin, len) != 0 ||
        line.data[line.len - 1] != '}')
        return false;
    *inside = span_of(line.data + len, line.len - len - 1);
    return true;
}

static int64_t number_or(json_t *number, int64_t otherwise) {
    return json_is_integer(number) ? json_integer_value(number) : otherwise;
}

static bool head_pass(struct reader *r) {
    json_t *json = json_read(r->line.span, 0, NULL), *one;
    json_t *drops = json_object_get(json, "drops");
    size_t i, count = json_array_size(drops);
    bool good = json_integer_value(json_object_get(json, "fotadTrail")) == 1 &&
                json_is_array(drops);
    struct trail_drop *list = arena_zero(r->arena, count + 1, sizeof *list);
    json_array_foreach(drops, i, one) {
        list[i] = (struct trail_drop){
            .seal = number_or(json_array_get(one, 0), 0),
            .before = number_or(json_array_get(one, 1), TRAIL_NEVER),
            .up_to = number_or(json_array_get(one, 2), -1)};
        good = good && (!i || list[i].seal > list[i - 1].seal);
    }
    struct trail_head head = {
        .drops = list,
        .drop_count = count,
        .last_seal = number_or(json_object_get(json, "lastSeal"), 0)};
    json_decref(json);
    return good && r->sink->head(r->sink, &head);
}

static bool entry_pass(struct reader *r, struct span record_text) {
    struct trail_entry entry;
    if (!r->waits)
        return record_text.len == 0;
    r->waits = false;
    if (!trail_entry_read(r->entry.span, &entry))
        return false;
    entry.record_text = record_text;
    return r->sink->entry(r->sink, &entry);
}

static bool line_pass(struct reader *r) {
    struct span line = r->line.span, inside;
    struct trail_seal seal;
    if (line_opens(line, "{\"request\": ", &inside))
        return entry_pass(r, inside);
    if (!entry_pass(r, span_of("", 0)))
        return false;
    if (line_opens(line, "{\"seal\": ", &inside))
        return trail_seal_read(inside, &seal) && r->sink->seal(r->sink, &seal);
    if (!line.len || line.data[0] != '[')
        return false;
    struct line empty = r->entry;
    r->entry = r->line;
    r->line = empty;
    r->waits = true;
    return true;
}

bool trail_export_read(FILE *file, struct trail_sink *sink, struct arena *arena,
                       const char **reason) {
    struct reader r = {.file = file, .sink = sink, .arena = arena};
    errno = 0;
    bool good = line_read(&r) && head_pass(&r);
    while (good && line_read(&r))
        good = line_pass(&r);
    good = good && entry_pass(&r, span_of("", 0));
    *reason = ferror(file)
                  ? arena_text(arena, span_text(strerror(errno)))
                  : arena_printf(arena,
                                 "line %zu is none of an export of the service "
                                 "audit trail (fotactl sat export --sealed)",
                                 r.number);
    free(r.line.text);
    free(r.entry.text);
    return good && !ferror(file);
}
