/*
 * The records of a CSV file (RFC 4180) with the line each begins in. Quotes,
 * CRLF or LF, a byte order mark in front; empty lines are passed over. Spaces
 * are part of a field.
 */
#ifndef FOTAD_FOTACTL_CSV_READER_H
#define FOTAD_FOTACTL_CSV_READER_H

#include "base/buffer.h"

#include <csv.h>

/* More fields than this are counted, but not kept. */
enum { CSV_MOST_FIELDS = 64 };

struct csv_reader {
    /* Set by the caller. Called with each record: its first line, its fields
     * (until the call returns) and their number; false ends the reading. */
    bool (*on_record)(void *context, uint64_t line, const struct span *fields,
                      size_t count);
    void *context;
    uint64_t octets; /* read so far, for who wants to show it */

    /* what the reading needs */
    struct csv_parser parser;
    struct buffer text; /* of the fields of this record */
    size_t ends[CSV_MOST_FIELDS], count;
    uint64_t line, first_line; /* this one; the record's first */
    bool after_cr, stopped;
};

/* Reads `fd` from where it is to its end. True when it was read or on_record
 * ended it. Otherwise the reason (constant text) and the line it is about (0:
 * none). */
bool csv_read(struct csv_reader *reader, int fd, uint64_t *line,
              const char **reason);

#endif
