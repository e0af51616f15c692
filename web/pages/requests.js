/* Service Requests, the newest first. */
import { h } from "../dom.js";
import { id, number, orNone, time } from "../format.js";
import { choiceField, listPage, variantField, variantText }
    from "../lists.js";
import { field, link, table, tag } from "../parts.js";
import { at } from "../router.js";
import { requestState, REQUEST_STATE_CHOICES } from "../words.js";

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

const page = listPage({
    title: "Requests", path: "requests",
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
});

export const pages = [{ path: "requests", page, operation: "listRequests",
    name: "Requests" }];
