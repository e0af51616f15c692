/* Whose fault it was, in one word. */
#ifndef FOTAD_BASE_OUTCOME_H
#define FOTAD_BASE_OUTCOME_H

/* Whoever gets one says what follows from it. Only clang knows that of a type;
 * `make lint` asks it. */
#ifdef __clang__
#define OUTCOME_COUNTS __attribute__((warn_unused_result))
#else
#define OUTCOME_COUNTS
#endif

enum OUTCOME_COUNTS outcome {
    DONE = 0, /* it happened */
    REFUSED,  /* the other side's fault: it will not happen as asked */
    RETRY,    /* nobody's fault: nothing happened, the same may succeed later */
    FAILED,   /* our own fault: a person must look */
};

#endif
