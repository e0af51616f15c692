#include "people/guess.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <time.h>

/* ---- the turn ---- */

static pthread_mutex_t turn = PTHREAD_MUTEX_INITIALIZER;
static instant turn_taken; /* by clock_elapsed() */

bool guess_turn_take(struct call *call) {
    if (pthread_mutex_trylock(&turn) == 0) {
        turn_taken = clock_elapsed();
        return true;
    }
    http_problem(call->response, 503,
                 "Another password is being checked; try again.");
    http_add_header(call->response, "Retry-After", "1");
    return false;
}

void guess_turn_give(void) {
    pthread_mutex_unlock(&turn);
}

void guess_turn_rest(void) {
    static const instant MOST = SECOND / 2;
    instant rest = 2 * (clock_elapsed() - turn_taken);
    rest = rest < MOST ? rest : MOST;
    nanosleep(&(struct timespec){.tv_nsec = rest * 1000}, NULL);
}

/* ---- the source ---- */

/* NULL when it is no address. */
static const char *address_normal(struct arena *arena, const char *text) {
    enum { NETWORK = 8 };
    struct in_addr v4;
    struct in6_addr v6;
    char out[INET6_ADDRSTRLEN];
    if (inet_pton(AF_INET, text, &v4) == 1)
        inet_ntop(AF_INET, &v4, out, sizeof out);
    else if (inet_pton(AF_INET6, text, &v6) != 1)
        return NULL;
    else if (IN6_IS_ADDR_V4MAPPED(&v6))
        inet_ntop(AF_INET, v6.s6_addr + 12, out, sizeof out);
    else {
        memset(v6.s6_addr + NETWORK, 0, sizeof v6 - NETWORK);
        inet_ntop(AF_INET6, &v6, out, sizeof out);
    }
    return arena_text(arena, span_text(out));
}

static const char *forwarded_for(const struct call *call) {
    const char *list = http_header(call->request, "X-Forwarded-For");
    const char *comma = list ? strrchr(list, ',') : NULL;
    const char *last = comma ? comma + 1 : list;
    if (!last)
        return NULL;
    last += strspn(last, " \t");
    size_t len = strcspn(last, " \t");
    return address_normal(call->arena,
                          arena_text(call->arena, span_of(last, len)));
}

/* "192.0.2.7:41234", "[2001:db8::7]:1" */
static const char *peer_address(const struct call *call) {
    const char *peer = call->request->peer, *colon = strrchr(peer, ':');
    bool bracket = *peer == '[';
    if (!colon || colon - peer < 2)
        return NULL;
    size_t len = (size_t)(colon - peer) - 2 * bracket;
    return address_normal(
        call->arena, arena_text(call->arena, span_of(peer + bracket, len)));
}

const char *guess_source(const struct call *call) {
    const char *address = strcmp(call->request->peer, "unix") == 0
                              ? forwarded_for(call)
                              : peer_address(call);
    return address ? address : "unix";
}
