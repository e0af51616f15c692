/*
 * Text from outside, for people's eyes: whatever it holds, a terminal and a log
 * show it as characters of one line. What could move the cursor, end a line,
 * turn the direction of reading or hide is written as \uXXXX, which JSON
 * understands as well; octets that are no UTF-8 are written as \xXX.
 */
#ifndef FOTAD_BASE_SAFE_TEXT_H
#define FOTAD_BASE_SAFE_TEXT_H

#include "base/buffer.h"

/* The UTF-8 character (RFC 3629) at the front of `text` in *code. Returns its
 * octets; 0 when there is none. */
size_t utf8_next(struct span text, uint32_t *code);

/* How many characters a text in UTF-8 has. */
size_t text_characters(const char *text);

/* The character, or the octet that is none, at the front of `text`, which is
 * not empty, as it may be shown. Returns the octets that it takes in `text`. */
enum { SAFE_SIZE = 8 };
size_t safe_next(struct span text, char shown[static SAFE_SIZE]);

/* Appends all of `text` so. A text of several `lines` keeps its line feeds. */
void safe_add(struct buffer *out, struct span text, bool lines);

#endif
