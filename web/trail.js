/* Entries of the Service Audit Trail in words. */
import { h } from "./dom.js";
import { orNone } from "./format.js";
import { tagWithCode } from "./parts.js";
import { event, status } from "./words.js";

const STATUS_CODE = /^[A-Z]+(_[A-Z]+)+$/;

export function trailCode({ kind, code }) {
    return kind === "status" || STATUS_CODE.test(code ?? "")
        ? tagWithCode(status(code), code)
        : orNone(code && event(code));
}

/* Device alert codes are written as GBCS does. */
const alertCode = (_, code, result) => ` (device alert ${
    Number(code).toString(16).toUpperCase()}${result ? `, ${result}` : ""})`;

/* A change of status names its event. */
export function trailDetail({ kind, detail }) {
    const named = kind === "status" || kind === "told";
    return orNone(named ? detail?.replace(/^\w+/, event)
        .replace(/ (\d{5})(?: (result \d+))?/, alertCode) : detail);
}

const messageLine = ([name, value]) =>
    h("li", null, `${name}: ${Array.isArray(value) ? value.join(", ") : value}`);

/* What a message to a User, or of a device, says, while it is kept. */
export function trailMessage({ message }) {
    return message !== null && h("details", null,
        h("summary", null, "The message"),
        h("ul", { class: "message" }, Object.entries(message).map(messageLine)));
}
