/*
 * Several fotads on one database should have the same [csp NAME] sections. Each
 * says in the database, again and again, what it has: commands for a CSP that
 * another one has are left to that one, and /readyz says what differs.
 */
#ifndef FOTAD_CSP_GATEWAY_SECTIONS_H
#define FOTAD_CSP_GATEWAY_SECTIONS_H

#include "base/config.h"
#include "db/db.h"

/* Says what this process has; as db_run() does. */
enum outcome csp_sections_note(const struct config *config, struct db *db,
                               struct arena *arena);

/* *names gets a row for each CSP whose section is not the same in all running
 * fotads: its name, which is empty when one has none at all. In the arena. */
enum outcome csp_sections_differ(struct db *db, struct arena *arena,
                                 struct db_rows **names);

#endif
