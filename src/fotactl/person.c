#include "fotactl/person.h"

#include "fotactl/verb_run.h"

#include <pwd.h>
#include <unistd.h>

const char *operator_name(struct arena *arena) {
    char text[1024];
    struct passwd entry, *found = NULL;
    getpwuid_r(getuid(), &entry, text, sizeof text, &found);
    return found ? arena_printf(arena, "fotactl:%s", found->pw_name)
                 : arena_printf(arena, "fotactl:%ju", (uintmax_t)getuid());
}

enum outcome operator_note(struct verb_run *run, const char *detail) {
    static const struct db_statement note = {
        "person_did", "select person_did($1, $2, $3, $4)"};
    struct db_params params = DB_PARAMS(run->arena);
    db_text(&params, operator_name(run->arena));
    db_text(&params, run->words);
    db_text(&params, detail);
    db_instant(&params, clock_now());
    return run_database(run, db_run(run->db, &note, &params, run->arena, NULL));
}
