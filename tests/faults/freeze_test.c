/*
 * A fotad is frozen (SIGSTOP, as a hypervisor or a debugger stops it) at a
 * moment when it has something in hand, for longer than its lease, and then
 * goes on. What it had is another's by then: no device gets two firmwares, and
 * other Users do not wait for it.
 */
#include "support/campaign.h"
#include "support/check.h"
#include "support/scenario_files.h"

#include "base/crash.h"
#include "http/client.h"

#include <jansson.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

/* The first fotad alone, frozen the next time that it passes the point. */
static void arm(struct scenario *s, enum crash point) {
    scenario_end_one(s, 0, SIGKILL);
    scenario_end_one(s, 1, SIGKILL);
    scenario_launch(s, 0,
                    arena_printf(s->arena, "%s:1:stop", crash_name(point)));
    if (!scenario_wait_ready(s, 0))
        scenario_fail(s, "fotad ended");
}

static void wait_frozen(struct scenario *s) {
    int status = 0;
    for (struct scenario_wait wait = {0};
         waitpid(s->fotads[0].pid, &status, WUNTRACED | WNOHANG) <= 0;)
        if (!scenario_again(&wait))
            scenario_fail(s, "it is not frozen");
    assert_true(WIFSTOPPED(status));
}

static void start_other(struct scenario *s) {
    scenario_launch(s, 1, NULL);
    if (!scenario_wait_ready(s, 1))
        scenario_fail(s, "fotad ended");
    s->user_port = s->fotads[1].user_port;
}

/* ---- jobs ---- */

/* How many jobs with this device the CSP was given, each once. */
static size_t jobs_with(struct scenario *s, const char *device,
                        const char *version) {
    size_t count = 0;
    FILE *file = fopen(scenario_path(s, "north/jobs.jsonl"), "r");
    for (json_t *job;
         file && (job = json_loadf(file, JSON_DISABLE_EOF_CHECK, NULL));
         json_decref(job)) {
        size_t i;
        json_t *target;
        json_array_foreach(json_object_get(job, "targets"), i, target) {
            bool is =
                strcmp(json_string_value(json_object_get(target, "deviceId")),
                       scenario_id(s, device)) == 0;
            const char *of =
                json_string_value(json_object_get(job, "firmwareVersion"));
            count += is && strcmp(of, version) == 0;
        }
    }
    if (file)
        fclose(file);
    return count;
}

/* Where it is frozen with a job in hand that the CSP has not heard of. */
static const enum crash HOLDING[] = {
    CRASH_job_leased,
    CRASH_job_image_noted,
    CRASH_job_noted,
};

/* Meanwhile its device is reset, and another supplier's request handed over. */
static void no_device_gets_two_firmwares(void **state) {
    (void)state;
    enum { LONGER_THAN_FRESH = 11 };
    for (size_t i = 0; i < sizeof HOLDING / sizeof *HOLDING; i++) {
        struct scenario *s =
            scenario_open(&(struct scenario_wish){.fotads = 2});
        arm(s, HOLDING[i]);
        s->user_port = s->fotads[0].user_port;
        scenario_do(s, sends, "1 11.4 ppmid-a-0A000002 n1.ppmid I99");
        wait_frozen(s);
        start_other(s);
        scenario_do(s, reset, "n1.ppmid");
        test_clock_move(2 * MINUTE);
        scenario_do(s, sends, "2 11.4 ppmid-a-0A000003 n1.ppmid I99");
        for (struct scenario_wait wait = {0};
             jobs_with(s, "n1.ppmid", "0A000003") == 0;)
            assert_true(scenario_again(&wait));
        sleep(LONGER_THAN_FRESH);
        kill(s->fotads[0].pid, SIGCONT);
        assert_true(scenario_wait_ready(s, 0));
        sleep(2); /* whatever it does now it has done by then */
        if (jobs_with(s, "n1.ppmid", "0A000002"))
            scenario_fail(s, "%s: the old firmware went out, too",
                          crash_name(HOLDING[i]));
        assert_int_equal(jobs_with(s, "n1.ppmid", "0A000003"), 1);
        scenario_stop_fotad(s, SIGTERM);
        scenario_end(s);
    }
}

/* ---- others ---- */

enum { AGAIN = 4, OTHERS = 100 };

struct asker {
    struct campaign *campaign;
    struct span request;
};

static void *ask_again(void *context) {
    struct asker *asker = context;
    (void)scenario_post(asker->campaign->scenario, "serviceD", asker->request);
    return NULL;
}

static int by_time(const void *a, const void *b) {
    instant x = *(const instant *)a, y = *(const instant *)b;
    return (x > y) - (x < y);
}

/* It stands within a transaction that has taken a RequestID and a device; four
 * times the same request waits for it at the other one. */
static void others_do_not_wait_for_it(void **state) {
    (void)state;
    struct campaign *c =
        campaign_open((struct scenario_wish){.fotads = 2}, OTHERS + 2, 1);
    struct scenario *s = c->scenario;
    struct span request = scenario_update(s, 1, "ppmid-a-0A000003", s->bulk, 1);
    struct asker askers[AGAIN + 1];
    pthread_t threads[AGAIN + 1];
    arm(s, CRASH_request_worked);
    for (size_t i = 0; i <= AGAIN; i++) {
        if (i == 1)
            start_other(s);
        else
            s->user_port = s->fotads[i ? 1 : 0].user_port;
        askers[i] = (struct asker){campaign_apart(c), request};
        pthread_create(&threads[i], NULL, ask_again, &askers[i]);
        if (!i)
            wait_frozen(s);
    }
    c->sent = 1;
    instant took[OTHERS], begun = clock_elapsed();
    size_t count = 0;
    while (count < OTHERS) {
        instant start = clock_elapsed();
        size_t before = c->sent;
        campaign_send(c, false);
        took[count] = clock_elapsed() - start;
        count += c->sent > before;
        if (clock_elapsed() - begun > MINUTE)
            scenario_fail(s, "%zu of %d are answered", count, OTHERS);
    }
    /* the first few may have met what the server ends after 5 s */
    assert_true(took[0] < 10 * SECOND);
    qsort(took + 1, OTHERS - 1, sizeof *took, by_time);
    print_message("first %jd ms, then p99 %jd ms\n",
                  (intmax_t)(took[0] / MILLISECOND),
                  (intmax_t)(took[OTHERS - 2] / MILLISECOND));
    assert_true(took[OTHERS - 2] < 2 * SECOND);
    kill(s->fotads[0].pid, SIGCONT);
    for (size_t i = AGAIN + 1; i-- > 0;) {
        pthread_join(threads[i], NULL);
        if (!i)
            continue;
        http_client_free(askers[i].campaign->scenario->http);
    }
    campaign_close(c, "a fotad frozen within a transaction");
}

int main(void) {
    if (!campaign_own_database())
        return 1;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_device_gets_two_firmwares),
        cmocka_unit_test(others_do_not_wait_for_it),
    };
    return scenario_tests(tests, NULL, NULL);
}
