#include "http/headers.h"

#include "base/log.h"
#include "http/answer.h"
#include "http/framing.h"
#include "http/metrics.h"
#include "http/peer.h"
#include "http/route.h"
#include "http/tls.h"

static bool headers_find_route(struct http_exchange *x) {
    const char *allow = NULL;
    x->request.route = route_find(x, &allow);
    if (x->request.route)
        return true;
    if (!allow) {
        http_problem(&x->response, 404, "There is nothing at this path.");
        return false;
    }
    http_problem(&x->response, 405, "This path takes %s.", allow);
    http_add_header(&x->response, "Allow", allow);
    return false;
}

/* "application/xml or text/xml" */
static const char *types_listed(struct arena *arena, const char *types) {
    size_t len = strcspn(types, " ");
    const char *text = arena_text(arena, span_of(types, len));
    while (*(types += len)) {
        types++;
        len = strcspn(types, " ");
        text = arena_printf(arena, "%s or %.*s", text, (int)len, types);
    }
    return text;
}

static bool headers_fit_route(struct http_exchange *x) {
    const struct http_route *route = x->request.route;
    if (x->framing.coded) { /* RFC 9110, 12.5.3 */
        http_problem(&x->response, 415, "Content-Encoding must be identity.");
        http_add_header(&x->response, "Accept-Encoding", "identity");
        return false;
    }
    if (!route_takes(route, x->framing.type)) {
        http_problem(&x->response, 415, "Content-Type must be %s.",
                     types_listed(x->request.arena, route->media_type));
        return false;
    }
    if (x->framing.length > route->max_body) {
        limit_count(x->listener, LIMIT_BODY);
        http_problem(&x->response, 413, "A body may have up to %zu octets.",
                     route->max_body);
        return false;
    }
    return true;
}

/* 429 for what is the peer's own doing, 503 for what is everybody's. */
static bool within_limits(struct http_exchange *x) {
    static const struct {
        unsigned status;
        const char *detail;
    } answers[LIMITS] = {
        [LIMIT_CONNECTIONS] = {503, "Too many connections are open."},
        [LIMIT_PEER_CONNECTIONS] = {429, "You have too many connections."},
        [LIMIT_PEER_RATE] = {429, "Your requests come too fast."},
    };
    enum limit limit = x->connection->over;
    if (!limit && !peer_may_ask(x->listener->peers, x->connection->peer)) {
        limit = LIMIT_PEER_RATE;
        limit_count(x->listener, limit);
    }
    if (!limit)
        return true;
    answer_set_later(x, answers[limit].status, answers[limit].detail);
    if (x->connection->over)
        http_add_header(&x->response, "Connection", "close");
    return false;
}

/* Who this is, by its certificate. */
static bool knows_client(struct http_exchange *x) {
    const char *fault = tls_verify(x->connection, x->mhd);
    if (!fault)
        return true;
    if (tls_fault_is_of_time(fault) && !clock_is_known()) {
        answer_set_later(x, 503,
                         "The time is not known, and by it the client "
                         "certificate is not good.");
        return false;
    }
    http_problem(&x->response, 403, "No accepted client certificate: %s.",
                 fault);
    log_warning("tls.refused", "listener=%s peer=%s : %s",
                x->listener->options.name, x->request.peer, fault);
    return false;
}

bool headers_are_good(struct http_exchange *x, const char *version) {
    unsigned status = 0;
    const char *detail = NULL;
    if (!framing_read(x, version, &status, &detail)) {
        if (status == 431)
            limit_count(x->listener, LIMIT_HEADER);
        http_problem(&x->response, status, "%s", detail);
        http_add_header(&x->response, "Connection", "close");
        return false;
    }
    return within_limits(x) && knows_client(x) && headers_find_route(x) &&
           headers_fit_route(x);
}
