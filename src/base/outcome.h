/* Whose fault it was, in one word. */
#ifndef FOTAD_BASE_OUTCOME_H
#define FOTAD_BASE_OUTCOME_H

enum outcome {
    DONE = 0, /* it happened */
    REFUSED,  /* the other side's fault: it will not happen as asked */
    RETRY,    /* nobody's fault: nothing happened, the same may succeed later */
    FAILED,   /* our own fault: a person must look */
};

#endif
