/* What the codes mean. Rows: code, words, colour of the tag. */

/* Table 3 of the assessment; AWAITING_CSP, STORED_ON_DEVICE and
 * ACTIVATION_FAILED are ours. */
const STATUSES = {
    AWAITING_CSP: ["Waiting for the CSP", "grey",
        "The DSP has accepted the device. Its CSP has not answered yet."],
    APPROVED_FOR_DISTRIBUTION: ["Approved for distribution", "blue",
        "The CSP has checked the device and is sending the firmware to its " +
        "Communications Hub."],
    SUCCESSFUL_CH_TRANSFER: ["On the Communications Hub", "blue",
        "The Communications Hub has the firmware and is passing it on to the " +
        "device."],
    SUCCESSFUL_HAN_TRANSFER: ["Delivered to the device", "blue",
        "The device has the firmware. It has not been heard to use it yet."],
    REJECTED_BY_DSP: ["Rejected by the DSP", "red",
        "The device did not pass the DSP's checks; nothing was sent on."],
    REJECTED_BY_CSP: ["Rejected by the CSP", "red",
        "The CSP has not taken the device for distribution."],
    FAILED_CH_TRANSFER: ["Not delivered to the Communications Hub", "red",
        "The CSP could not deliver the firmware to the Communications Hub."],
    FAILED_HAN_TRANSFER: ["Not delivered to the device", "red",
        "The Communications Hub could not deliver the firmware to the device."],
    HAN_DISCARDED: ["Discarded by the Communications Hub", "red",
        "The Communications Hub has discarded the firmware."],
    HAN_REJECTED_HW_MISMATCH: ["Not for this hardware", "red",
        "The Communications Hub has rejected the firmware: it is not for the " +
        "hardware version of the device."],
    FIRMWARE_ACTIVATED: ["Firmware activated", "green",
        "The device runs the new firmware."],
    STORED_ON_DEVICE: ["Stored on the device, not running yet", "green",
        "The device has stored the firmware and still runs what it ran: the " +
        "first of two images. The next one may be sent."],
    ACTIVATION_FAILED: ["Activation failed", "red",
        "The device could not activate the firmware."],
    RESET_BY_DCC: ["Reset by the DCC", "purple",
        "The DCC Service Desk has reset the device: a new update may be sent."],
    STOPPED_BY_DCC: ["Stopped by the DCC", "purple",
        "The DCC has stopped the update before the CSP had it: a new one may " +
        "be sent."],
    STOPPED_BY_SENDER: ["Stopped by its sender", "purple",
        "The sender has stopped the update before the CSP had it: a new one " +
        "may be sent."],
};

const REQUEST_STATES = {
    unanswered: ["Being checked", "grey"],
    quarantined: ["Held: anomaly detection", "yellow"],
    refused: ["Refused", "red"],
    "in-progress": ["In progress", "blue"],
    held: ["Held", "yellow"],
    stopped: ["Stopped", "purple"],
    finished: ["Finished", "green"],
};

const JOB_STATES = {
    waiting: ["Waiting", "yellow"],
    handed_over: ["Handed over", "green"],
    refused: ["Refused", "red"],
    given_up: ["Given up", "red"],
    empty: ["No devices left", "grey"],
};

const ACTIVATION_STATES = {
    held: ["Held until its time", "grey"],
    waiting: ["Waiting to be sent", "grey"],
    sent: ["Sent", "blue"],
    answered: ["Answered", "green"],
    failed: ["Failed", "red"],
    no_answer: ["No answer", "red"],
    cancelled: ["Cancelled", "purple"],
    local: ["Returned to the User", "grey"],
};

/* What the device says of it (MMC). */
const ACTIVATION_RESULTS = {
    success: ["Success", "green"],
    noImageHeld: ["No image held", "red"],
    hashMismatch: ["Another image held", "red"],
    activationFailure: ["Activation failed", "red"],
};

/* Of a command that is under way. */
const COMMAND_STATES = {
    held: "it is held until its time",
    waiting: "it waits to be handed to the CSP",
    sent: "its response is waited for",
};

const MESSAGE_STATES = {
    waiting: ["Tried again", "yellow"],
    given_up: ["Given up", "red"],
};

const HOLD_STATES = {
    held: ["Held", "yellow"],
    released: ["Released", "green"],
    rejected: ["Rejected", "red"],
};

/* Orders about updates that are under way. */
const STEERING_VERBS = {
    hold: ["Hold", "yellow"],
    release: ["Release", "green"],
    stop: ["Stop", "purple"],
    reset: ["Reset", "purple"],
};

