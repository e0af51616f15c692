/* What all who work on Service Requests share. */
#ifndef FOTAD_REQUEST_MANAGEMENT_H
#define FOTAD_REQUEST_MANAGEMENT_H

#include "base/config.h"
#include "device/keys.h"
#include "duis/signer.h"

/* Lives as long as the threads that it is given to. */
struct request_management {
    const struct config *config;
    const struct duis_signer *signer;
    struct acb_key *acb; /* MACs of commands to devices */
};

#endif
