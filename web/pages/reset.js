/* The Service Desk's reset: RESET_BY_DCC. */
import { devicePath, get, post } from "../api.js";
import { h } from "../dom.js";
import { id, orNone, timeFromNow } from "../format.js";
import { heading, inset, link, summary, tag, warning } from "../parts.js";
import { reasonForm } from "../reason.js";
import { at, go } from "../router.js";
import { status } from "../words.js";

const WORDS = { why: "Why is it reset?", noReason: "Enter why the device is " +
    "reset", sure: "I confirm that this device is to be reset",
notSure: "Confirm that the device is to be reset",
button: "Reset this device", kind: "button-warning" };

function resetForm(d) {
    const submit = async reason => {
        await post(`${devicePath(d.deviceId)}/reset`, { reason });
        await go(at("devices", d.deviceId), { news:
            `${d.deviceId} is reset. A new update may be sent to it.` });
    };
    return reasonForm(WORDS, submit, at("devices", d.deviceId));
}

async function page({ parameters, signal }) {
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

export const pages = [
    { path: "devices/:deviceId/reset", page, operation: "resetDevice" },
];
