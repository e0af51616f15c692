#include "device/post.h"

#include "base/backoff.h"
#include "base/base64.h"
#include "device/lease.h"

#include <stdlib.h>

struct http_client *command_client(const struct config_csp *csp,
                                   unsigned most) {
    return http_client_new(&(struct http_client_options){
        .total_timeout = csp->timeout,
        .connect_timeout = csp->timeout < 5 * SECOND ? csp->timeout : 0,
        .most_answer = 4096,
        .most_at_once = most,
        .most_per_host = most,
        .bearer = *csp->token ? csp->token : NULL,
        .certificate = csp->certificate,
        .key = csp->key,
        .ca = csp->ca,
        .crl = csp->crl});
}

/* ---- taking ---- */

static struct leased_command read_row(const struct db_rows *rows, size_t i) {
    return (struct leased_command){.no = db_get_int(rows, i, 0),
                                   .id = db_get_text(rows, i, 1),
                                   .chf = db_get_eui64(rows, i, 2),
                                   .device = db_get_eui64(rows, i, 3),
                                   .payload = db_get_span(rows, i, 4),
                                   .tries = (unsigned)db_get_int(rows, i, 5),
                                   .began = db_get_instant(rows, i, 6)};
}

enum outcome commands_lease(struct db *db, struct arena *arena,
                            const struct config_csp *csp, instant now,
                            instant until, unsigned most,
                            struct leased_command **commands, size_t *count) {
    static const struct db_statement lease = {
        "lease_commands",
        "select command_no, command_id, chf_id, device_id, payload, tries,"
        " began from lease_commands($1, $2, $3, $4)"};
    struct db_params params = DB_PARAMS(arena);
    db_text(&params, csp->name);
    db_instant(&params, now);
    db_instant(&params, until);
    db_int4(&params, (int32_t)most);
    struct db_rows *rows;
    *count = 0;
    enum outcome outcome = db_run(db, &lease, &params, arena, &rows);
    if (outcome != DONE)
        return outcome;
    *count = db_row_count(rows);
    *commands = arena_zero(arena, *count, sizeof **commands);
    for (size_t i = 0; i < *count; i++)
        (*commands)[i] = read_row(rows, i);
    return DONE;
}

/* ---- sending ---- */

static const char *url_of(const struct config_csp *csp, struct arena *arena) {
    size_t len = strlen(csp->base_url);
    while (len && csp->base_url[len - 1] == '/')
        len--;
    return arena_printf(arena, "%.*s/gbcs-commands", (int)len, csp->base_url);
}

static struct http_message message_of(const struct leased_command *command,
                                      const char *url, struct arena *arena) {
    char chf[EUI64_TEXT_SIZE], device[EUI64_TEXT_SIZE];
    struct buffer body = {0};
    buffer_printf(&body,
                  "{\"commandId\":\"%s\",\"commsHubId\":\"%s\","
                  "\"deviceId\":\"%s\",\"payload\":\"",
                  command->id, eui64_format(command->chf, chf),
                  eui64_format(command->device, device));
    base64_add(&body, command->payload);
    buffer_text(&body, "\"}");
    arena_adopt(arena, body.data, free);
    const char **headers = arena_zero(arena, 3, sizeof *headers);
    headers[0] = "Content-Type: application/json";
    headers[1] = arena_printf(arena, "Idempotency-Key: %s", command->id);
    return (struct http_message){.method = "POST",
                                 .url = url,
                                 .headers = headers,
                                 .body = buffer_span(&body)};
}

static struct retry_policy policy_of(const struct config *config,
                                     const struct config_csp *csp) {
    instant give_up = config->device_response_timeout;
    return (struct retry_policy){
        .immediate = 1,
        .first = csp->busy_retry,
        .most = command_longest_pause(csp),
        .give_up = csp->busy_give_up < give_up ? csp->busy_give_up : give_up};
}

/* The end of the tries is never later than their policy's. */
static instant next_try(const struct retry_policy *policy,
                        const struct leased_command *command,
                        instant retry_after, instant now) {
    instant end = command->began + policy->give_up;
    instant next = retry_at(policy, command->tries + 1, command->began, now);
    if (next == RETRY_NEVER || next == now || now + retry_after <= next)
        return next;
    return now + retry_after < end ? now + retry_after : end;
}

