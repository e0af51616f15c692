/* What the person is told by e-mail. */
#include "desk/account.h"
#include "mail/mail.h"
#include "people/answer.h"
#include "people/database.h"
#include "people/handlers.h"
#include "people/input.h"

void people_show_notices(struct call *call) {
    static const struct db_statement statement = {
        "notices_screen",
        "select json_build_object('mail', mail, 'wishes', wishes,"
        " 'sends', $2::boolean)::text from notices_of($1)"};
    struct db_params params = DB_PARAMS(call->arena);
    db_text(&params, call->person->name);
    db_bool(&params, *call->config->mail_server != '\0');
    struct db_rows *rows;
    if (database_change(call, &statement, &params, &rows))
        answer_json_text(call, 200, db_get_span(rows, 0, 0));
}

/* The texts of a list, NULL for what is no text. Returns how many there are, at
 * most one more than there may be. */
static size_t read_wishes(const json_t *list,
                          const char *wishes[static MAIL_KINDS + 1]) {
    size_t count = 0;
    while (count <= MAIL_KINDS && count < json_array_size(list)) {
        wishes[count] = json_string_value(json_array_get(list, count));
        count++;
    }
    return count;
}

void people_change_notices(struct call *call) {
    static const struct body_member members[] = {
        {"mail", JSON_STRING, true, 0, 254},
        {"wishes", JSON_ARRAY, false, 0, 0}};
    struct desk desk = answer_desk(call);
    const json_t *body = body_read(call, members, 2);
    if (!body)
        return;
    const char *mail = body_text(body, "mail"), *wishes[MAIL_KINDS + 1];
    size_t count = read_wishes(json_object_get(body, "wishes"), wishes);
    if (answer_desk_done(call, &desk,
                         account_set_notices(&desk, call->person->name,
                                             mail ? mail : "", wishes, count)))
        people_show_notices(call);
}
