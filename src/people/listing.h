/* Lists that are shown page by page as JSON, and whole as CSV. */
#ifndef FOTAD_PEOPLE_LISTING_H
#define FOTAD_PEOPLE_LISTING_H

#include "desk/view.h"
#include "people/call.h"

struct listing {
    const struct view_field *fields; /* of the columns of `rows` */
    size_t field_count;
    int key; /* column that the next page begins after: text, EUI-64, number;
              * usually the first */
    /* Both statements' parameters are those of add_filter(), then after (as
     * text for `rows`), and the most rows. `page` gives one JSON object.
     * Without `rows` the CSV is of the items of its pages: the names of
     * `fields` are theirs, and after is a number. */
    const struct db_statement *rows, *page;
    bool page_takes_now; /* as one more parameter */
    void (*add_filter)(struct db_params *params, const void *filter);
    const char *file_name;
    const char *missing; /* see answer_screen() */
};

/* Answers with the page that is asked for, or all as CSV (format=csv, or by
 * Accept). Both live as long as the arena of the
 * request. */
void listing_answer(struct call *call, const struct listing *listing,
                    const void *filter);

#endif
