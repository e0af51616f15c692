/*
 * Table 3 of the assessment as the program has it (transition.def). The
 * database applies it (apply_events() in sql/); this room hands it over and
 * shows it to people.
 */
#ifndef FOTAD_TRACKING_TRANSITION_H
#define FOTAD_TRACKING_TRANSITION_H

#include "base/buffer.h"
#include "db/db.h"

/* Makes the database's table of transitions say what the program's says. It
 * waits for another program that is at the same, and for nobody when the table
 * says so already. */
enum outcome tracking_hand_over(struct db *db);

/* Appends the whole matrix for people: for each event and each status, what
 * becomes of the device and who is told. */
void tracking_explain(struct buffer *out);

#endif
