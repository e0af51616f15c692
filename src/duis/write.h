/* For src/duis: elements of the DUIS namespace as text, in canonical form
 * (C14N 1.0): no white space between elements, none empty by a slash, and of
 * the characters in text only those escaped that C14N escapes. */
#ifndef FOTAD_DUIS_WRITE_H
#define FOTAD_DUIS_WRITE_H

#include "duis/response.h"

/* Text within an element. */
void write_escaped(struct buffer *out, const char *text);

/* <sr:name> and </sr:name> */
void write_start(struct buffer *out, const char *name);
void write_end(struct buffer *out, const char *name);

/* An element with a value. */
void write_text(struct buffer *out, const char *name, const char *text);
void write_eui64(struct buffer *out, const char *name, eui64 id);
void write_number(struct buffer *out, const char *name, uint64_t number);
/* xs:hexBinary of two octets, upper case */
void write_alert_code(struct buffer *out, const char *name, uint16_t code);
/* 8 upper-case hexadecimal digits */
void write_version(struct buffer *out, const char *name, uint32_t version);
void write_time(struct buffer *out, const char *name, instant when);
void write_base64(struct buffer *out, const char *name, struct span octets);
/* With a comma between them; nothing at all when there are none. */
void write_devices(struct buffer *out, const char *name,
                   struct duis_devices devices);

/* sr:DCCAlertMessage, in alert.c */
void write_dcc_alert(struct buffer *out, const struct duis_dcc_alert *alert);

#endif
