/* The devices of a request. */
import { requestPath } from "../api.js";
import { h } from "../dom.js";
import { id, number, orNone, plural, time } from "../format.js";
import { choiceField, listPage } from "../lists.js";
import { field, link, select, table, tag } from "../parts.js";
import { at } from "../router.js";
import { reason, status, STATUS_CHOICES } from "../words.js";

const OUTCOMES = [["inProgress", "Under way"], ["succeeded", "Succeeded"],
    ["failed", "Failed, for any reason"], ["reset", "Reset"],
    ["stopped", "Stopped"]];

const SORTS = [["", "Device ID"], ["-updated", "Last updated, newest first"],
    ["updated", "Last updated, oldest first"], ["status", "Status"],
    ["reason", "Reason"]];

const COLUMNS = [
    { head: "Device ID", header: true, cell: d =>
        [link(at("devices", d.deviceId), id(d.deviceId)), " ", d.deviceType] },
    { head: "Status", cell: d => [tag(status(d.status)),
        d.late && [" ", h("span", { class: "hint" }, "heard late")]] },
    { head: "Reason", cell: d => orNone(d.reasonCode &&
        reason(d.reasonCode)) },
    { head: "Last updated", cell: d => time(d.lastUpdated) },
    { head: "Release due", cell: d => time(d.inProgress ? d.releaseDue
        : null) },
    { head: "CSP and Communications Hub", cell: d =>
        [orNone(d.csp), h("br"), id(d.commsHubId)] },
];

const page = listPage({
    title: "Devices of a request", heading: "Devices", csv: "devices.csv",
    intro: ({ total, items }) => total === null ? null
        : `${plural(total, "device")}${total > items.length
            ? `, ${number(items.length)} of them on this page` : ""}.`,
    path: ({ parameters: { requestId } }) =>
        `${requestPath(requestId)}/devices`,
    caption: ({ parameters: { requestId } }) =>
        link(at("requests", requestId), id(requestId)),
    filters: ["device", "outcome", "status", "reason", "csp", "model",
        "sort"],
    fields: value => [
        field({ ...value("device"), label: "Device ID", type: "search",
            spellcheck: "false", class: "input input-id" }),
        choiceField(value("outcome"), "What came of it", OUTCOMES),
        choiceField(value("status"), "Status", STATUS_CHOICES),
        field({ ...value("reason"), label: "Reason",
            hint: "As the CSP gave it, such as IMAGE_INVALID." }),
        field({ ...value("csp"), label: "CSP" }),
        field({ ...value("model"), label: "Model", class: "input input-code",
            hint: "Manufacturer, model and hardware, such as 1301:0084:01." }),
        select({ ...value("sort"), label: "In the order of",
            choices: SORTS })],
    view: ({ items }) => h("div", { class: "wide dense" }, table(
        "Devices of the request", COLUMNS, items,
        { empty: "No device is like that.", hideCaption: true })),
});

export const pages = [{ path: "requests/:requestId/devices", page,
    operation: "listRequestDevices" }];
