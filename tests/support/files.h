/* Whole files, for tests that give programs something to read. */
#ifndef FOTAD_TESTS_FILES_H
#define FOTAD_TESTS_FILES_H

#include "base/buffer.h"

/* Ends the program when the file cannot be written. */
void file_write(const char *path, struct span octets);

/* Appends what is in the file. Ends the program when it cannot be read. */
void file_read(const char *path, struct buffer *out);

#endif
