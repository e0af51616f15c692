/* The published reference data, which is no part of this tree: looked for at
 * $FOTAD_SHARED, else ../shared. */
#ifndef FOTAD_TESTS_SHARED_H
#define FOTAD_TESTS_SHARED_H

#include "base/buffer.h"

/* Appends the file `name` (a path below reference/) to `out`. False when it is
 * not there; the caller then skip()s. Says on stdout what was looked for. */
bool shared_read(const char *name, struct buffer *out);

/* The same for a file of hexadecimal text: appends its octets. */
bool shared_read_hex(const char *name, struct buffer *out);

/* Calls `each` with the name of every file in the directory `name` that ends
 * with `ending`. Returns their number. */
size_t shared_each(const char *name, const char *ending,
                   void (*each)(const char *file));

/* Appends the octets of the base64 text of the first element `tag` ("sr:Name")
 * in an XML file. */
bool shared_read_base64(const char *name, const char *tag, struct buffer *out);

#endif
