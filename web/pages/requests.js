/* Service Requests, the newest first. */
import { get } from "../api.js";
import { share } from "../charts.js";
import { h, replace } from "../dom.js";
import { fromNow, number, orNone, percent, shortId, time }
    from "../format.js";
import { choiceField, listPage, variantField, variantText }
    from "../lists.js";
import { field, link, table, tag } from "../parts.js";
import { at } from "../router.js";
import { requestState, REQUEST_STATE_CHOICES } from "../words.js";

const devicesText = ({ listed, accepted }) => listed === accepted
    ? number(listed)
    : `${number(accepted)} of ${number(listed)}`;

/* ---- how far each is: it takes longer, and comes after the list ---- */

const place = kind => r =>
    h("span", { "data-request": r.requestId, "data-brief": kind });

const failedShare = p => p.failed > 0
    ? percent(p.failed, p.failed + p.succeeded + p.inProgress) : "0%";

const BRIEFS = {
    bar: p => [share(p), h("span", { class: "hidden" },
        `${number(p.succeeded)} succeeded, ${number(p.inProgress)} under way, ` +
        `${number(p.failed)} failed`)],
    failed: failedShare,
    end: p => p.inProgress > 0 && p.p90 !== null
        ? fromNow(p.p90) : orNone(null),
};

/* Fills in what requestTable() left open: of the same question. */
export async function fillProgress(query, signal) {
    const { items } = await get("requests", { ...query, progress: "yes" },
        signal).catch(() => ({ items: [] }));
    const of = new Map(items.map(r => [r.requestId, r.progress]));
    for (const cell of document.querySelectorAll("[data-brief]")) {
        const progress = of.get(cell.dataset.request);
        if (progress && !signal.aborted)
            replace(cell, BRIEFS[cell.dataset.brief](progress));
    }
}

export function requestTable(caption, items, showSender, options) {
    return table(caption, [
        { head: "Request", header: true, cell: r =>
            link(at("requests", r.requestId), shortId(r.requestId)) },
        { head: "Received", cell: r => time(r.received) },
        showSender && { head: "Sender", cell: r =>
            orNone(r.senderName ?? r.sender) },
        { head: "Service", cell: r =>
            variantText(r.serviceReferenceVariant) },
        { head: "Firmware", cell: r => orNone(r.firmwareVersion) },
        { head: "Devices accepted", numeric: true, cell: r =>
            devicesText(r.devices) },
        { head: "Answer", cell: r => orNone(r.responseCode) },
        { head: "State", cell: r => tag(requestState(r.state)) },
        { head: "Progress", cell: place("bar") },
        { head: "Failed", numeric: true, cell: place("failed") },
        { head: "90% done", cell: place("end") },
    ].filter(Boolean), items, options);
}

const page = listPage({
    title: "Requests", path: "requests", csv: "requests.csv",
    filters: ["search", "state", "variant", "user", "from", "to"],
    fields: (value, { me }) => [
        field({ ...value("search"), label: "Search", type: "search",
            hint: "RequestID, its counter, Device ID or firmware version.",
            class: "input input-id" }),
        choiceField(value("state"), "State", REQUEST_STATE_CHOICES),
        variantField(value("variant")),
        me.role !== "supplier" && field({ ...value("user"),
            label: "Sender", spellcheck: "false", class: "input input-id" }),
        field({ ...value("from"), label: "Received from", type: "date" }),
        field({ ...value("to"), label: "Received to", type: "date" })],
    view: ({ items }, { me }) => h("div", { class: "wide" }, requestTable(
        "Requests, the newest first", items, me.role !== "supplier",
        { empty: "No request is like that.", hideCaption: true })),
    shown: (query, { signal }) => fillProgress(query, signal),
});

export const pages = [{ path: "requests", page, operation: "listRequests",
    name: "Requests" }];
