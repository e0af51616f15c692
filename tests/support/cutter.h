/*
 * A TCP (or Unix socket) proxy whose line a test may cut: between a fotad and
 * what it talks to, and in front of several fotads as a load balancer. It
 * needs no privilege. A connection goes to the next of the targets that takes
 * one.
 */
#ifndef FOTAD_TESTS_CUTTER_H
#define FOTAD_TESTS_CUTTER_H

enum cut {
    CUT_WELL,    /* everything passes */
    CUT_RESET,   /* connections are reset, new ones as well */
    CUT_SILENT,  /* nothing passes, nobody is told; goes on when it is well */
    CUT_HALFWAY, /* as CUT_RESET, but each new connection first passes 200
                    octets on in each direction */
    CUT_ANSWERS, /* what is sent arrives; when an answer comes, it is a reset */
    CUTS
};
extern const char *const cut_names[CUTS];

enum { CUTTER_TARGETS = 4 };

struct cutter;

/* Listens on `address`: "127.0.0.1:0" (any free port) or "unix:/path". NULL
 * when it cannot. */
struct cutter *cutter_start(const char *address);
unsigned cutter_port(const struct cutter *cutter);
/* The same two forms; copied. NULL removes it. */
void cutter_target(struct cutter *cutter, unsigned place, const char *address);
void cutter_cut(struct cutter *cutter, enum cut how);
/* Connections that a cut has ended or held up so far. */
unsigned long cutter_hit(struct cutter *cutter);
void cutter_stop(struct cutter *cutter);

#endif
