/* The Service Audit Trail of requests: the request as it came but for its
 * image, who brought it, and its answer (requirement H1). */
#include "request/record.h"

#include "request/step.h"

#include "base/base64.h"
#include "base/hex.h"
#include "base/log.h"

#include <openssl/sha.h>
#include <pthread.h>
#include <stdlib.h>

/* ---- the request without its image ---- */

/* Where the Base64 text of the image stands in the body, and its lines. */
struct image_text {
    size_t at, len; /* octets of the body; len 0: it is nowhere */
    size_t line;    /* letters in each line but the last; 0: it is one line */
    struct span line_break;
};

static bool is_space(uint8_t octet) {
    return octet == ' ' || octet == '\t' || octet == '\r' || octet == '\n';
}

static size_t letters_count(struct span text, size_t most) {
    size_t count = 0;
    while (count < text.len && count < most && !is_space(text.data[count]))
        count++;
    return count;
}

/* The octets of `text` that are these letters in the lines of the first one;
 * 0 when they are not so throughout. */
static size_t lines_match(struct span text, struct span letters,
                          struct image_text *found) {
    size_t line = letters_count(text, letters.len), at = line;
    while (at < text.len && line < letters.len && is_space(text.data[at]))
        at++;
    found->line = line < letters.len ? line : 0;
    found->line_break = span_of(text.data + line, at - line);
    at = 0;
    for (size_t done = 0; done < letters.len; done += line) {
        struct span gap = done ? found->line_break : (struct span){0};
        size_t now = letters.len - done < line ? letters.len - done : line;
        if (line == 0 || text.len - at < gap.len + now ||
            !span_equal(span_of(text.data + at, gap.len), gap) ||
            memcmp(text.data + at + gap.len, letters.data + done, now) != 0)
            return 0;
        at += gap.len + now;
    }
    return at;
}

/* It may stand in a comment before it stands in its element: what is left out
 * is put back where it was. */
static struct image_text image_find(const struct rq *rq) {
    enum { ENOUGH = 16 }; /* letters, in one line */
    struct image_text found = {0};
    struct buffer letters = {0};
    base64_add(&letters, rq->duis.image);
    const uint8_t *at =
        letters.len < ENOUGH
            ? NULL
            : memmem(rq->body.data, rq->body.len, letters.data, ENOUGH);
    if (at) {
        found.at = (size_t)(at - rq->body.data);
        found.len = lines_match(span_of(at, rq->body.len - found.at),
                                buffer_span(&letters), &found);
    }
    buffer_free(&letters);
    return found;
}

static struct span body_without(const struct rq *rq,
                                const struct image_text *image) {
    size_t rest = rq->body.len - image->at - image->len;
    uint8_t *octets = arena_alloc(rq->arena, image->at + rest + 1);
    memcpy(octets, rq->body.data, image->at);
    memcpy(octets + image->at, rq->body.data + image->at + image->len, rest);
    return span_of(octets, image->at + rest);
}

/* ---- what is recorded ---- */

/* What record_requests() gets of each. */
struct record {
    int64_t request_no;
    eui64 party;
    const char *code, *detail;
    struct span content, request, image_id, line_break, answer;
    int32_t octets, image_at, line_length; /* -1: none */
    instant at;
};

static const struct db_column record_columns[] = {
    DB_COLUMN(INT8, struct record, request_no),
    DB_COLUMN(EUI64, struct record, party),
    DB_COLUMN(TEXT, struct record, code),
    DB_COLUMN(TEXT, struct record, detail),
    DB_COLUMN(BYTEA, struct record, content),
    DB_COLUMN(INT4, struct record, octets),
    DB_COLUMN(BYTEA, struct record, request),
    DB_COLUMN(INT4, struct record, image_at),
    DB_COLUMN(BYTEA, struct record, image_id),
    DB_COLUMN(INT4, struct record, line_length),
    DB_COLUMN(BYTEA, struct record, line_break),
    DB_COLUMN(BYTEA, struct record, answer),
    DB_COLUMN(INSTANT, struct record, at),
};

