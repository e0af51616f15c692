/* Every call comes through here: who calls, whether they may, and then its
 * handler. */
#include "people/dispatch.h"

#include "base/lists.h"
#include "base/log.h"
#include "people/handlers.h"
#include "people/identify.h"

static people_handler *const route_handlers[] = {
#define ROUTE(operation, method, path, roles, type, handler) handler,
#include "people/routes.def"
#undef ROUTE
};
enum { API_ROUTES = sizeof route_handlers / sizeof *route_handlers };

/* ---- headers for browsers ---- */

static const struct {
    const char *name, *value;
} api_headers[] = {
    {"Cache-Control", "no-store"},
    {"Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'"},
    {"X-Content-Type-Options", "nosniff"},
    {"Referrer-Policy", "no-referrer"},
};

static const struct {
    const char *name, *value;
} page_headers[] = {
    {"Content-Security-Policy",
     "default-src 'none'; script-src 'self'; style-src 'self'; "
     "img-src 'self' data:; font-src 'self'; connect-src 'self'; "
     "manifest-src 'self'; base-uri 'none'; form-action 'self'; "
     "frame-ancestors 'none'"},
    {"X-Content-Type-Options", "nosniff"},
    {"Referrer-Policy", "no-referrer"},
    {"X-Frame-Options", "DENY"},
};

static void add_headers(struct call *call, bool api) {
    enum { COUNT = sizeof api_headers / sizeof *api_headers };
    _Static_assert(COUNT == sizeof page_headers / sizeof *page_headers,
                   "as many");
    for (size_t i = 0; i < COUNT; i++)
        http_add_header(call->response,
                        api ? api_headers[i].name : page_headers[i].name,
                        api ? api_headers[i].value : page_headers[i].value);
    if (*call->config->people_certificate)
        http_add_header(call->response, "Strict-Transport-Security",
                        "max-age=31536000");
}

/* ---- may they? ---- */

static bool is_safe(const char *method) {
    return strcmp(method, "GET") == 0 || strcmp(method, "HEAD") == 0;
}

/* A browser adds cookies, and what makes a proxy know its user, to whatever
 * page makes it call; only our own pages know the token (or may set a header
 * at all). */
static bool csrf_is_good(const struct call *call) {
    const char *expected = call->person->csrf_token;
    const char *given = http_header(call->request, "X-CSRF-Token");
    return is_safe(call->request->method) || !expected ||
           (given && secret_equal(given, expected));
}

static bool may_call(struct call *call, const struct people_route *route) {
    if (!route->roles)
        return true;
    if (!person_identify(call))
        return false;
    if (!(call->person->role & route->roles)) {
        http_problem(call->response, 403, "Your role may not do this.");
        return false;
    }
    if (!csrf_is_good(call)) {
        http_problem(call->response, 403,
                     "X-CSRF-Token is missing or not that of your session.");
        return false;
    }
    return true;
}

static void log_end(const struct call *call, instant start) {
    log_info("people.answered", "method=%s path=%s person=%s status=%u ms=%.1f",
             call->request->method, call->request->path,
             call->person ? call->person->name : "-", call->response->status,
             (double)(clock_elapsed() - start) / 1000.0);
}

static void call_dispatch(void *worker, const struct http_request *request,
                          struct http_response *response) {
    struct people_worker *own = worker;
    struct call call = {.worker = own,
                        .config = own->config,
                        .request = request,
                        .response = response,
                        .arena = request->arena,
                        .now = clock_now()};
    size_t row = (size_t)(request->route - people_http_routes);
    instant start = clock_elapsed();
    add_headers(&call, row < API_ROUTES);
    if (row >= API_ROUTES) {
        people_page(&call);
        return;
    }
    if (may_call(&call, &people_routes[row]))
        route_handlers[row](&call);
    log_end(&call, start);
}

/* ---- the listener's routes ---- */

#define PAGE(at)                                                               \
    { .method = "GET", .path = (at), .handler = call_dispatch }
static struct http_route http_routes[] = {
#define ROUTE(operation, verb, at, who, type, how)                             \
    {.method = (verb),                                                         \
     .path = "/api/v1" at,                                                     \
     .media_type = (type),                                                     \
     .max_body = 0,                                                            \
     .handler = call_dispatch},
#include "people/routes.def"
#undef ROUTE
    PAGE("/"),
    PAGE("/ssi"),
    PAGE("/ssi/"),
    PAGE("/ssmi"),
    PAGE("/ssi/{file...}"),
    PAGE("/ssmi/"),
    PAGE("/ssmi/{file...}"),
};
const struct http_route *const people_http_routes = http_routes;
const size_t people_http_route_count = sizeof http_routes / sizeof *http_routes;

void people_set_max_body(size_t max_body) {
    /* those that bring a request, or a list of devices */
    static const char *const long_bodies[] = {"dryRun", "steer", NULL};
    enum { JSON_BODY = 16 * 1024 };
    for (size_t i = 0; i < API_ROUTES; i++)
        if (http_routes[i].media_type)
            http_routes[i].max_body =
                list_find(long_bodies, people_routes[i].operation)
                    ? max_body
                    : (size_t)JSON_BODY;
}
