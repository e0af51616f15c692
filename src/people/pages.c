/* The pages /ssi/ and /ssmi/ (embedded from web/) and the OpenAPI file. */
#include "base/embedded.h"
#include "base/hex.h"
#include "people/handlers.h"

#include <openssl/sha.h>

static const struct {
    const char *ending, *type;
} media_types[] = {
    {".html", "text/html; charset=utf-8"},
    {".css", "text/css; charset=utf-8"},
    {".js", "text/javascript; charset=utf-8"},
    {".mjs", "text/javascript; charset=utf-8"},
    {".json", "application/json"},
    {".webmanifest", "application/manifest+json"},
    {".svg", "image/svg+xml"},
    {".png", "image/png"},
    {".ico", "image/x-icon"},
    {".woff2", "font/woff2"},
    {".txt", "text/plain; charset=utf-8"},
    {".map", "application/json"},
};

static const char *type_of(const char *name) {
    const char *ending = strrchr(name, '.');
    for (size_t i = 0; ending && i < sizeof media_types / sizeof *media_types;
         i++)
        if (strcmp(ending, media_types[i].ending) == 0)
            return media_types[i].type;
    return "application/octet-stream";
}

static const char *etag_make(struct arena *arena, struct span text) {
    enum { OCTETS = 16 };
    uint8_t digest[SHA256_DIGEST_LENGTH];
    char hex[2 * OCTETS + 1];
    SHA256(text.data, text.len, digest);
    return arena_printf(arena, "\"%s\"",
                        hex_format(span_of(digest, OCTETS), hex));
}

static void send_file(struct call *call, const char *name, struct span text) {
    const char *tag = etag_make(call->arena, text);
    const char *known = http_header(call->request, "If-None-Match");
    http_add_header(call->response, "ETag", tag);
    if (known && strstr(known, tag)) {
        call->response->status = 304;
        return;
    }
    call->response->content_type = type_of(name);
    call->response->body = text;
}

static bool send_embedded(struct call *call, const char *name) {
    struct span text = embedded_file(name);
    if (text.len)
        send_file(call, name, text);
    return text.len > 0;
}

/* A path within the application: web/app.js finds the page for it. */
static bool is_view(const char *path) {
    const char *last = strrchr(path, '/');
    return !strchr(last ? last : path, '.');
}

static void send_page(struct call *call, const char *file) {
    if (*file && send_embedded(call, arena_printf(call->arena, "web/%s", file)))
        return;
    if (is_view(file) && send_embedded(call, "web/index.html"))
        return;
    http_problem(call->response, 404, "There is nothing at this path.");
}

static void page_redirect(struct call *call, const char *to) {
    call->response->status = 308;
    http_add_header(call->response, "Location", to);
}

void people_page(struct call *call) {
    const char *path = call->request->path;
    const char *file = http_path_parameter(call->request, "file");
    if (strcmp(path, "/") == 0 || strcmp(path, "/ssi") == 0)
        page_redirect(call, "/ssi/");
    else if (strcmp(path, "/ssmi") == 0)
        page_redirect(call, "/ssmi/");
    else {
        http_add_header(call->response, "Cache-Control", "no-cache");
        send_page(call, file ? file : "");
    }
}

void people_show_openapi(struct call *call) {
    static const char name[] = "schemas/ssi-openapi.json";
    send_file(call, name, embedded_file(name));
}
