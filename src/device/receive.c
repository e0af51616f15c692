#include "device/receive.h"

#include "base/crash.h"
#include "base/log.h"
#include "base/metrics.h"
#include "db/lock.h"
#include "db/regions.h"
#include "delivery/delivery.h"
#include "device/message.h"

#include <inttypes.h>

enum { MESSAGES, SECONDS };

static struct metric_family families[] = {
    [MESSAGES] = {.name = "fotad_device_messages_total",
                  .help = "GBCS messages of devices, by what became of them",
                  .kind = METRIC_COUNTER,
                  .labels = {"state"}},
    [SECONDS] = {.name = "fotad_device_batch_seconds",
                 .help = "How long a batch of GBCS messages took",
                 .kind = METRIC_HISTOGRAM},
};

/* A message as it waits. */
struct waiting {
    const char *csp, *message_id;
    struct span payload;
};

struct batch {
    const struct receiving *receiving;
    struct arena *arena;
    size_t most;
    instant now;
    size_t count;
    const struct waiting *waiting;
    struct device_message *messages;
    bool *checked; /* of each: not to be checked again */
    struct party_keys signers, agreers;
    struct db_rows *ends; /* state, number of messages */
};

/* Takes the messages and holds them until the transaction ends. */
static enum outcome batch_lock(struct db *db, struct batch *batch) {
    static const struct db_statement lock = {
        "lock_messages", "select csp, message_id, payload from gbcs_message"
                         " where state = 'waiting' order by received limit $1"
                         " for update skip locked"};
    static const struct db_column waiting_columns[] = {
        DB_COLUMN(TEXT, struct waiting, csp),
        DB_COLUMN(TEXT, struct waiting, message_id),
        DB_COLUMN(BYTEA, struct waiting, payload),
    };
    struct db_params params = DB_PARAMS(batch->arena);
    db_int8(&params, (int64_t)batch->most);
    void *found;
    enum outcome outcome =
        db_fetch(db, &lock, &params, DB_COLUMNS(waiting_columns),
                 sizeof *batch->waiting, &found, &batch->count);
    batch->waiting = found;
    return outcome;
}

/* A check is of the whole batch, and then once more of those messages that it
 * found to want a certificate. */
static void batch_begin_check(struct batch *batch) {
    for (size_t i = 0; i < batch->count; i++) {
        struct device_message *message = &batch->messages[i];
        batch->checked[i] = message->verdict && !message->wants_certificate;
        if (!batch->checked[i])
            device_message_read(message, batch->waiting[i].payload);
    }
}

static bool message_needs_key(const struct batch *batch, size_t i,
                              enum key_usage usage) {
    const struct device_message *message = &batch->messages[i];
    if (batch->checked[i])
        return false;
    return usage == KEY_DIGITAL_SIGNATURE
               ? device_message_needs_signature_key(message)
               : device_message_needs_mac_key(message,
                                              batch->receiving->config->acb_id);
}

static enum outcome batch_find_keys(struct db *db, struct batch *batch,
                                    enum key_usage usage,
                                    struct party_keys *keys) {
    eui64 *ids = arena_zero(batch->arena, batch->count, sizeof *ids);
    size_t count = 0;
    for (size_t i = 0; i < batch->count; i++)
        if (message_needs_key(batch, i, usage))
            ids[count++] = batch->messages[i].gbcs.header.originator;
    return party_keys_find(db, batch->arena, KEY_OF_DEVICE, usage, ids, count,
                           batch->now, batch->receiving->config->accept_expired,
                           keys);
}

static bool batch_judge(struct batch *batch) {
    bool judged = true;
    for (size_t i = 0; i < batch->count && judged; i++)
        if (!batch->checked[i])
            judged = device_message_judge(&batch->messages[i], batch->arena,
                                          batch->receiving->acb,
                                          batch->receiving->config->acb_id,
                                          &batch->signers, &batch->agreers);
    return judged;
}

