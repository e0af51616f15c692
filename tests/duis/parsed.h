/* A sound 11.1, and what comes of parsing what is made of it. */
#ifndef FOTAD_TESTS_DUIS_PARSED_H
#define FOTAD_TESTS_DUIS_PARSED_H

#include "duis/library.h"
#include "duis/request.h"
#include "support/duis_signing.h"
#include "support/with_arena.h"

#define REQUEST_ID "90-B3-D5-1F-30-01-00-00:90-B3-D5-1F-30-00-00-02:1000"

static const eui64 DEVICES[] = {0x00DB1234567890A0, 0x00DB1234567890A1,
                                0x00DB1234567890A0};

static const struct test_request UPDATE = {
    .request_id = REQUEST_ID,
    .body = DUIS_UPDATE_FIRMWARE,
    .image = {(const uint8_t *)"image", 5},
    .device_ids = DEVICES,
    .device_id_count = 3,
};

static struct duis_request request;
static struct duis_fault fault;

static int open_room(void **state) {
    (void)state;
    return duis_open() ? 0 : -1;
}

static int close_room(void **state) {
    (void)state;
    duis_close();
    return 0;
}

static inline enum duis_parse_result parse(struct span body) {
    fault = (struct duis_fault){0};
    return duis_request_parse(arena, body, &request, &fault);
}

#endif