const STEERING_STATES = {
    asked: ["Waits for another person", "yellow"],
    active: ["In force", "yellow"],
    done: ["Done", "green"],
    refused: ["Refused", "red"],
};

const STEERING_CAUSES = {
    person: ["A person", "grey"],
    image_not_active: ["The image is not Active on the CPL any more", "red"],
    user_suspended: ["The User is suspended", "red"],
    failures: ["Too many of its devices failed", "red"],
};

/* Of a volume against its threshold. */
const VOLUME_STATES = {
    below: ["Below", "green"],
    warning: ["In excess of warning", "yellow"],
    full: ["More is held", "red"],
};

const THRESHOLDS = {
    user: "The sender's own",
    dcc: "DCC's, for all Users",
};

const TIMELINE_STATES = {
    done: ["Done", "green"],
    failed: ["Failed", "red"],
    stopped: ["Stopped here", "purple"],
    skipped: ["Not reported", "grey"],
    current: ["Waiting for this", "blue"],
    pending: ["Not reached", "grey"],
    stored: ["Stored, not running yet", "green"],
    outweighed: ["Said to have failed; a later message says otherwise", "grey"],
};

/* Who said what we know. */
const SPEAKERS = {
    dsp: "the DSP",
    csp: "the CSP",
    hub: "the Communications Hub",
    device: "the device",
    dcc: "the DCC Service Desk",
};

export const TIMELINE_STAGES = {
    request: "Request accepted by the DSP",
    job: "Handed to the CSP",
    csp: "Approved by the CSP",
    hub: "On the Communications Hub",
    han: "Delivered over the HAN",
    device: "Activated by the device",
};

/* Pieces of a request's progress bar, in its order. */
export const STAGES = {
    awaitingCsp: "Waiting for the CSP",
    approved: "Approved by the CSP",
    onHub: "On the Communications Hub",
    onHan: "Delivered to the device",
    activated: "Activated",
    failed: "Failed",
    reset: "Reset by the DCC",
    stopped: "Stopped",
    timedOut: "No news in time",
    refused: "Refused by the DSP",
};

const TRAIL_KINDS = {
    status: "Status changed",
    told: "Heard; status kept",
    notification: "CSP notification",
    reset: "Reset",
    released: "Tracking ended",
    request: "Request",
    job: "Job",
    report: "Validation report",
    alert: "Message written",
    "alert again": "Message told again",
    "alert device": "Device in a message",
    delivered: "Message confirmed",
    given_up: "Message given up",
    device_alert: "Device alert",
    device_response: "Device response",
    command: "Command",
    device_command: "Command to a device",
    steering: "Order",
    inventory: "Inventory changed",
    guard: "Rule of the guard",
    person: "Person",
    warning: "Threshold warned",
    quarantine: "Held request",
    mail: "E-mail",
    alarm: "Alarm",
};

const ALARM_STATES = {
    standing: ["Stands", "red"],
    ended: ["Ended", "grey"],
};

/* ---- stages in which a device is stuck ---- */

export const STUCK_STAGES = {
    turn: ["Not taken by the CSP", "yellow"],
    report: ["Not reported on", "yellow"],
    way: ["On the way to its hub", "yellow"],
    hub: ["At its hub", "yellow"],
    device: ["Not activated", "yellow"],
};

const EVENTS = {
    csp_refused: "The CSP rejects the device",
    csp_accepted: "The CSP approves the device",
    csp_never_answered: "The CSP never answers",
    csp_silent: "The CSP took the job and never reports",
    hub_failed: "Delivery to the Communications Hub fails",
    hub_delivered: "The Communications Hub gets the firmware",
    han_failed: "Delivery over the HAN fails",
    han_delivered: "The device gets the firmware",
    han_discarded: "The Communications Hub discards the firmware",
    han_mismatch: "The hardware version does not match",
    hub_corrected: "What the Communications Hub said was of another update",
    device_activated: "The device activates the firmware",
    device_failed: "The device cannot activate the firmware",
    device_stored: "The device stores the firmware and runs what it ran",
    version_seen: "The device reports the new version",
    command_failed: "The device says that it could not activate the firmware",
    reset: "The DCC Service Desk resets the device",
    stopped_by_dcc: "The DCC stops the update",
    stopped_by_sender: "The sender stops the update",
};

const RECIPIENTS = {
    sender: "the sender",
    "sender list": "the sender",
    "other suppliers list": "the other Responsible Suppliers",
    "all suppliers": "all Responsible Suppliers",
    nobody: "nobody",
};

