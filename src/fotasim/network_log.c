/* What happens to each update, as lines for who wants to know more than sums.
 */
#include "fotasim/network.h"

bool network_log_open(struct network *network) {
    const char *path = network->options.log;
    network->log = path ? fopen(path, "w") : NULL;
    if (path && !network->log)
        return fprintf(stderr, "fotasim: %s: %m\n", path), false;
    if (path)
        fputs("minute,step,home,csp,request,try,user,image,device_type\n",
              network->log);
    return true;
}

bool network_log_close(struct network *network) {
    bool good = !network->log || !ferror(network->log);
    if (network->log && fclose(network->log))
        good = false;
    if (!good)
        fprintf(stderr, "fotasim: %s: %m\n", network->options.log);
    return good;
}

void network_log(const struct network *network, enum network_step step,
                 const struct network_update *update) {
    static const char *const steps[] = {"sent", "taken", "hub", "device",
                                        "failed"};
    static const char *const types[] = {"ESME", "GSME", "PPMID"};
    static const char *const csps[] = {"north", "south-and-central"};
    if (!network->log || update->request % network->options.log_every)
        return;
    const struct network_request *request = &network->requests[update->request];
    fprintf(network->log, "%u,%s,%u,%s,%u,%u,%u,%u,%s\n",
            network->now * (unsigned)(NETWORK_TICK / MINUTE), steps[step],
            update->home, csps[network_csp_of(network, update->home)],
            update->request, update->tries, request->user, request->pool,
            types[request->type]);
}
