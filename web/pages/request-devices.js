/* The devices of a request. */
import { get, requestPath, url } from "../api.js";
import { h } from "../dom.js";
import { id, orNone, time } from "../format.js";
import { answerTo, dataAge, field, filterForm, heading, link, pager, select,
    table, tag } from "../parts.js";
import { at } from "../router.js";
import { reason, status, STATUS_CHOICES } from "../words.js";

const FILTERS = ["status", "reason", "csp"];

const COLUMNS = [
    { head: "Device ID", header: true, cell: d =>
        [link(at("devices", d.deviceId), id(d.deviceId)), " ", d.deviceType] },
    { head: "Status", cell: d => tag(status(d.status)) },
    { head: "Reason", cell: d => orNone(d.reasonCode &&
        reason(d.reasonCode)) },
    { head: "Last updated", cell: d => time(d.lastUpdated) },
    { head: "Release due", cell: d => time(d.inProgress ? d.releaseDue
        : null) },
    { head: "CSP and Communications Hub", cell: d =>
        [orNone(d.csp), h("br"), id(d.commsHubId)] },
];

function filters(context) {
    const value = name => ({ name, value: context.query.get(name) ?? "" });
    return filterForm(context,
        select({ ...value("status"), label: "Status",
            choices: [["", "Any"], ...STATUS_CHOICES] }),
        field({ ...value("reason"), label: "Reason",
            hint: "As the CSP gave it, such as IMAGE_INVALID." }),
        field({ ...value("csp"), label: "CSP" }));
}

export default async function (context) {
    const { parameters: { requestId }, query, signal } = context;
    const path = `${requestPath(requestId)}/devices`;
    const filter = Object.fromEntries(
        FILTERS.map(name => [name, query.get(name)]));
    const page = await answerTo(get(path,
        { ...filter, after: query.get("after") }, signal));
    const csv = url(path, { ...filter, format: "csv" });
    return { title: "Devices of a request", content: [
        heading("Devices", link(at("requests", requestId), id(requestId)),
            h("a", { href: csv, download: "devices.csv",
                class: "button button-second" }, "Download as CSV")),
        dataAge(page.dataAge),
        filters(context),
        page.problem ?? h("div", { class: "wide dense" }, table(
            "Devices of the request", COLUMNS, page.items,
            { empty: "No device is like that.",
                hideCaption: true })),
        pager(context, page.next),
    ] };
}
