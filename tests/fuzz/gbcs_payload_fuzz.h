/* One payload reader's fuzzing: octet 0 of the input chooses a use case, octets
 * 1 to 8 are the header's originator counter, the rest is the payload. */
#ifndef FOTAD_TESTS_GBCS_PAYLOAD_FUZZ_H
#define FOTAD_TESTS_GBCS_PAYLOAD_FUZZ_H

#include "fuzz/fuzz.h"
#include "gbcs/json.h"

enum { FUZZ_PAYLOAD_AT = 9 };

struct fuzz_choice {
    uint16_t code;
    enum gbcs_cra cra;
};

static inline const struct gbcs_use_case *fuzz_row(struct fuzz_choice choice) {
    const struct gbcs_use_case *row = gbcs_use_cases;
    while (row->name && (row->code != choice.code || row->cra != choice.cra))
        row++;
    CHECK(row->name);
    return row;
}

/* The message that would have carried the payload. */
static inline struct gbcs_message fuzz_message(struct fuzz_choice choice,
                                               struct span input) {
    static const uint8_t zeros[GBCS_SIGNATURE_LEN];
    const struct gbcs_use_case *row = fuzz_row(choice);
    return (struct gbcs_message){
        .header = {.code = choice.code,
                   .cra = choice.cra,
                   .counter = eui64_load(input.data + 1),
                   .date_time = {zeros, row->has_date_time ? 12 : 0}},
        .payload = {input.data + FUZZ_PAYLOAD_AT, input.len - FUZZ_PAYLOAD_AT},
        .signature = {zeros, row->is_signed ? GBCS_SIGNATURE_LEN : 0},
        .mac = {zeros, row->is_maced ? GBCS_MAC_LEN : 0},
    };
}

/* What is read can be shown, and written: to the same octets, but for a COSEM
 * date-time, several of which mean the same. */
static inline void fuzz_read(const struct gbcs_message *message) {
    struct gbcs_payload payload;
    const char *reason;
    if (!gbcs_payload_read(message, &payload, &reason)) {
        CHECK(reason);
        return;
    }
    CHECK(!reason);
    json_t *json = gbcs_to_json(message, &payload);
    CHECK(json);
    json_decref(json);
    if (!payload.use_case)
        return;
    struct buffer out = {0};
    CHECK(gbcs_payload_write(&message->header, &payload, &out));
    CHECK(out.len == message->payload.len);
    if (!strchr(payload.use_case->layout, 'k'))
        CHECK(span_equal(buffer_span(&out), message->payload));
    buffer_free(&out);
}

static inline int fuzz_payload(const struct fuzz_choice *choices, size_t count,
                               struct span input) {
    if (input.len < FUZZ_PAYLOAD_AT)
        return 0;
    struct gbcs_message message =
        fuzz_message(choices[input.data[0] % count], input);
    fuzz_read(&message);
    return 0;
}

#endif