static enum outcome records_write(struct db *db, struct arena *arena,
                                  const struct record *records, size_t count) {
    static const struct db_statement record = {
        "record_requests",
        "select record_requests($1, $2, $3::text[], $4::text[], $5, $6, $7,"
        " $8, $9, $10, $11, $12, $13)"};
    struct db_params params = DB_PARAMS(arena);
    db_arrays(&params, DB_COLUMNS(record_columns), records, count,
              sizeof *records);
    return db_run(db, &record, &params, arena, NULL);
}

/* Not proven: the RequestID of what is not authentic is what it claims. */
static const char *detail_of(const struct rq *rq, const char *more) {
    char client[EUI64_TEXT_SIZE] = "-";
    if (rq->client)
        eui64_format(rq->client, client);
    return arena_printf(
        rq->arena, "%s %s %s, from %s, TLS client %s, RequestID %s%s%s%s%s",
        rq->service, *rq_variant(rq) ? rq_variant(rq) : "-",
        condition_name(rq->condition), rq->peer ? rq->peer : "-", client,
        rq->duis.request_id ? rq->duis.request_id : "-", *more ? ", " : "",
        more, *rq->detail ? ": " : "", rq->detail);
}

static struct record record_of(const struct rq *rq) {
    return (struct record){
        .request_no = rq->request_no,
        .party = rq->duis.originator,
        .code = rq_code(rq, rq->condition),
        .content = arena_copy(rq->arena, span_of(rq->content, OTA_HASH_LEN)),
        .octets = (int32_t)rq->body.len,
        .image_at = -1,
        .line_length = -1,
        .at = rq->received};
}

static void record_add_body(struct record *record, const struct rq *rq) {
    struct image_text image = {0};
    if (rq->duis.image.len)
        image = image_find(rq);
    record->request = rq->body;
    record->answer = rq->answer;
    if (!image.len)
        return;
    uint8_t *id = arena_alloc(rq->arena, OTA_HASH_LEN);
    ota_upgrade_image_hash(rq->duis.image, id);
    record->request = body_without(rq, &image);
    record->image_at = (int32_t)image.at;
    record->image_id = span_of(id, OTA_HASH_LEN);
    if (image.line) {
        record->line_length = (int32_t)image.line;
        record->line_break = image.line_break;
    }
}

static struct record record_whole(const struct rq *rq) {
    struct record record = record_of(rq);
    if (rq->repeated) {
        char content[2 * OTA_HASH_LEN + 1];
        hex_format_lower(span_of(rq->content, OTA_HASH_LEN), content);
        record.detail = detail_of(
            rq, arena_printf(rq->arena, "the same again, content %s", content));
        return record;
    }
    record.detail = detail_of(
        rq, rq->image_unsigned && rq->condition != CONDITION_image_signature
                ? arena_printf(rq->arena, "the image is not signed: %s",
                               rq->image_unsigned)
                : "");
    record_add_body(&record, rq);
    return record;
}

/* A RequestID that was used is recorded with its refusal. */
enum outcome request_record(const struct rq_batch *batch) {
    struct record *records =
        arena_zero(batch->arena, batch->count, sizeof *records);
    size_t count = 0;
    for (size_t i = 0; i < batch->count; i++)
        if (batch->rqs[i]->condition != CONDITION_request_id_used)
            records[count++] = record_whole(batch->rqs[i]);
    return count ? records_write(batch->db, batch->arena, records, count)
                 : DONE;
}

/* ---- what is not authentic ---- */

/* Anybody may send these, so little is kept of each and few of them: TOKENS at
 * once and one more every TOKEN_TIME; of the others the number and the sum. */
enum { MOST_KEPT = 2048, TOKENS = 500 };
static const instant TOKEN_TIME = 6 * SECOND, SUM_TIME = MINUTE;