static enum outcome batch_check(struct db *db, struct batch *batch) {
    batch_begin_check(batch);
    enum outcome outcome =
        batch_find_keys(db, batch, KEY_DIGITAL_SIGNATURE, &batch->signers);
    if (outcome == DONE)
        outcome = batch_find_keys(db, batch, KEY_AGREEMENT, &batch->agreers);
    if (outcome == DONE && !batch_judge(batch)) {
        db_blame(db, "the key of the ACB, which is in the HSM, is away");
        outcome = RETRY;
    }
    return outcome;
}

static bool batch_wants(const struct batch *batch) {
    bool wants = false;
    for (size_t i = 0; i < batch->count; i++)
        wants |= batch->messages[i].wants_certificate;
    return wants;
}

/* A certificate may have come while the batch was checked. From now on none
 * comes without seeing, before it is there, what this batch notes. */
static enum outcome batch_check_again(struct db *db, struct batch *batch) {
    enum outcome outcome = db_lock_shared(db, LOCK_certificates);
    return outcome == DONE ? batch_check(db, batch) : outcome;
}

/* ---- to the database ---- */

/* A row of take_device_messages(); what a message does not say has its
 * stand-in for null there. */
struct row {
    const char *csp, *message_id, *verdict, *detail, *kind, *event;
    eui64 device, party;
    int32_t alert_code, result;
    int64_t version;
    instant time;
    uint64_t command_counter, party_counter;
};

static const struct db_column columns[] = {
    DB_COLUMN(TEXT, struct row, csp),
    DB_COLUMN(TEXT, struct row, message_id),
    DB_COLUMN(TEXT, struct row, verdict),
    DB_COLUMN(TEXT, struct row, detail),
    DB_COLUMN(TEXT, struct row, kind),
    DB_COLUMN(TEXT, struct row, event),
    DB_COLUMN(EUI64, struct row, device),
    DB_COLUMN(INT4, struct row, alert_code),
    DB_COLUMN(INT4, struct row, result),
    DB_COLUMN(INT8, struct row, version),
    DB_COLUMN(INSTANT, struct row, time),
    DB_COLUMN(NUMERIC, struct row, command_counter),
    DB_COLUMN(EUI64, struct row, party),
    DB_COLUMN(NUMERIC, struct row, party_counter),
};

/* Kinds of payload that have a result and a firmware version; a read that
 * failed has no version. */
static bool has_result(enum gbcs_kind kind) {
    return kind == GBCS_ACTIVATE_RESULT || kind == GBCS_ACTIVATE_ALERT ||
           kind == GBCS_READ_RESULT || kind == GBCS_TRANSFER_ALERT ||
           kind == GBCS_PPMID_ALERT;
}

static bool has_version(const struct gbcs_payload *said) {
    return has_result(said->kind) &&
           !(said->kind == GBCS_READ_RESULT && said->result);
}

static void row_add_header(struct row *row, const struct gbcs_header *header) {
    row->device = header->originator;
    if (header->supplementary < GBCS_SUPPLEMENTARY_PARTY_COUNTER)
        return;
    row->party = header->supplementary_party;
    row->party_counter = header->supplementary_party_counter;
}

static void row_add_payload(struct row *row, const struct gbcs_payload *said) {
    if (said->alert_code)
        row->alert_code = said->alert_code;
    if (has_result(said->kind))
        row->result = said->result;
    if (has_version(said))
        row->version = said->firmware_version;
    if (said->has_time)
        row->time = said->time;
    if (said->kind == GBCS_TRANSFER_ALERT)
        row->device = said->device;
    if (said->kind == GBCS_ACTIVATE_ALERT)
        row->command_counter = said->counter;
}

static struct row row_of(const struct batch *batch, size_t i) {
    const struct device_message *message = &batch->messages[i];
    struct row row = {.csp = batch->waiting[i].csp,
                      .message_id = batch->waiting[i].message_id,
                      .verdict = message->verdict,
                      .detail = message->detail,
                      .kind = message->kind,
                      .event = message->event,
                      .alert_code = -1,
                      .result = -1,
                      .version = -1};
    if (message->parsed)
        row_add_header(&row, &message->gbcs.header);
    if (message->readable)
        row_add_payload(&row, &message->said);
    return row;
}

