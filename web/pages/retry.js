/* What of a request did not succeed: what may be sent again now, and why the
 * rest may not. */
import { url } from "../api.js";
import { h } from "../dom.js";
import { id, orNone, time, timeFromNow } from "../format.js";
import { listPage } from "../lists.js";
import { field, link, table, tag, tagWithCode } from "../parts.js";
import { at } from "../router.js";
import { reason, status } from "../words.js";

const COLUMNS = [
    { head: "Device", header: true, cell: d => [
        link(at("devices", d.deviceId), id(d.deviceId)), h("br"),
        orNone(d.deviceType)] },
    { head: "Status", cell: d => tagWithCode(status(d.status), d.status) },
    { head: "Reason", cell: d => orNone(d.reasonCode && reason(d.reasonCode)) },
    { head: "Last attempt", cell: d => time(d.lastAttempt) },
    { head: "Send it again", cell: d => tag(d.mayBeSent ? ["Now", "green"]
        : ["Not now", "yellow"]) },
    { head: "Why not", cell: d => orNone(d.why) },
    { head: "From", cell: d => d.mayFrom === null ? orNone(null)
        : timeFromNow(d.mayFrom) },
];

const apiPath = ({ parameters }) => `requests/${parameters.requestId}/retry`;

function requestLink({ query, parameters }, imageHeld) {
    const path = `requests/${parameters.requestId}/retry-request`;
    return h("p", null, imageHeld ? h("a", { class: "button",
        href: url(path, { reason: query.get("reason") }),
        download: "retry.xml" }, "Download the request, unsigned")
        : "The octets of its image are no longer held: only its sender has them.");
}

const page = listPage({
    title: "Retry the failed", path: apiPath, csv: "retry.csv",
    caption: ({ parameters }) => parameters.requestId,
    intro: "Devices of the request that did not succeed, by Device ID. Its " +
        "sender signs the request that sends again those that may be sent now.",
    filters: ["reason"],
    fields: value => [field({ ...value("reason"), label: "Status or reason",
        hint: "Such as FAILED_HAN_TRANSFER or IMAGE_INVALID.",
        spellcheck: "false" })],
    view: ({ items, imageHeld }, context) => [
        items.some(d => d.mayBeSent) && requestLink(context, imageHeld),
        h("div", { class: "wide" }, table("Devices that did not succeed",
            COLUMNS, items, { empty: "No such device has failed.",
                hideCaption: true }))],
});

export const pages = [{ path: "requests/:requestId/retry", page,
    operation: "listRetry" }];
