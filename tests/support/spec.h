/*
 * Isolation tests as tables, in the manner of PostgreSQL's isolationtester: a
 * file has sessions, their steps, the order in which these are taken, and what
 * then comes of each.
 *
 *   # why: the case
 *   setup { SQL }              once, before all
 *   session a                  a connection; steps of it follow
 *   step begin { begin }
 *   session b
 *   step take { select ... }
 *   order begin take
 *   result {
 *     begin: done
 *     take: waits
 *   }
 *
 * A block ends with the brace that is the last thing of its line. A step that
 * waits for another session says so; what it comes to is said when it ends,
 * after the step that let it go on. What still waits when the order is through
 * is said last. Several orders, each with its result, have a database each.
 */
#ifndef FOTAD_TESTS_SPEC_H
#define FOTAD_TESTS_SPEC_H

/* Runs it; fails the test with what differs. `world`: a file of SQL that comes
 * before its setup. */
void spec_run(const char *path, const char *world);

#endif
