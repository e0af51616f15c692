/*
 * Table 3 of the assessment as the program has it (transition.def). The
 * database applies it (apply_events() in sql/); this room hands it over and
 * shows it to people.
 */
#ifndef FOTAD_TRACKING_TRANSITION_H
#define FOTAD_TRACKING_TRANSITION_H

#include "base/buffer.h"
#include "base/config.h"
#include "db/db.h"

/* The Processing Statuses (status.def), NULL after the last one. */
extern const char *const tracking_statuses[];

/* Makes the database's table of transitions say what the program's says; that
 * of a later release stays. By the owner, after db_migrate(). It waits for
 * another program that is at the same, and for nobody when it says so already.
 * FAILED when it does not and the role may not change it. */
enum outcome tracking_migrate(struct db *db);

/* The same, and its row of settings says what [tracking] and [alerts] say: at a
 * start, in the role of fotad. */
enum outcome tracking_hand_over(struct db *db, const struct config *config);

/* The longest window of [tracking]: how long nothing may be heard of a device
 * before it is released. */
instant tracking_longest_window(const struct config *config);

/* How long what is known of an update is kept after its end: the longest window
 * of [tracking], and 14 days for what comes late; at least the screens'
 * retention. */
instant tracking_memory(const struct config *config);

/* Appends the whole matrix for people: for each event and each status, what
 * becomes of the device and who is told. */
void tracking_explain(struct buffer *out);

#endif
