#include "http/configured.h"

struct protection {
    const char *section, *address, *tls, *certificate, *key, *client_ca;
};

static bool text_starts(const char *text, const char *with) {
    return strncmp(text, with, strlen(with)) == 0;
}

static bool is_private(const char *address) {
    return text_starts(address, "unix:") || text_starts(address, "127.") ||
           text_starts(address, "[::1]:") || text_starts(address, "localhost:");
}

static const char *fault_of(const struct protection *p) {
    bool off = strcmp(p->tls, "off") == 0;
    if (*p->tls && !off)
        return "tls is off or empty";
    if (!*p->certificate != !*p->key)
        return "certificate and key go together";
    if (*p->certificate && off)
        return "tls = off, but there is a certificate";
    if (*p->client_ca && !*p->certificate)
        return "client_ca needs a certificate and key";
    if (*p->certificate && text_starts(p->address, "unix:"))
        return "there is no TLS on a Unix socket";
    if (!is_private(p->address) && !*p->certificate && !off)
        return "the address is not a loopback one: it needs a certificate and "
               "key, or tls = off";
    return NULL;
}

const char *http_contradiction(const struct config *c, struct arena *arena) {
#define LISTENER(section, prefix)                                              \
    {                                                                          \
        section, c->prefix##_listen, c->prefix##_tls, c->prefix##_certificate, \
            c->prefix##_key, c->prefix##_client_ca                             \
    }
    const struct protection all[] = {
        LISTENER("user_gateway", user), LISTENER("csp_gateway", csp),
        LISTENER("people", people), LISTENER("operations", operations)};
#undef LISTENER
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        const char *fault = fault_of(&all[i]);
        if (fault)
            return arena_printf(arena, "[%s] listen = %s: %s", all[i].section,
                                all[i].address, fault);
    }
    if (c->user_client_is_originator && !*c->user_client_ca)
        return "[user_gateway] client_is_originator = yes needs client_ca: "
               "without one no client shows a certificate";
    return NULL;
}
