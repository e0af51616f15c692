/* What hubs, devices and CSPs of a run say, on its way to fotad. */
#ifndef FOTAD_FOTASIM_LIVES_SEND_H
#define FOTAD_FOTASIM_LIVES_SEND_H

#include "fotasim/lives_run.h"

/* Sends all that is due by `now`, in batches, again until fotad has taken it;
 * what could not be sent stays due. The lives were advanced to `now`. */
void lives_send_due(struct lives_run *run, instant now);

/* Sends the messages, again until each is answered with that status: fotad may
 * be down for a while. The answers are the caller's. */
void lives_post(struct http_client *client, const struct http_message *messages,
                struct http_answer *answers, size_t count);

#endif