static void judge(struct leased_command *command,
                  const struct http_answer *answer,
                  const struct retry_policy *policy, struct arena *arena) {
    if (answer->status == 202) {
        command->end = COMMAND_SENT;
        return;
    }
    command->error =
        answer->status
            ? arena_printf(arena, "the CSP answered %u", answer->status)
            : arena_printf(arena, "no answer: %s", answer->error);
    command->end = COMMAND_FAILED;
    if (answer->status / 100 == 4)
        return;
    command->next_try =
        next_try(policy, command, answer->retry_after, clock_now());
    if (command->next_try != RETRY_NEVER)
        command->end = COMMAND_AGAIN;
}

void commands_post(struct http_client *client, struct arena *arena,
                   const struct config *config, const struct config_csp *csp,
                   struct leased_command *commands, size_t count) {
    const struct retry_policy policy = policy_of(config, csp);
    const char *url = url_of(csp, arena);
    struct http_message *messages = arena_zero(arena, count, sizeof *messages);
    struct http_answer *answers = arena_zero(arena, count, sizeof *answers);
    for (size_t i = 0; i < count; i++)
        messages[i] = message_of(&commands[i], url, arena);
    http_client_send_many(client, messages, answers, count);
    for (size_t i = 0; i < count; i++) {
        judge(&commands[i], &answers[i], &policy, arena);
        http_answer_free(&answers[i]);
    }
}

/* ---- writing ---- */

/* The commands of one end, as arrays. */
struct ended {
    int64_t *nos;
    instant *next_tries;
    const char **errors;
    size_t count;
};

struct settling {
    struct arena *arena;
    const struct config *config;
    instant now, lease;
    struct ended ended[COMMAND_ENDS];
};

static void sort(struct settling *settling,
                 const struct leased_command *commands, size_t count) {
    for (int i = 0; i < COMMAND_ENDS; i++)
        settling->ended[i] = (struct ended){
            .nos = arena_zero(settling->arena, count, sizeof(int64_t)),
            .next_tries = arena_zero(settling->arena, count, sizeof(instant)),
            .errors = arena_zero(settling->arena, count, sizeof(char *))};
    for (size_t i = 0; i < count; i++) {
        struct ended *ended = &settling->ended[commands[i].end];
        ended->nos[ended->count] = commands[i].no;
        ended->next_tries[ended->count] = commands[i].next_try;
        ended->errors[ended->count++] = commands[i].error;
    }
}

static enum outcome write_sent(struct db *db, const struct settling *s) {
    static const struct db_statement sent = {
        "commands_sent", "select commands_sent($1, $2, $3)"};
    const struct ended *ended = &s->ended[COMMAND_SENT];
    struct db_params params = DB_PARAMS(s->arena);
    db_int8s(&params, ended->nos, ended->count);
    db_instant(&params, s->now + s->config->device_response_timeout);
    db_instant(&params, s->now);
    return ended->count ? db_run(db, &sent, &params, s->arena, NULL) : DONE;
}

static enum outcome write_again(struct db *db, const struct settling *s) {
    static const struct db_statement again = {
        "commands_again", "select commands_again($1, $2, $3, $4)"};
    const struct ended *ended = &s->ended[COMMAND_AGAIN];
    struct db_params params = DB_PARAMS(s->arena);
    db_int8s(&params, ended->nos, ended->count);
    db_instants(&params, ended->next_tries, ended->count);
    db_texts(&params, ended->errors, ended->count);
    db_instant(&params, s->lease);
    return ended->count ? db_run(db, &again, &params, s->arena, NULL) : DONE;
}

static enum outcome write_failed(struct db *db, const struct settling *s) {
    static const struct db_statement failed = {
        "commands_failed",
        "select end_commands($1, 'waiting', 'failed', $2, $3)"};
    const struct ended *ended = &s->ended[COMMAND_FAILED];
    struct db_params params = DB_PARAMS(s->arena);
    db_int8s(&params, ended->nos, ended->count);
    db_texts(&params, ended->errors, ended->count);
    db_instant(&params, s->now);
    return ended->count ? db_run(db, &failed, &params, s->arena, NULL) : DONE;
}

static enum outcome write_all(struct db *db, void *context) {
    const struct settling *settling = context;
    enum outcome outcome = write_sent(db, settling);
    if (outcome == DONE)
        outcome = write_again(db, settling);
    return outcome == DONE ? write_failed(db, settling) : outcome;
}

enum outcome commands_settle(struct db *db, struct arena *arena,
                             const struct config *config,
                             const struct leased_command *commands,
                             size_t count, instant lease) {
    struct settling settling = {
        .arena = arena, .config = config, .now = clock_now(), .lease = lease};
    sort(&settling, commands, count);
    return db_transact(db, write_all, &settling, true);
}
