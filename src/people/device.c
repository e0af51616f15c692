/* One device: its status, and the Service Desk's reset (§4.11). */
#include "desk/device.h"
#include "desk/account.h"
#include "people/answer.h"
#include "people/handlers.h"
#include "people/input.h"

void people_device_status(struct call *call) {
    eui64 device;
    if (!path_device_id(call, &device))
        return;
    struct db_params params = DB_PARAMS(call->arena);
    device_question_add(
        &params, device,
        &(struct device_viewer){.supplier = call->person->supplier,
                                .may_reset =
                                    call->person->role == ACCOUNT_SERVICE_DESK},
        call->now, call->config->tracking_timeout);
    answer_screen(
        call, &device_question, &params,
        answer_sentence(call->arena, device_missing(call->arena, device)));
}

void people_reset_device(struct call *call) {
    struct desk desk = answer_desk(call);
    eui64 device;
    const char *reason, *request;
    char id[EUI64_TEXT_SIZE], time[INSTANT_TEXT_SIZE];
    if (!path_device_id(call, &device) || !body_reason(call, &reason) ||
        !answer_desk_done(call, &desk,
                          device_reset(&desk, device, reason, &request)))
        return;
    answer_json(call, 200,
                json_pack("{s:s, s:s, s:s, s:s}", "deviceId",
                          eui64_format(device, id), "requestId", request,
                          "status", "RESET_BY_DCC", "at",
                          instant_format(call->now, time)));
}
