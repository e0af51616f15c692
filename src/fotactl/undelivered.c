/* fotactl undelivered retry: messages that Users have not confirmed (E3). */
#include "desk/undelivered.h"
#include "fotactl/verbs.h"

enum outcome verb_undelivered_retry(struct verb_run *run) {
    struct desk desk = run_desk(run);
    eui64 user;
    int64_t messages;
    bool of_one = run->options.user != NULL;
    if (of_one && !run_read_eui64(run, run->options.user, &user))
        return REFUSED;
    enum outcome outcome =
        undelivered_retry(&desk, of_one ? &user : NULL, &messages);
    if (outcome != DONE)
        return run_desk_end(run, &desk, outcome, NULL);
    if (run->options.json)
        run_print_json(run, json_pack("{sI}", "messages", messages));
    else
        buffer_printf(run->out, "%jd message%s tried again now.\n",
                      (intmax_t)messages, messages == 1 ? " is" : "s are");
    return DONE;
}
