/* The Service Desk's reset: RESET_BY_DCC. */
import { devicePath, get, post } from "../api.js";
import { h } from "../dom.js";
import { id, orNone, timeFromNow } from "../format.js";
import { checkbox, form, heading, inset, link, submitButton, summary, tag,
    textarea, warning } from "../parts.js";
import { at, go } from "../router.js";
import { status } from "../words.js";

const MOST = 500;

function check({ reason, sure }) {
    return [
        !reason.trim() && ["reason", "Enter why the device is reset"],
        reason.trim().length > MOST && ["reason",
            `The reason may have at most ${MOST} characters`],
        !sure && ["sure", "Confirm that the device is to be reset"],
    ].filter(Boolean);
}

function resetForm(d) {
    const submit = async ({ reason }) => {
        await post(`${devicePath(d.deviceId)}/reset`,
            { reason: reason.trim() });
        await go(at("devices", d.deviceId), { news:
            `${d.deviceId} is reset. A new update may be sent to it.` });
    };
    return form({ check, submit },
        textarea({ name: "reason", label: "Why is it reset?",
            hint: "Kept in the Service Audit Trail with your name. At most " +
                `${MOST} characters.` }),
        checkbox({ name: "sure",
            label: "I confirm that this device is to be reset" }),
        h("div", { class: "button-row" },
            submitButton("Reset this device", "button-warning"),
            link(at("devices", d.deviceId), "Cancel")));
}

export default async function ({ parameters, signal }) {
    const d = await get(`${devicePath(parameters.deviceId)}/firmware-status`,
        null, signal);
    return { title: `Reset ${d.deviceId}`, content: [
        heading("Reset the update of a device", id(d.deviceId)),
        summary([
            ["Status", tag(status(d.status))],
            ["Request", id(d.requestId)],
            ["Sender", orNone(d.senderName ?? d.sender)],
            ["Firmware version", orNone(d.firmwareVersion)],
            ["Last updated", timeFromNow(d.lastUpdated)],
        ]),
        d.mayReset ? [
            warning("The device leaves the update at once and another one " +
                "may be sent. What the CSP and the Communications Hub have " +
                "in hand is not stopped by this."),
            resetForm(d),
        ] : inset(h("p", null, "No update of this device is in progress: " +
            "there is nothing to reset."),
        h("p", null, link(at("devices", d.deviceId), "Back to its status"))),
    ] };
}
