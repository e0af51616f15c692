#include "duis/response.h"

#include "duis/tree.h"
#include "duis/write.h"

#include <stdlib.h>

/* In canonical form a namespace comes before the attributes. */
static const char DECLARATION[] =
    "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";
static const char ROOT_START[] =
    "<sr:Response xmlns:sr=\"" DUIS_NAMESPACE "\" schemaVersion=\"";

static void write_response_id(struct buffer *out,
                              const struct duis_response_id *id) {
    char first[EUI64_TEXT_SIZE], second[EUI64_TEXT_SIZE];
    write_start(out, "ResponseID");
    buffer_printf(out, "%s:%s:%llu", eui64_format(id->first, first),
                  eui64_format(id->second, second),
                  (unsigned long long)id->counter);
    write_end(out, "ResponseID");
}

static void write_header(struct buffer *out,
                         const struct duis_response *response) {
    write_start(out, "Header");
    if (response->request_id)
        write_text(out, "RequestID", response->request_id);
    if (response->response_id)
        write_response_id(out, response->response_id);
    write_text(out, "ResponseCode", response->response_code);
    write_time(out, "ResponseDateTime", response->response_date_time);
    write_end(out, "Header");
}

static void no_element(struct buffer *out,
                       const struct duis_response *response) {
    (void)out, (void)response;
}

const char *const duis_warning_lists[DUIS_WARNING_LISTS] = {
    [DUIS_INVALID_DEVICE_ID] = "InvalidDeviceIDList",
    [DUIS_NOT_COMMISSIONED] = "NotCommissionedDeviceIDList",
    [DUIS_NOT_APPLICABLE_FIRMWARE] = "NotApplicableFirmwareDeviceIDList",
    [DUIS_OTHER_REQUEST_IN_PROGRESS] = "OtherRequestInProgressList",
    [DUIS_INVALID_GBCS_VERSION] = "InvalidGBCSVersionList",
};

static void firmware_warning(struct buffer *out,
                             const struct duis_response *response) {
    bool ppmid = strcmp(response->service_reference_variant, "11.4") == 0;
    const char *element =
        ppmid ? "DSPUpdatePPMIDFirmwareWarning" : "DSPUpdateFirmwareWarning";
    write_start(out, element);
    for (size_t i = 0; i < DUIS_WARNING_LISTS; i++)
        write_devices(out, duis_warning_lists[i], response->warning[i]);
    write_end(out, element);
}

static void gbcs_payload(struct buffer *out,
                         const struct duis_response *response) {
    write_base64(out, "GBCSPayload", response->gbcs_payload);
}

static void pre_command(struct buffer *out,
                        const struct duis_response *response) {
    write_start(out, "PreCommand");
    write_text(out, "GBCSVersion", response->gbcs_version);
    gbcs_payload(out, response);
    write_end(out, "PreCommand");
}

static void local_command(struct buffer *out,
                          const struct duis_response *response) {
    write_start(out, "LocalCommand");
    gbcs_payload(out, response);
    write_end(out, "LocalCommand");
}

static void write_given(struct buffer *out, const char *name,
                        const char *text) {
    if (*text)
        write_text(out, name, text);
}

static void dsp_inventory(struct buffer *out,
                          const struct duis_response *response) {
    write_start(out, "DSPInventory");
    for (size_t i = 0; i < response->inventory_count; i++) {
        const struct duis_inventory_device *device = &response->inventory[i];
        write_start(out, "Device");
        write_eui64(out, "DeviceID", device->id);
        write_text(out, "DeviceType", device->type);
        write_given(out, "DeviceStatus", device->status);
        write_text(out, "DeviceManufacturer", device->manufacturer);
        write_text(out, "DeviceModel", device->model);
        write_given(out, "SMETSCHTSVersion", device->smets_version);
        write_given(out, "DeviceFirmwareVersion", device->firmware_version);
        write_given(out, "DeviceFirmwareVersionStatus",
                    device->firmware_version_status);
        write_given(out, "CSPRegion", device->csp_region);
        write_given(out, "DeviceGBCSVersion", device->gbcs_version);
        write_end(out, "Device");
    }
    write_end(out, "DSPInventory");
}

/* A command of ours has one instruction. */
static void future_dated_device_alert(struct buffer *out,
                                      const struct duis_response *response) {
    write_start(out, "FutureDatedDeviceAlertMessage");
    write_alert_code(out, "FutureDatedAlertCode", response->alert_code);
    gbcs_payload(out, response);
    write_number(out, "InstructionNumber", 1);
    write_number(out, "TotalCommandInstructions", 1);
    write_end(out, "FutureDatedDeviceAlertMessage");
}

static void device_alert(struct buffer *out,
                         const struct duis_response *response) {
    write_start(out, "DeviceAlertMessage");
    write_alert_code(out, "AlertCode", response->alert_code);
    gbcs_payload(out, response);
    write_end(out, "DeviceAlertMessage");
}

static void dcc_alert(struct buffer *out,
                      const struct duis_response *response) {
    write_dcc_alert(out, &response->dcc_alert);
}

static const struct {
    bool in_response_message;
    void (*write)(struct buffer *, const struct duis_response *);
} MESSAGES[] = {
    [DUIS_NO_ELEMENT] = {true, no_element},
    [DUIS_FIRMWARE_WARNING] = {true, firmware_warning},
    [DUIS_GBCS_PAYLOAD] = {true, gbcs_payload},
    [DUIS_PRE_COMMAND] = {true, pre_command},
    [DUIS_LOCAL_COMMAND] = {true, local_command},
    [DUIS_INVENTORY] = {true, dsp_inventory},
    [DUIS_FUTURE_DATED_DEVICE_ALERT] = {true, future_dated_device_alert},
    [DUIS_DEVICE_ALERT] = {false, device_alert},
    [DUIS_DCC_ALERT] = {false, dcc_alert},
};

static void write_body(struct buffer *out,
                       const struct duis_response *response) {
    bool wrapped = MESSAGES[response->message].in_response_message;
    write_start(out, "Body");
    if (wrapped) {
        write_start(out, "ResponseMessage");
        write_text(out, "ServiceReference", response->service_reference);
        write_text(out, "ServiceReferenceVariant",
                   response->service_reference_variant);
    }
    MESSAGES[response->message].write(out, response);
    if (wrapped)
        write_end(out, "ResponseMessage");
    write_end(out, "Body");
}

int duis_version_compare(const char *left, const char *right) {
    char *left_dot, *right_dot;
    unsigned long a = strtoul(left, &left_dot, 10),
                  b = strtoul(right, &right_dot, 10);
    if (a == b) {
        a = *left_dot == '.' ? strtoul(left_dot + 1, NULL, 10) : 0;
        b = *right_dot == '.' ? strtoul(right_dot + 1, NULL, 10) : 0;
    }
    return (a > b) - (a < b);
}

bool duis_response_compose(struct buffer *out, const struct duis_signer *signer,
                           const struct duis_response *response) {
    const size_t before = out->len;
    buffer_text(out, DECLARATION);
    const size_t start = out->len;
    buffer_text(out, ROOT_START);
    write_escaped(out, response->schema_version);
    buffer_text(out, "\">");
    write_header(out, response);
    write_body(out, response);
    if (duis_signer_sign(signer, out, start, "</sr:Response>"))
        return true;
    out->len = before;
    return false;
}
