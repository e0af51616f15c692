/* For src/duis: steps on libxml2's tree. */
#ifndef FOTAD_DUIS_TREE_H
#define FOTAD_DUIS_TREE_H

#include "base/span.h"

#include <libxml/tree.h>

#define DUIS_NAMESPACE "http://www.dccinterface.co.uk/ServiceUserGateway"

/* Is this an element of that namespace and local name? NULL is none. */
bool tree_is(const xmlNode *node, const char *uri, const char *name);

/* The first child, or the next sibling, that is an element; NULL: none. */
const xmlNode *tree_first(const xmlNode *parent);
const xmlNode *tree_next(const xmlNode *node);

/* The child element of that name in the DUIS namespace; NULL: none. */
const xmlNode *tree_child(const xmlNode *parent, const char *name);

/* The node after this one in document order, within `top`; NULL: none. */
const xmlNode *tree_walk(const xmlNode *node, const xmlNode *top);

/* The value of an element: its text, which document.c has seen to be in one
 * piece. Empty for NULL. The octets belong to the tree. */
struct span tree_value(const xmlNode *element);

/* Without XML white space at either end. */
struct span tree_trim(struct span text);

#endif
