import { readDeviceId } from "../format.js";
import { field, form, heading, submitButton } from "../parts.js";
import { at, go } from "../router.js";

function check({ deviceId }) {
    return readDeviceId(deviceId) ? [] : [["deviceId",
        "Enter a Device ID: 16 hexadecimal digits, such as " +
        "00-DB-12-34-56-78-90-A0"]];
}

const submit = ({ deviceId }) => go(at("devices", readDeviceId(deviceId)));

export function deviceForm() {
    return form({ check, submit, class: "search", role: "search" },
        field({ name: "deviceId", label: "Device ID", autocomplete: "off",
            hint: "16 hexadecimal digits, with or without hyphens.",
            spellcheck: "false", class: "input input-id", maxlength: 40 }),
        submitButton("Show status"));
}

function page() {
    return { title: "Firmware Update Status", content: [
        heading("Firmware Update Status"),
        deviceForm(),
    ] };
}

export const pages = [{ path: "devices", page, operation: "deviceStatus",
    name: "Firmware Update Status" }];
