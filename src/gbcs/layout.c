#include "gbcs/layout.h"

#include "base/hex.h"

/* The octet that two digits stand for. */
static uint8_t layout_octet(struct layout_walk *walk) {
    int high = hex_digit(walk->at[0]), low = hex_digit(walk->at[1]);
    walk->at += 2;
    return (uint8_t)(high << 4 | low);
}

static void walk_item(struct layout_walk *walk) {
    const struct layout_visitor *visitor = walk->visitor;
    switch (*walk->at) {
    case ' ':
    case ']':
        walk->at++;
        return;
    case '[':
        walk->at += visitor->has_option(walk) ? 1 : strcspn(walk->at, "]");
        return;
    case '(':
        visitor->group(walk);
        return;
    case 'n':
    case 'o':
        visitor->integer(walk);
        return;
    default:
        visitor->field(walk);
    }
}

/* Up to the layout's end, a fault, or the parenthesis that closes. */
static void walk_items(struct layout_walk *walk) {
    while (!walk->in.fault && *walk->at && *walk->at != ')')
        if (hex_digit(*walk->at) >= 0)
            walk->visitor->octet(walk, layout_octet(walk));
        else
            walk_item(walk);
}

void layout_walk(struct layout_walk *walk) {
    walk->at = walk->row->layout;
    walk_items(walk);
}

void layout_walk_group(struct layout_walk *walk) {
    walk->at++;
    walk_items(walk);
    walk->at++;
}

uint64_t layout_number(struct span octets) {
    struct octets in = octets_of(octets);
    return octets_number(&in, octets.len);
}
