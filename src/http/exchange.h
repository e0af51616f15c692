/* The life of a request, as libmicrohttpd calls for it. For the files of this
 * room only. */
#ifndef FOTAD_HTTP_EXCHANGE_H
#define FOTAD_HTTP_EXCHANGE_H

#include "http/listener.h"

enum MHD_Result exchange_step(void *listener, struct MHD_Connection *mhd,
                              const char *path, const char *method,
                              const char *version, const char *data,
                              size_t *size, void **context);
void exchange_end(void *listener, struct MHD_Connection *mhd, void **context,
                  enum MHD_RequestTerminationCode how);

#endif