static enum outcome batch_take(struct db *db, struct batch *batch) {
    static const struct db_statement take = {
        "take_device_messages",
        "select state, messages from take_device_messages($1::text[],"
        " $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7, $8,"
        " $9, $10, $11, $12::numeric[], $13, $14::numeric[],"
        " $15::csp_region[], $16::text[], $17,"
        " $18::bigint * interval '1 microsecond')"};
    struct row *rows = arena_zero(batch->arena, batch->count, sizeof *rows);
    for (size_t i = 0; i < batch->count; i++)
        rows[i] = row_of(batch, i);
    struct db_params params = DB_PARAMS(batch->arena);
    db_arrays(&params, DB_COLUMNS(columns), rows, batch->count, sizeof *rows);
    db_regions(&params, batch->receiving->config);
    db_instant(&params, batch->now);
    db_int8(&params, batch->receiving->config->tracking_timeout);
    return db_run(db, &take, &params, batch->arena, &batch->ends);
}

/* Notes which messages are to be looked at again when a certificate comes. */
static enum outcome batch_note_wants(struct db *db, struct batch *batch) {
    static const struct db_statement note = {
        "await_certificates",
        "select await_certificates($1::text[], $2::text[])"};
    static const struct db_column names[] = {
        DB_COLUMN(TEXT, struct waiting, csp),
        DB_COLUMN(TEXT, struct waiting, message_id),
    };
    struct waiting *wanting =
        arena_zero(batch->arena, batch->count, sizeof *wanting);
    size_t count = 0;
    for (size_t i = 0; i < batch->count; i++)
        if (batch->messages[i].wants_certificate)
            wanting[count++] = batch->waiting[i];
    struct db_params params = DB_PARAMS(batch->arena);
    db_arrays(&params, DB_COLUMNS(names), wanting, count, sizeof *wanting);
    return count ? db_run(db, &note, &params, batch->arena, NULL) : DONE;
}

static enum outcome batch_step(struct db *db, void *context) {
    struct batch *batch = context;
    enum outcome outcome = batch_lock(db, batch);
    if (outcome != DONE || !batch->count)
        return outcome;
    batch->messages =
        arena_zero(batch->arena, batch->count, sizeof *batch->messages);
    batch->checked =
        arena_zero(batch->arena, batch->count, sizeof *batch->checked);
    outcome = batch_check(db, batch);
    if (outcome == DONE && batch_wants(batch))
        outcome = batch_check_again(db, batch);
    if (outcome == DONE)
        outcome = batch_take(db, batch);
    if (outcome == DONE)
        outcome = batch_note_wants(db, batch);
    crash_point(CRASH_batch_worked);
    return outcome;
}

static void batch_count(const struct batch *batch) {
    for (size_t i = 0; i < db_row_count(batch->ends); i++) {
        const char *state = db_get_text(batch->ends, i, 0);
        int64_t messages = db_get_int(batch->ends, i, 1);
        metric_add(metric_of(&families[MESSAGES], state, NULL, NULL), messages);
        if (strcmp(state, "done") != 0)
            log_event(strcmp(state, "unverified") == 0 ? LOG_LEVEL_WARNING
                                                       : LOG_LEVEL_INFO,
                      "device.messages",
                      "state=%s messages=%" PRId64
                      ": gbcs_message.detail says why",
                      state, messages);
    }
}

enum outcome receive_batch(const struct receiving *receiving, struct db *db,
                           struct arena *arena, size_t most, instant now,
                           struct received *taken) {
    metrics_register(families, sizeof families / sizeof *families);
    struct batch batch = {
        .receiving = receiving, .arena = arena, .most = most, .now = now};
    instant start = clock_elapsed();
    enum outcome outcome = db_transact(db, batch_step, &batch, true);
    *taken = (struct received){.count = batch.count};
    if (batch.count) {
        taken->csp = batch.waiting->csp;
        taken->message_id = batch.waiting->message_id;
    }
    if (outcome == DONE && batch.count) {
        crash_point(CRASH_batch_committed);
        delivery_wake();
        metric_observe(metric_of(&families[SECONDS], NULL, NULL, NULL),
                       clock_elapsed() - start);
        batch_count(&batch);
    }
    return outcome;
}
