#include "support/config_text.h"
#include "support/check.h"

#include <stdlib.h>
#include <string.h>

enum { MOST_KEYS = 256 };

struct entry {
    const char *section, *name, *lines; /* with those that go on */
};

static bool is_same_key(const struct entry *a, const struct entry *b) {
    return strcmp(a->section, b->section) == 0 && strcmp(a->name, b->name) == 0;
}

static size_t read_entries(struct arena *arena, const char *text,
                           struct entry entries[static MOST_KEYS]) {
    const char *section = "";
    size_t count = 0;
    char *rest = arena_text(arena, span_text(text));
    for (char *line; (line = strsep(&rest, "\n"));) {
        size_t len = strcspn(line, " =");
        if (*line == '[') {
            section = line;
        } else if (*line == ' ' && count) {
            struct entry *last = &entries[count - 1];
            last->lines = arena_printf(arena, "%s%s\n", last->lines, line);
        } else if (*line) {
            assert_true(count < MOST_KEYS);
            entries[count++] =
                (struct entry){section, arena_text(arena, span_of(line, len)),
                               arena_printf(arena, "%s\n", line)};
        }
    }
    return count;
}

const char *config_text_merged(struct arena *arena, const char *text) {
    struct entry *entries = arena_zero(arena, MOST_KEYS, sizeof *entries);
    size_t count = read_entries(arena, text, entries);
    const char *merged = "", *section = "";
    for (size_t i = 0; i < count; i++) {
        bool again = false;
        for (size_t j = i + 1; j < count && !again; j++)
            again = is_same_key(&entries[i], &entries[j]);
        if (again)
            continue;
        if (strcmp(section, entries[i].section) != 0)
            merged = arena_printf(arena, "%s%s\n", merged, entries[i].section);
        section = entries[i].section;
        merged = arena_printf(arena, "%s%s", merged, entries[i].lines);
    }
    return merged;
}
