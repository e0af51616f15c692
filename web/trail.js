/* Entries of the Service Audit Trail in words. */
import { orNone } from "./format.js";
import { tagWithCode } from "./parts.js";
import { event, status } from "./words.js";

const STATUS_CODE = /^[A-Z]+(_[A-Z]+)+$/;

export function trailCode({ kind, code }) {
    return kind === "status" || STATUS_CODE.test(code ?? "")
        ? tagWithCode(status(code), code)
        : orNone(code && event(code));
}

/* A change of status names its event. */
export function trailDetail({ kind, detail }) {
    const named = kind === "status" || kind === "told";
    return orNone(named ? detail?.replace(/^\w+/, event) : detail);
}
