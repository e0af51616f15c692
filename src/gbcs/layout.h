/*
 * Going through a layout of use_case.c, to read a payload or to write one. For
 * the files of this room only.
 */
#ifndef FOTAD_GBCS_LAYOUT_H
#define FOTAD_GBCS_LAYOUT_H

#include "base/buffer.h"
#include "gbcs/octets.h"
#include "gbcs/payload.h"

struct layout_visitor;

/* One reading or writing: the row, the header, and what was or will be said. */
struct layout_walk {
    const struct layout_visitor *visitor;
    const struct gbcs_use_case *row;
    const struct gbcs_header *header;
    struct gbcs_payload *said;
    const char *at;     /* in the layout */
    struct octets in;   /* when reading */
    struct buffer *out; /* when writing */
};

/* What is done at each item of the layout. */
struct layout_visitor {
    /* a fixed octet */
    void (*octet)(struct layout_walk *walk, uint8_t octet);
    /* Is what stands in [brackets] there? */
    bool (*has_option)(const struct layout_walk *walk);
    /* n or o: at the letter, and must go past it */
    void (*integer)(struct layout_walk *walk);
    /* (: calls layout_walk_group() */
    void (*group)(struct layout_walk *walk);
    /* any other letter: see layout_field(); at the letter, and must go past
     * it */
    void (*field)(struct layout_walk *walk);
};

/* Goes through the whole layout of walk->row, or up to a fault. */
void layout_walk(struct layout_walk *walk);
/* From a parenthesis past the one that closes it. */
void layout_walk_group(struct layout_walk *walk);

/* What a letter of a layout stands for: so many octets. */
struct layout_field {
    char letter;
    uint8_t size;
    void (*read)(struct layout_walk *walk, struct span octets);
    void (*write)(const struct layout_walk *walk, uint8_t *octets);
};
const struct layout_field *layout_field(char letter);

/* A big-endian number of up to 8 octets. */
uint64_t layout_number(struct span octets);

#endif