const REASONS = {
    invalid: "Invalid device",
    not_commissioned: "Not commissioned",
    not_applicable: "Firmware not applicable",
    gbcs_version: "GBCS version of the Communications Hub too old",
    in_progress: "Another update in progress",
    IMAGE_INVALID: "Image not valid",
    DEVICE_NOT_IDENTIFIED: "Device not identified",
    DISTRIBUTION_EXPIRED: "Time for distribution is over",
    NEVER_ANSWERED: "The CSP never answered",
    CSP_SILENT: "The CSP took the job and never reported",
    IMAGE_GONE: "The firmware image was not in the database any more",
    STOPPED_BY_DCC: "Stopped by the DCC",
    STOPPED_BY_SENDER: "Stopped by its sender",
    OTHER: "Other reason",
};

/* Rules of the guard; a device that one refuses has it as its reason. */
const GUARD_RULES = {
    same_version: "Runs this version already",
    older_version: "Runs a later version",
    upgrade_path: "No upgrade path from the version it runs",
    sent_again: "Sent again too soon",
    hub_block: "Block of the hub's memory taken",
    single_device: "Many requests for one device",
};

const GUARD_MODES = {
    off: ["Off", "grey"],
    warn: ["Warns", "yellow"],
    refuse: ["Refuses", "red"],
};

/* Count of a request, and the reason that its devices have. */
export const REFUSED_LISTS = {
    invalid: "invalid",
    notCommissioned: "not_commissioned",
    notApplicable: "not_applicable",
    invalidGbcsVersion: "gbcs_version",
    otherRequestInProgress: "in_progress",
};

export const VARIANTS = {
    "8.2": "Read Inventory",
    "11.1": "Update Firmware",
    "11.2": "Read Firmware Version",
    "11.3": "Activate Firmware",
    "11.4": "Update PPMID Firmware",
};

export const ROLES = {
    supplier: "Supplier",
    service_desk: "DCC Service Desk",
    auditor: "Auditor",
    administrator: "Administrator",
};

export const DEVICE_TYPES = ["ESME", "GSME", "HCALCS", "PPMID", "CHF"];

const SIGNATURES = {
    good: ["Good", "green"],
    absent: ["Absent", "grey"],
    "not good": ["Not good", "red"],
};

/* [status, anything], in the order of Table 3. */
export const byStatus = entries => {
    const order = Object.keys(STATUSES);
    return entries.sort(([a], [b]) => order.indexOf(a) - order.indexOf(b));
};

/* A code without words is its own words. */
const row = (table, code) => table[code] ?? [code, "grey", code];
const word = (table, code) => table[code] ?? code;

export const status = code => row(STATUSES, code);
export const requestState = code => row(REQUEST_STATES, code);
export const jobState = code => row(JOB_STATES, code);
export const activationState = code => row(ACTIVATION_STATES, code);
export const activationResult = code =>
    ACTIVATION_RESULTS[code] ?? [code, "red"];
export const commandState = code => word(COMMAND_STATES, code);
export const messageState = code => row(MESSAGE_STATES, code);
export const holdState = code => row(HOLD_STATES, code);
export const steeringVerb = code => row(STEERING_VERBS, code);
export const steeringState = code => row(STEERING_STATES, code);
export const steeringCause = code => row(STEERING_CAUSES, code);
export const volumeState = code => row(VOLUME_STATES, code);
export const threshold = code => word(THRESHOLDS, code);
export const timelineState = code => row(TIMELINE_STATES, code);
export const speaker = code => word(SPEAKERS, code);
export const signature = code => row(SIGNATURES, code);
export const event = code => word(EVENTS, code);
export const recipients = code => word(RECIPIENTS, code);
export const reason = code => REASONS[code] ?? guardRule(code);
export const guardRule = code => word(GUARD_RULES, code);
export const guardMode = code => row(GUARD_MODES, code);
export const trailKind = code => word(TRAIL_KINDS, code);
export const alarmState = stands =>
    ALARM_STATES[stands ? "standing" : "ended"];

const choices = table =>
    Object.entries(table).map(([code, [text]]) => [code, text]);
export const ALARM_STATE_CHOICES = choices(ALARM_STATES);
export const GUARD_MODE_CHOICES = choices(GUARD_MODES);
export const STATUS_CHOICES = choices(STATUSES);
export const REQUEST_STATE_CHOICES = choices(REQUEST_STATES);
export const MESSAGE_STATE_CHOICES = choices(MESSAGE_STATES);
export const HOLD_STATE_CHOICES = choices(HOLD_STATES);
export const STEERING_STATE_CHOICES = choices(STEERING_STATES);
