/* Is the Service Audit Trail of a database as it was written? */
#ifndef FOTAD_TESTS_TRAIL_H
#define FOTAD_TESTS_TRAIL_H

/* Fails the test, with all that is wrong, unless fotactl sat verify says so. */
void trail_expect_whole(const char *conninfo);

#endif