static struct {
    pthread_mutex_t lock;
    instant tokens_until; /* TOKENS are left TOKENS * TOKEN_TIME after it */
    struct record_sum sum;
    instant summed; /* when the latest sum was taken; by clock_elapsed() */
} unknown = {.lock = PTHREAD_MUTEX_INITIALIZER, .tokens_until = INT64_MIN};

static bool token_take(void) {
    instant now = clock_elapsed(), full = now - TOKENS * TOKEN_TIME;
    if (unknown.tokens_until < full)
        unknown.tokens_until = full;
    bool has = unknown.tokens_until + TOKEN_TIME <= now;
    if (has)
        unknown.tokens_until += TOKEN_TIME;
    return has;
}

static void sum_add(struct record_sum *sum, const struct rq *rq) {
    if (!sum->count)
        sum->first = rq->received;
    sum->count++;
    sum->octets += rq->body.len;
    sum->last = rq->received;
    snprintf(sum->peer, sizeof sum->peer, "%s", rq->peer ? rq->peer : "-");
}

/* The beginning of the request. Who sent it is not proven, so nobody is the
 * party of the entry. */
static struct record record_begun(const struct rq *rq, const char *more) {
    struct record record = record_of(rq);
    uint8_t *content = arena_alloc(rq->arena, OTA_HASH_LEN);
    SHA256(rq->body.data, rq->body.len, content);
    record.content = span_of(content, OTA_HASH_LEN);
    record.party = 0;
    record.detail = detail_of(rq, more);
    record.request = rq->body;
    if (record.request.len > MOST_KEPT)
        record.request.len = MOST_KEPT;
    record.answer = rq->answer;
    return record;
}

/* The database may be away: that is no reason to answer such a request
 * otherwise. */
static enum outcome unknown_record(const struct rq *rq) {
    pthread_mutex_lock(&unknown.lock);
    bool kept = token_take();
    if (!kept)
        sum_add(&unknown.sum, rq);
    pthread_mutex_unlock(&unknown.lock);
    if (!kept)
        return DONE;
    struct record record = record_begun(rq, "not authentic");
    if (records_write(rq->db, rq->arena, &record, 1) == DONE)
        return DONE;
    pthread_mutex_lock(&unknown.lock);
    sum_add(&unknown.sum, rq);
    pthread_mutex_unlock(&unknown.lock);
    return DONE;
}

static bool is_unknown(const struct rq *rq) {
    return rq->condition == CONDITION_not_well_formed ||
           rq->condition == CONDITION_not_valid ||
           rq->condition == CONDITION_not_authentic;
}

enum outcome request_record_refusal(struct rq *rq) {
    if (is_unknown(rq))
        return unknown_record(rq);
    struct record record = record_whole(rq);
    return records_write(rq->db, rq->arena, &record, 1);
}

static bool sum_take(bool at_once, struct record_sum *sum) {
    instant now = clock_elapsed();
    pthread_mutex_lock(&unknown.lock);
    *sum = unknown.sum;
    bool due = sum->count && (at_once || now - unknown.summed >= SUM_TIME);
    if (due) {
        unknown.sum = (struct record_sum){0};
        unknown.summed = now;
    }
    pthread_mutex_unlock(&unknown.lock);
    return due;
}

static void sum_give_back(const struct record_sum *sum) {
    pthread_mutex_lock(&unknown.lock);
    unknown.sum.count += sum->count;
    unknown.sum.octets += sum->octets;
    unknown.sum.first = sum->first;
    if (!unknown.sum.last) {
        unknown.sum.last = sum->last;
        memcpy(unknown.sum.peer, sum->peer, sizeof sum->peer);
    }
    pthread_mutex_unlock(&unknown.lock);
}

