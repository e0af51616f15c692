/* fotactl hold, release, stop, reset: orders about updates that are under way,
 * and steering approve and refuse, a second person's word on them. */
#include "desk/steering.h"

#include "fotactl/csv_reader.h"
#include "fotactl/verbs.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

/* ---- devices by a file ---- */

/* A record's first field is a Device ID; that of the first line may be a
 * heading. */
struct device_file {
    struct verb_run *run;
    eui64 *ids;
    size_t count;
};

static bool device_take(void *context, uint64_t line, const struct span *fields,
                        size_t count) {
    struct device_file *file = context;
    if (count && file->count < STEERING_MOST_DEVICES &&
        eui64_parse(fields[0], &file->ids[file->count])) {
        file->count++;
        return true;
    }
    if (line == 1)
        return true;
    if (file->count == STEERING_MOST_DEVICES)
        (void)run_refuse(file->run, "%s: more than %d devices",
                         file->run->options.devices, STEERING_MOST_DEVICES);
    else
        (void)run_refuse(file->run,
                         "%s, line %ju: not a Device ID, an EUI-64 such as "
                         "00-DB-12-34-56-78-90-A0",
                         file->run->options.devices, (uintmax_t)line);
    return false;
}

static enum outcome devices_read(struct verb_run *run,
                                 struct steering_order *order) {
    const char *name = run->options.devices, *reason;
    struct device_file file = {.run = run};
    file.ids = arena_alloc(run->arena, STEERING_MOST_DEVICES * sizeof(eui64));
    struct csv_reader reader = {.on_record = device_take, .context = &file};
    uint64_t line;
    int fd = open(name, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return run_refuse(run, "%s: %s", name, strerror(errno));
    bool read = csv_read(&reader, fd, &line, &reason);
    close(fd);
    if (!read)
        return run_refuse(run, "%s, line %ju: %s", name, (uintmax_t)line,
                          reason);
    if (run->problem)
        return REFUSED;
    if (!file.count)
        return run_refuse(run, "%s has no Device ID", name);
    order->devices = file.ids;
    order->device_count = file.count;
    return DONE;
}

/* ---- orders ---- */

static enum outcome order_read(struct verb_run *run,
                               struct steering_order *order) {
    const struct verb_options *options = &run->options;
    eui64 *ids = arena_alloc(run->arena, 2 * sizeof *ids);
    *order = (struct steering_order){
        .verb = run->words,
        .request = run->argument ? run->argument : options->request,
        .image = options->image,
        .model = options->model,
        .csp = options->csp,
        .reason = options->reason};
    if (!run_read_instant(run, "--until", options->until, &order->until))
        return REFUSED;
    if (options->user) {
        if (!run_read_eui64(run, options->user, &ids[0]))
            return REFUSED;
        order->user = &ids[0];
    }
    if (options->device && options->devices)
        return run_misuse(run, "either --device or --devices");
    if (options->device) {
        if (!run_read_eui64(run, options->device, &ids[1]))
            return REFUSED;
        order->devices = &ids[1];
        order->device_count = 1;
    }
    return options->devices ? devices_read(run, order) : DONE;
}

static enum outcome end_say(struct verb_run *run, const char *what,
                            const struct steering_end *end) {
    intmax_t number = end->number;
    if (run->options.json)
        run_print_json(run, json_pack("{s:s, s:s, s:I, s:I}", "id",
                                      arena_printf(run->arena, "%jd", number),
                                      "state", end->asked ? "asked" : what,
                                      "devices", (json_int_t)end->devices,
                                      "underWay", (json_int_t)end->under_way));
    else if (end->asked)
        buffer_printf(run->out,
                      "Order %jd waits for another person: fotactl steering "
                      "approve %jd --reason TEXT\n",
                      number, number);
    else
        buffer_printf(run->out,
                      "Order %jd is %s: %jd devices, %jd with a CSP.\n", number,
                      what, (intmax_t)end->devices, (intmax_t)end->under_way);
    return DONE;
}

enum outcome verb_steer(struct verb_run *run) {
    struct desk desk = run_desk(run);
    struct steering_order order;
    struct steering_end end;
    enum outcome outcome = order_read(run, &order);
    if (outcome != DONE)
        return outcome;
    outcome = steering_give(&desk, NULL, &order, &end);
    if (outcome != DONE)
        return run_desk_end(
            run, &desk, outcome,
            desk.fault == DESK_CONFLICT ? "see fotactl steering list" : NULL);
    return end_say(run, strcmp(order.verb, "hold") == 0 ? "active" : "done",
                   &end);
}

/* ---- a second person's word ---- */

static enum outcome order_decide(struct verb_run *run, bool approve) {
    struct desk desk = run_desk(run);
    struct steering_end end;
    enum outcome outcome = steering_decide(&desk, NULL, run->argument, approve,
                                           run->options.reason, &end);
    if (outcome != DONE)
        return run_desk_end(run, &desk, outcome, "see fotactl steering list");
    return end_say(run, approve ? "done" : "refused", &end);
}

enum outcome verb_steering_approve(struct verb_run *run) {
    return order_decide(run, true);
}

enum outcome verb_steering_refuse(struct verb_run *run) {
    return order_decide(run, false);
}

/* ---- plans ---- */

static enum outcome plan_say(struct verb_run *run, const struct desk *desk,
                             enum outcome outcome) {
    if (outcome != DONE)
        return run_desk_end(run, desk, outcome, NULL);
    if (run->options.json)
        run_print_json(run, json_pack("{s:s}", "plan", run->options.plan));
    else
        buffer_text(run->out, *run->options.plan
                                  ? "The plan is set.\n"
                                  : "There is no such plan any more.\n");
    return DONE;
}

static bool plan_is_given(struct verb_run *run) {
    if (!run->options.plan)
        (void)run_misuse(run, "say --plan TEXT; an empty one is none");
    return run->options.plan != NULL;
}

enum outcome verb_plan_set(struct verb_run *run) {
    struct desk desk = run_desk(run);
    if (!plan_is_given(run))
        return REFUSED;
    return plan_say(run, &desk,
                    plan_set_request(&desk, NULL, run->argument,
                                     run->options.plan, run->options.reason));
}

enum outcome verb_plan_default(struct verb_run *run) {
    struct desk desk = run_desk(run);
    eui64 user;
    if (!plan_is_given(run) ||
        (run->options.user && !run_read_eui64(run, run->options.user, &user)))
        return REFUSED;
    return plan_say(run, &desk,
                    plan_set_default(&desk, run->options.user ? &user : NULL,
                                     run->options.variant, run->options.model,
                                     run->options.plan, run->options.reason));
}
