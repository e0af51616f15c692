#include "http/route.h"

#include "base/hex.h"

#include <strings.h>

/* ---- percent-decoding (RFC 3986, 2.1) ---- */

/* The octet at *at, which moves past it; -1 for a bad escape. */
static int percent_decode_one(struct span text, size_t *at) {
    int c = text.data[(*at)++];
    if (c != '%')
        return c;
    if (text.len - *at < 2)
        return -1;
    int high = hex_digit(text.data[*at]), low = hex_digit(text.data[*at + 1]);
    *at += 2;
    return high < 0 || low < 0 ? -1 : high * 16 + low;
}

bool percent_decode(struct arena *arena, struct span text, const char **out) {
    char *decoded = arena_alloc(arena, text.len + 1);
    size_t len = 0;
    for (size_t at = 0; at < text.len;) {
        int c = percent_decode_one(text, &at);
        if (c < ' ' || c == 0x7f)
            return false;
        decoded[len++] = (char)c;
    }
    decoded[len] = '\0';
    *out = decoded;
    return true;
}

/* ---- matching ---- */

/* Empty, "." and ".." are no names, in any segment. */
static bool segments_are_names(const char *path) {
    for (;;) {
        size_t len = strcspn(path, "/");
        if (len == 0 || (len <= 2 && strncmp(path, "..", len) == 0))
            return false;
        if (!path[len])
            return true;
        path += len + 1;
    }
}

/* `pattern` is at a '{'. Takes the parameter from *path and moves past it. */
static bool match_parameter(struct http_exchange *x, struct span pattern,
                            const char **path) {
    bool rest = pattern.len > 5 &&
                memcmp(pattern.data + pattern.len - 4, "...}", 4) == 0;
    size_t len = rest ? strlen(*path) : strcspn(*path, "/");
    struct arena *arena = x->request.arena;
    const char *value = NULL;
    if (!percent_decode(arena, span_of(*path, len), &value) ||
        !segments_are_names(value) || (!rest && strchr(value, '/')))
        return false;
    *path += len;
    size_t name = pattern.len - (rest ? 5 : 2);
    if (x->parameter_count < MOST_PARAMETERS)
        x->parameters[x->parameter_count++] = (struct parameter){
            arena_text(arena, span_of(pattern.data + 1, name)), value};
    return true;
}

static bool route_match(struct http_exchange *x, const char *pattern) {
    const char *path = x->request.path;
    x->parameter_count = 0;
    while (*pattern) {
        if (*pattern == '{') {
            size_t len = strcspn(pattern, "}") + 1;
            if (!match_parameter(x, span_of(pattern, len), &path))
                return false;
            pattern += len;
        } else if (*pattern++ != *path++) {
            return false;
        }
    }
    return !*path;
}

static bool route_has_method(const struct http_route *route,
                             const char *method) {
    return strcmp(route->method, method) == 0 ||
           (strcmp(route->method, "GET") == 0 && strcmp(method, "HEAD") == 0);
}

const struct http_route *route_find(struct http_exchange *x,
                                    const char **allow) {
    const struct http_options *options = &x->listener->options;
    *allow = NULL;
    for (size_t i = 0; i < options->route_count; i++) {
        const struct http_route *route = options->routes + i;
        if (!route_match(x, route->path))
            continue;
        if (route_has_method(route, x->request.method))
            return route;
        *allow =
            arena_printf(x->request.arena, "%s%s%s%s", *allow ? *allow : "",
                         *allow ? ", " : "", route->method,
                         strcmp(route->method, "GET") == 0 ? ", HEAD" : "");
    }
    return NULL;
}

/* ---- media types ---- */

bool route_takes(const struct http_route *route, struct span type) {
    const char *wanted = route->media_type;
    if (!wanted)
        return true;
    size_t len = 0;
    while (len < type.len && !memchr("; \t", type.data[len], 3))
        len++;
    const char *given = (const char *)type.data;
    while (*wanted && len) {
        size_t size = strcspn(wanted, " ");
        if (size == len && strncasecmp(wanted, given, len) == 0)
            return true;
        wanted += size + (wanted[size] == ' ');
    }
    return false;
}