/* `what` they were. */
static struct record record_of_sum(const struct record_sum *sum,
                                   const char *what, struct arena *arena) {
    char first[INSTANT_TEXT_SIZE];
    return (struct record){
        .code = "",
        .image_at = -1,
        .line_length = -1,
        .at = sum->last,
        .detail = arena_printf(
            arena,
            "%ju more that %s, of %ju octets, since %s; the last from %s",
            (uintmax_t)sum->count, what, (uintmax_t)sum->octets,
            instant_format(sum->first, first), sum->peer)};
}

static enum outcome unknown_sum_write(struct db *db, bool at_once) {
    struct record_sum sum;
    if (!sum_take(at_once, &sum))
        return DONE;
    struct arena *arena = arena_new();
    struct record record = record_of_sum(&sum, "were not authentic", arena);
    enum outcome outcome = records_write(db, arena, &record, 1);
    if (outcome != DONE)
        sum_give_back(&sum);
    arena_free(arena);
    return outcome;
}

/* ---- what failed ---- */

/* Our own fault, and often that the database is away, or that the time is not
 * known: the beginnings are kept here until it is back, of more than so many
 * the sum. */
enum { MOST_FAILED = 256 };

static struct {
    pthread_mutex_t lock, writing;
    struct arena
        *arena; /* of what the records point to; NULL: there are none */
    struct record records[MOST_FAILED];
    size_t count;
    struct record_sum sum;
} failed = {.lock = PTHREAD_MUTEX_INITIALIZER,
            .writing = PTHREAD_MUTEX_INITIALIZER};

static void failed_add(struct record record) {
    if (!failed.arena)
        failed.arena = arena_new();
    record.code = arena_text(failed.arena, span_text(record.code));
    record.detail = arena_text(failed.arena, span_text(record.detail));
    record.content = arena_copy(failed.arena, record.content);
    record.request = arena_copy(failed.arena, record.request);
    record.answer = arena_copy(failed.arena, record.answer);
    failed.records[failed.count++] = record;
}

void request_record_failure(const struct rq *rq) {
    struct record record = record_begun(rq, "");
    pthread_mutex_lock(&failed.lock);
    if (failed.count < MOST_FAILED)
        failed_add(record);
    else
        sum_add(&failed.sum, rq);
    pthread_mutex_unlock(&failed.lock);
}

/* The first `count` and what is summed up in `sum` are in the trail. */
static void failed_forget(size_t count, const struct record_sum *sum) {
    pthread_mutex_lock(&failed.lock);
    failed.count -= count;
    memmove(failed.records, failed.records + count,
            failed.count * sizeof *failed.records);
    if (!failed.count) {
        arena_free(failed.arena);
        failed.arena = NULL;
    }
    failed.sum.count -= sum->count;
    failed.sum.octets -= sum->octets;
    failed.sum.first = sum->last;
    pthread_mutex_unlock(&failed.lock);
}

/* What is written stays where it is meanwhile, and more may come behind it. */
static enum outcome failed_write(struct db *db) {
    struct arena *arena = arena_new();
    struct record *records =
        arena_zero(arena, MOST_FAILED + 1, sizeof *records);
    pthread_mutex_lock(&failed.lock);
    size_t count = failed.count, all = count;
    struct record_sum sum = failed.sum;
    memcpy(records, failed.records, count * sizeof *records);
    pthread_mutex_unlock(&failed.lock);
    if (sum.count)
        records[all++] = record_of_sum(&sum, "failed", arena);
    enum outcome outcome = all ? records_write(db, arena, records, all) : DONE;
    if (outcome == DONE && all)
        failed_forget(count, &sum);
    arena_free(arena);
    return outcome;
}

enum outcome request_record_kept(struct db *db, bool at_once) {
    enum outcome outcome = unknown_sum_write(db, at_once);
    if (outcome != DONE || pthread_mutex_trylock(&failed.writing) != 0)
        return outcome;
    outcome = failed_write(db);
    pthread_mutex_unlock(&failed.writing);
    return outcome;
}
