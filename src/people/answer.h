/* Answers that several handlers give. */
#ifndef FOTAD_PEOPLE_ANSWER_H
#define FOTAD_PEOPLE_ANSWER_H

#include "desk/desk.h"
#include "people/call.h"

/* The answer is this JSON; takes the value over. */
void answer_json(struct call *call, unsigned status, json_t *value);

/* The answer is this JSON text, which lives as long as the request. */
void answer_json_text(struct call *call, unsigned status, struct span text);

/* Runs a statement on the reading database whose first column is a JSON
 * object; answers it with the data's age in it. Null, or no row, answers 404
 * with `missing`. */
void answer_screen(struct call *call, const struct db_statement *statement,
                   const struct db_params *params, const char *missing);

/* ---- src/desk ---- */

/* What its functions work with: for the person, on the primary. */
struct desk answer_desk(struct call *call);

/* Was what such a function returned DONE? Otherwise answered: a refusal by its
 * fault, or 503 or 500. */
bool answer_desk_done(struct call *call, const struct desk *desk,
                      enum outcome outcome);

/* A sentence of that room, with its capital and full stop, in the arena. */
const char *answer_sentence(struct arena *arena, const char *text);

#endif
