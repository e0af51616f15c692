/* Text for the pages of the manual (man(7)). */
#ifndef FOTAD_FOTACTL_ROFF_H
#define FOTAD_FOTACTL_ROFF_H

#include "base/buffer.h"

/* As it is to be read: what roff would take for its own is escaped. */
void roff_text(struct buffer *out, const char *text);
/* The same as a paragraph: each sentence a line of its own. */
void roff_paragraph(struct buffer *out, const char *text);

#endif
