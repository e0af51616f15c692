/* What the commands of an 11.2 and 11.3 have in common. For the files of this
 * room only. */
#ifndef FOTAD_REQUEST_DEVICE_H
#define FOTAD_REQUEST_DEVICE_H

#include "request/rq.h"

/* The secret (Z) of the ACB and the device. REFUSED: there is no key to use. */
enum outcome request_device_secret(struct rq *rq,
                                   uint8_t z[static GBCS_SECRET_LEN]);

/* Stores the command as it goes out, to be sent or only returned. `holds`: the
 * device keeps it until its execution time. */
enum outcome request_store_command(struct rq *rq, bool holds,
                                   struct span command);

#endif
