/* Service Requests, the newest first. */
import { get } from "../api.js";
import { h } from "../dom.js";
import { id, number, orNone, time } from "../format.js";
import { answerTo, dataAge, field, filterForm, heading, link, pager, select,
    table, tag } from "../parts.js";
import { at } from "../router.js";
import { requestState, REQUEST_STATE_CHOICES, VARIANTS } from "../words.js";

const FILTERS = ["search", "state", "variant", "user", "from", "to", "after"];

export const variantText = code =>
    VARIANTS[code] ? `${code} ${VARIANTS[code]}` : code;

const devicesText = ({ listed, accepted }) => listed === accepted
    ? number(listed)
    : `${number(accepted)} of ${number(listed)}`;

export function requestTable(caption, items, showSender, options) {
    return table(caption, [
        { head: "Request", header: true, cell: r =>
            link(at("requests", r.requestId), id(r.requestId)) },
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
    ].filter(Boolean), items, options);
}

function filters(context) {
    const { query, me } = context;
    const value = name => ({ name, value: query.get(name) ?? "" });
    return filterForm(context,
        field({ ...value("search"), label: "Search", type: "search",
            hint: "RequestID, its counter, Device ID or firmware version.",
            class: "input input-id" }),
        select({ ...value("state"), label: "State",
            choices: [["", "Any"], ...REQUEST_STATE_CHOICES] }),
        select({ ...value("variant"), label: "Service",
            choices: [["", "Any"], ...Object.keys(VARIANTS).map(
                code => [code, variantText(code)])] }),
        me.role !== "supplier" && field({ ...value("user"),
            label: "Sender", spellcheck: "false", class: "input input-id" }),
        field({ ...value("from"), label: "Received from", type: "date" }),
        field({ ...value("to"), label: "Received to", type: "date" }));
}

export default async function (context) {
    const { query, me, signal } = context;
    const page = await answerTo(get("requests", Object.fromEntries(
        FILTERS.map(name => [name, query.get(name)])), signal));
    return { title: "Requests", content: [
        heading("Requests"),
        dataAge(page.dataAge),
        filters(context),
        page.problem ?? h("div", { class: "wide" }, requestTable(
            "Requests, the newest first", page.items, me.role !== "supplier",
            { empty: "No request is like that.", hideCaption: true })),
        pager(context, page.next),
    ] };
}
