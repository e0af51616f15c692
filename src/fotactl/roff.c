#include "fotactl/roff.h"

#include <string.h>

static void roff_char(struct buffer *out, char c) {
    if (c == '-')
        buffer_text(out, "\\-");
    else if (c == '\\')
        buffer_text(out, "\\e");
    else
        buffer_add(out, span_of(&c, 1));
}

void roff_text(struct buffer *out, const char *text) {
    if (*text == '.' || *text == '\'')
        buffer_text(out, "\\&");
    for (; *text; text++)
        roff_char(out, *text);
}

void roff_paragraph(struct buffer *out, const char *text) {
    for (const char *end; (end = strstr(text, ". ")) != NULL; text = end + 2) {
        if (*text == '.' || *text == '\'')
            buffer_text(out, "\\&");
        for (; text <= end; text++)
            roff_char(out, *text);
        buffer_text(out, "\n");
    }
    roff_text(out, text);
    buffer_text(out, "\n");
}
