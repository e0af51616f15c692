/*
 * What one address has: its connections, and how fast its requests come. Who
 * has none and did not ask within the last second is forgotten.
 */
#include "http/peer.h"

#include "base/memory.h"

#include <netinet/in.h>
#include <pthread.h>
#include <stdlib.h>

enum { BUCKETS = 1024, KEY = 16 };

struct peer {
    struct peer *next;
    uint8_t key[KEY];
    unsigned connections;
    instant due; /* when a steady peer would ask next */
};

struct peers {
    pthread_mutex_t lock;
    unsigned connections, rate; /* the limits; 0: none */
    bool limit_local;
    struct peer *buckets[BUCKETS];
};

struct peers *peers_new(const struct http_options *options) {
    struct peers *peers = memory_alloc(sizeof *peers);
    *peers = (struct peers){.connections = options->peer_connections,
                            .rate = options->peer_rate,
                            .limit_local = options->limit_local};
    pthread_mutex_init(&peers->lock, NULL);
    return peers;
}

void peers_free(struct peers *peers) {
    for (size_t i = 0; i < BUCKETS; i++)
        while (peers->buckets[i]) {
            struct peer *next = peers->buckets[i]->next;
            free(peers->buckets[i]);
            peers->buckets[i] = next;
        }
    pthread_mutex_destroy(&peers->lock);
    free(peers);
}

/* ---- who it is ---- */

static bool read_v4(const struct sockaddr *address, uint8_t key[static KEY],
                    bool *local) {
    struct sockaddr_in v4;
    memcpy(&v4, address, sizeof v4);
    memcpy(key + KEY - sizeof v4.sin_addr, &v4.sin_addr, sizeof v4.sin_addr);
    *local = ntohl(v4.sin_addr.s_addr) >> 24 == IN_LOOPBACKNET;
    return true;
}

/* Whoever has one address of a /64 has all of them. */
static bool read_v6(const struct sockaddr *address, uint8_t key[static KEY],
                    bool *local) {
    struct sockaddr_in6 v6;
    memcpy(&v6, address, sizeof v6);
    memcpy(key, &v6.sin6_addr, KEY / 2);
    *local = IN6_IS_ADDR_LOOPBACK(&v6.sin6_addr);
    return true;
}

/* False for a Unix socket. */
static bool read_address(const struct sockaddr *address,
                         uint8_t key[static KEY], bool *local) {
    memset(key, 0, KEY);
    if (address && address->sa_family == AF_INET)
        return read_v4(address, key, local);
    if (address && address->sa_family == AF_INET6)
        return read_v6(address, key, local);
    return false;
}

/* ---- those known ---- */

static struct peer **bucket_of(struct peers *peers,
                               const uint8_t key[static KEY]) {
    uint32_t hash = 2166136261; /* FNV-1a */
    for (size_t i = 0; i < KEY; i++)
        hash = (hash ^ key[i]) * 16777619;
    return &peers->buckets[hash % BUCKETS];
}

/* The peer of that key, after forgetting others that are over. */
static struct peer *peer_find(struct peer **bucket,
                              const uint8_t key[static KEY]) {
    instant now = clock_elapsed();
    struct peer *found = NULL;
    while (*bucket) {
        struct peer *peer = *bucket;
        if (memcmp(peer->key, key, KEY) == 0) {
            found = peer;
        } else if (!peer->connections && peer->due <= now) {
            *bucket = peer->next;
            free(peer);
            continue;
        }
        bucket = &peer->next;
    }
    return found;
}

static struct peer *peer_add(struct peer **bucket,
                             const uint8_t key[static KEY]) {
    struct peer *peer = memory_alloc(sizeof *peer);
    *peer = (struct peer){.next = *bucket};
    memcpy(peer->key, key, KEY);
    *bucket = peer;
    return peer;
}

struct peer *peer_enter(struct peers *peers, const struct sockaddr *address,
                        bool *too_many) {
    uint8_t key[KEY];
    bool local = false;
    *too_many = false;
    if ((!peers->connections && !peers->rate) ||
        !read_address(address, key, &local) || (local && !peers->limit_local))
        return NULL;
    pthread_mutex_lock(&peers->lock);
    struct peer **bucket = bucket_of(peers, key);
    struct peer *peer = peer_find(bucket, key);
    if (!peer)
        peer = peer_add(bucket, key);
    peer->connections++;
    *too_many = peers->connections && peer->connections > peers->connections;
    pthread_mutex_unlock(&peers->lock);
    return peer;
}

void peer_leave(struct peers *peers, struct peer *peer) {
    if (!peer)
        return;
    pthread_mutex_lock(&peers->lock);
    peer->connections--;
    pthread_mutex_unlock(&peers->lock);
}

bool peer_may_ask(struct peers *peers, struct peer *peer) {
    if (!peer || !peers->rate)
        return true;
    instant now = clock_elapsed();
    pthread_mutex_lock(&peers->lock);
    bool may = peer->due <= now + SECOND;
    if (may)
        peer->due = (peer->due > now ? peer->due : now) + SECOND / peers->rate;
    pthread_mutex_unlock(&peers->lock);
    return may;
}
