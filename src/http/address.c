#include "http/address.h"

#include "base/memory.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/filter.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

enum { BACKLOG = 1024 };

static _Thread_local char reason_text[256];

static int listen_failed(int handle, const char *address, const char *why,
                         const char **reason) {
    snprintf(reason_text, sizeof reason_text, "cannot listen on %s: %s",
             address, why);
    *reason = reason_text;
    if (handle >= 0)
        close(handle);
    return -1;
}

/* A socket file that a process before us left behind: nobody answers there. */
static void remove_stale(const struct sockaddr_un *name) {
    struct stat status;
    if (lstat(name->sun_path, &status) || !S_ISSOCK(status.st_mode))
        return;
    int handle = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (handle < 0)
        return;
    if (connect(handle, (const struct sockaddr *)name, sizeof *name) &&
        errno == ECONNREFUSED)
        unlink(name->sun_path);
    close(handle);
}

static int listen_unix(const char *address, const char *path,
                       char **socket_path, const char **reason) {
    struct sockaddr_un name = {.sun_family = AF_UNIX};
    if (!*path || strlen(path) >= sizeof name.sun_path)
        return listen_failed(-1, address, "not a path for a socket", reason);
    memcpy(name.sun_path, path, strlen(path));
    int handle = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    remove_stale(&name);
    if (handle < 0 || bind(handle, (struct sockaddr *)&name, sizeof name) ||
        chmod(path, 0660) || listen(handle, BACKLOG))
        return listen_failed(handle, address, strerror(errno), reason);
    *socket_path = memory_text(path);
    return handle;
}

/* "host:port" or "[host]:port" */
static bool address_split(const char *address, char *host, size_t size,
                          const char **port) {
    const char *colon = strrchr(address, ':');
    if (!colon || !colon[1])
        return false;
    size_t len = (size_t)(colon - address);
    if (len >= 2 && address[0] == '[' && colon[-1] == ']') {
        address++;
        len -= 2;
    } else if (memchr(address, ':', len)) {
        return false;
    }
    if (len >= size || strlen(colon) > 6 || atoi(colon + 1) > UINT16_MAX)
        return false;
    memcpy(host, address, len);
    host[len] = '\0';
    *port = colon + 1;
    return true;
}

static int socket_bind(const struct addrinfo *where) {
    int handle = socket(where->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int on = 1;
    if (handle < 0)
        return -1;
    setsockopt(handle, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (where->ai_family == AF_INET6)
        setsockopt(handle, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
    if (bind(handle, where->ai_addr, where->ai_addrlen) == 0 &&
        listen(handle, BACKLOG) == 0)
        return handle;
    int error = errno;
    close(handle);
    errno = error;
    return -1;
}

static unsigned port_of(const struct sockaddr_storage *address) {
    struct sockaddr_in name; /* IPv6 has its port in the same place */
    memcpy(&name, address, sizeof name);
    return ntohs(name.sin_port);
}

static int listen_tcp(const char *address, unsigned *port,
                      const char **reason) {
    char host[256];
    const char *service = NULL;
    struct addrinfo *where = NULL;
    const struct addrinfo hints = {
        .ai_socktype = SOCK_STREAM,
        .ai_flags = AI_PASSIVE | AI_NUMERICSERV,
    };
    if (!address_split(address, host, sizeof host, &service))
        return listen_failed(-1, address, "host:port is needed", reason);
    int error = getaddrinfo(*host ? host : NULL, service, &hints, &where);
    if (error)
        return listen_failed(-1, address, gai_strerror(error), reason);
    int handle = socket_bind(where);
    freeaddrinfo(where);
    struct sockaddr_storage name = {0};
    socklen_t size = sizeof name;
    if (handle < 0 || getsockname(handle, (struct sockaddr *)&name, &size))
        return listen_failed(handle, address, strerror(errno), reason);
    *port = port_of(&name);
    return handle;
}

int address_listen(const char *address, char **socket_path, unsigned *port,
                   const char **reason) {
    *socket_path = NULL;
    *port = 0;
    if (strncmp(address, "unix:", 5) == 0)
        return listen_unix(address, address + 5, socket_path, reason);
    return listen_tcp(address, port, reason);
}

/* A filter of the kernel's on the listening socket: SYN without ACK is thrown
 * away, all else passes. Merely closing the socket would reset those who wait
 * to be let in (Linux: socket(7), SO_ATTACH_FILTER). */
void address_refuse_new(int handle) {
    enum { FLAGS_AT = 13, SYN = 0x02, ACK = 0x10 }; /* RFC 9293, 3.1 */
    struct sock_filter filter[] = {
        BPF_STMT(BPF_LD | BPF_B | BPF_ABS, FLAGS_AT),
        BPF_STMT(BPF_ALU | BPF_AND | BPF_K, SYN | ACK),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYN, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, 0),
        BPF_STMT(BPF_RET | BPF_K, UINT32_MAX),
    };
    const struct sock_fprog program = {sizeof filter / sizeof *filter, filter};
    int family = 0;
    socklen_t size = sizeof family;
    getsockopt(handle, SOL_SOCKET, SO_DOMAIN, &family, &size);
    if (family == AF_INET || family == AF_INET6)
        setsockopt(handle, SOL_SOCKET, SO_ATTACH_FILTER, &program,
                   sizeof program);
}

bool address_has_pending(int handle) {
    struct pollfd look = {.fd = handle, .events = POLLIN};
    return poll(&look, 1, 0) == 1;
}

void address_text(const struct sockaddr *address, char text[static 64]) {
    char host[INET6_ADDRSTRLEN] = "";
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
    switch (address ? address->sa_family : AF_UNIX) {
    case AF_INET:
        memcpy(&v4, address, sizeof v4);
        inet_ntop(AF_INET, &v4.sin_addr, host, sizeof host);
        snprintf(text, 64, "%s:%u", host, ntohs(v4.sin_port));
        return;
    case AF_INET6:
        memcpy(&v6, address, sizeof v6);
        inet_ntop(AF_INET6, &v6.sin6_addr, host, sizeof host);
        snprintf(text, 64, "[%s]:%u", host, ntohs(v6.sin6_port));
        return;
    default:
        snprintf(text, 64, "unix");
    }
}
