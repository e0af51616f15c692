/* Fresh databases for tests, on the private server of this tree. */
#ifndef FOTAD_TESTS_PG_H
#define FOTAD_TESTS_PG_H

/*
 * The conninfo of a new database with fotad's schema and nothing in it. It is
 * copied from a template that is migrated once per content of sql/, so it
 * costs some 30 ms. The text lives until the program ends; the database is
 * dropped then. Programs may call this in parallel.
 *
 * Without PostgreSQL on the machine the calling test is skipped with a printed
 * reason (so call it from a test or its setup, not from a group's setup).
 * Everything else that goes wrong ends the program.
 */
const char *pg_fresh_database(void);

/* One that knows the transitions, as after a fotad has started on it. */
const char *pg_tracking_database(void);
void pg_hand_over(const char *conninfo);

/* The same database as fotad sees it: as a member of fotad_daemon, or as one of
 * fotad_reader. What the programs under test get; the test itself looks and
 * prepares as the owner. The texts live until the program ends. */
const char *pg_as_daemon(const char *conninfo);
const char *pg_as_reader(const char *conninfo);

#endif
