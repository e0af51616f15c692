/* Where a listener listens. For the files of this room only. */
#ifndef FOTAD_HTTP_ADDRESS_H
#define FOTAD_HTTP_ADDRESS_H

#include <stdbool.h>
#include <sys/socket.h>

/* A listening socket, or -1 and *reason. */
int address_listen(const char *address, char **socket_path, unsigned *port,
                   const char **reason);
/* From now on nobody new can connect: who tries waits, and is refused once the
 * socket is closed. Who is connected is not touched. */
void address_refuse_new(int handle);
/* Whether somebody is connected whom nobody has let in yet. */
bool address_has_pending(int handle);
/* "192.0.2.7:41234", "[::1]:8079", "unix" */
void address_text(const struct sockaddr *address, char text[static 64]);

#endif
