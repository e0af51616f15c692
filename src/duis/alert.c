/* The elements of sr:DCCAlert that fotad sends, in the schema's order. */
#include "duis/write.h"

static void distribution_failure(struct buffer *out,
                                 const struct duis_dcc_alert *alert) {
    write_text(out, "UpdateFirmwareRequestID", alert->request_id);
    write_devices(out, "MeterIDs", alert->devices);
}

static void ppmid_alert(struct buffer *out,
                        const struct duis_dcc_alert *alert) {
    write_eui64(out, "DeviceID", alert->device_id);
    write_alert_code(out, "DeviceAlertCode", alert->device_alert_code);
    if (alert->time.given)
        write_time(out, "Timestamp", alert->time.when);
    write_start(out, "PPMIDFirmwareUpgradeAlert");
    write_version(out, "FirmwareVersion", alert->firmware_version);
    write_text(out, "ActivateImageResultCode",
               alert->success ? "ActivationSuccess" : "ActivationFailure");
    write_end(out, "PPMIDFirmwareUpgradeAlert");
}

static void quarantined_request(struct buffer *out,
                                const struct duis_dcc_alert *alert) {
    static const char *const BREACHES[] = {
        [DUIS_USER_THRESHOLD_BREACH] = "ADUserThresholdBreach",
        [DUIS_DCC_THRESHOLD_BREACH] = "ADDCCThresholdBreach",
        [DUIS_ATTRIBUTE_LIMITS_BREACH] = "ADAttributeLimitsBreach",
    };
    write_start(out, BREACHES[alert->breach]);
    write_text(out, "RequestID", alert->request_id);
    write_number(out, "QuarantineEventRef", alert->quarantine_event_ref);
    write_end(out, BREACHES[alert->breach]);
}

static void version_mismatch(struct buffer *out,
                             const struct duis_dcc_alert *alert) {
    write_eui64(out, "DeviceID", alert->device_id);
    write_text(out, "DeviceType", alert->device_type);
    write_version(out, "FirmwareVersionSMI", alert->firmware_version_smi);
    write_version(out, "FirmwareVersionDevice", alert->firmware_version);
}

static void upgrade_requested(struct buffer *out,
                              const struct duis_dcc_alert *alert) {
    write_text(out, "DeviceType", alert->device_type);
    write_version(out, "FirmwareVersion", alert->firmware_version);
    write_devices(out, "DeviceList", alert->devices);
}

static void delivery_status(struct buffer *out,
                            const struct duis_dcc_alert *alert) {
    write_text(out, "UpdateFirmwareRequestID", alert->request_id);
    write_eui64(out, "CommsHubDeviceID", alert->comms_hub_id);
    write_eui64(out, "TargetDeviceID", alert->device_id);
    write_version(out, "FirmwareVersion", alert->firmware_version);
    write_time(out, "TimeStamp", alert->time.when);
    write_text(out, "CommsHubTransferStatus",
               alert->success ? "Success" : "Failure");
}

static void comms_hub_alert(struct buffer *out,
                            const struct duis_dcc_alert *alert) {
    static const char *const RESPONSES[] = {
        [DUIS_FILE_TRANSFER_SUCCESS] = "FileTransferSuccess",
        [DUIS_FIRMWARE_IMAGE_DISCARDED] = "FirmwareImageDiscarded",
        [DUIS_HARDWARE_VERSION_MISMATCH] = "HardwareVersionMismatch",
        [DUIS_FILE_TRANSFER_FAILURE] = "FileTransferFailure",
    };
    write_eui64(out, "CommsHubDeviceID", alert->comms_hub_id);
    write_alert_code(out, "AlertCode", alert->device_alert_code);
    if (alert->time.given)
        write_time(out, "TimeStamp", alert->time.when);
    write_start(out, "FirmwareTransferAlert");
    if (alert->request_id)
        write_text(out, "UpdateFirmwareRequestID", alert->request_id);
    write_eui64(out, "OtherDeviceID", alert->device_id);
    write_version(out, "FirmwareVersion", alert->firmware_version);
    write_text(out, "TransferResponseCode",
               RESPONSES[alert->transfer_response]);
    write_end(out, "FirmwareTransferAlert");
}

static void duis_version_mismatch(struct buffer *out,
                                  const struct duis_dcc_alert *alert) {
    const char *what = alert->unsaid ? "DCCAlertVersionMismatch"
                                     : "ServiceResponseVersionMismatch";
    write_start(out, what);
    if (alert->unsaid) {
        write_text(out, "DCCAlertCode", alert->unsaid);
        if (alert->device_id)
            write_eui64(out, "DeviceID", alert->device_id);
        if (alert->request_id)
            write_text(out, "RequestID", alert->request_id);
    } else {
        write_text(out, "RequestID", alert->request_id);
        write_text(out, "ServiceReference", alert->service_reference);
        write_text(out, "ServiceReferenceVariant",
                   alert->service_reference_variant);
        write_text(out, "ServiceRequestDUISVersion", alert->request_version);
    }
    write_end(out, what);
    write_text(out, "ServiceUserDUISVersion", alert->user_version);
}

static const struct {
    const char *element;
    void (*write)(struct buffer *, const struct duis_dcc_alert *);
} KINDS[] = {
    [DUIS_FIRMWARE_DISTRIBUTION_FAILURE] = {"FirmwareDistributionFailure",
                                            distribution_failure},
    [DUIS_PPMID_ALERT] = {"PPMIDAlert", ppmid_alert},
    [DUIS_QUARANTINED_REQUEST] = {"QuarantinedRequest", quarantined_request},
    [DUIS_FIRMWARE_VERSION_MISMATCH] = {"FirmwareVersionMismatch",
                                        version_mismatch},
    [DUIS_FIRMWARE_UPGRADE_REQUESTED] = {"FirmwareUpgradeRequested",
                                         upgrade_requested},
    [DUIS_CSP_FIRMWARE_DELIVERY_STATUS] = {"CSPFirmwareDeliveryStatus",
                                           delivery_status},
    [DUIS_COMMS_HUB_ALERT] = {"CommsHubAlert", comms_hub_alert},
    [DUIS_VERSION_MISMATCH] = {"DUISVersionMismatch", duis_version_mismatch},
};

void write_dcc_alert(struct buffer *out, const struct duis_dcc_alert *alert) {
    write_start(out, "DCCAlertMessage");
    write_text(out, "DCCAlertCode", alert->code);
    write_start(out, "DCCAlert");
    write_start(out, KINDS[alert->kind].element);
    KINDS[alert->kind].write(out, alert);
    write_end(out, KINDS[alert->kind].element);
    write_end(out, "DCCAlert");
    write_end(out, "DCCAlertMessage");
}
