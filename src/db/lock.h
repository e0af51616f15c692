/* Advisory locks; see locks.def. */
#ifndef FOTAD_DB_LOCK_H
#define FOTAD_DB_LOCK_H

#include "db/db.h"

enum db_lock {
#define LOCK(name, number) LOCK_##name = number,
#include "db/locks.def"
#undef LOCK
};

/* Waits for the lock and keeps it until the transaction ends. */
enum outcome db_lock(struct db *db, enum db_lock lock);

/* The same beside others that share it. */
enum outcome db_lock_shared(struct db *db, enum db_lock lock);

/* The SQL function advisory_lock(name), which gives a lock's number: its
 * definition, in the arena. */
const char *db_lock_function(struct arena *arena);

#endif
