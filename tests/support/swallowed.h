/*
 * Name servers that never answer: in a program that includes this, names that
 * end in .swallowed cost the resolver 40 s, as those do behind a firewall that
 * drops. For one file of a program.
 */
#ifndef FOTAD_TESTS_SWALLOWED_H
#define FOTAD_TESTS_SWALLOWED_H

#include <dlfcn.h>
#include <netdb.h>
#include <string.h>
#include <unistd.h>

int getaddrinfo(const char *name, const char *service,
                const struct addrinfo *hints, struct addrinfo **found) {
    typedef int function(const char *, const char *, const struct addrinfo *,
                         struct addrinfo **);
    size_t len = name ? strlen(name) : 0;
    if (len > 10 && strcmp(name + len - 10, ".swallowed") == 0) {
        sleep(40);
        return EAI_AGAIN;
    }
    void *real = dlsym(RTLD_NEXT, "getaddrinfo");
    function *next;
    memcpy(&next, &real, sizeof next);
    return next(name, service, hints, found);
}

#endif
