/* Whole messages: MAC header, grouping header, signature and MAC fields. */
#include "fuzz/gbcs_payload_fuzz.h"
#include "support/gbcs_rebuild.h"

/* No octet goes unread: but a pre-command may have one 00 after it. */
static void check_rebuilt(const struct gbcs_message *message,
                          struct span input) {
    struct buffer out = {0};
    gbcs_rebuild(message, &out);
    bool protected = message->signature.len || message->mac.len;
    if (!protected && out.len + 1 == input.len)
        CHECK(input.data[--input.len] == 0);
    CHECK(span_equal(buffer_span(&out), input));
    buffer_free(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct span input = span_of(data, size);
    struct gbcs_message message;
    const char *reason;
    bool any = gbcs_any_parse(input, &message, &reason);
    CHECK(any == !reason);
    if (!any)
        return 0;
    CHECK(within(message.payload, input) && within(message.to_sign, input) &&
          within(message.to_mac, input));
    check_rebuilt(&message, input);
    fuzz_read(&message);
    struct gbcs_message again;
    bool whole = gbcs_message_parse(input, &again, &reason);
    bool precommand = gbcs_precommand_parse(input, &again, &reason);
    CHECK(whole != precommand);
    return 0;
}
