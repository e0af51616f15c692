/* All that the audit trail has of a device, hub, request or User, and what a
 * device's update was at a moment. */
import { devicePath, get } from "../api.js";
import { h } from "../dom.js";
import { id, none, orNone, shortId, time } from "../format.js";
import { dayFields, listPage } from "../lists.js";
import { answerTo, field, heading, link, summary, table, tag }
    from "../parts.js";
import { at } from "../router.js";
import { trailCode, trailDetail } from "../trail.js";
import { status, trailKind } from "../words.js";

const COLUMNS = [
    { head: "Time", header: true, cell: e => time(e.at) },
    { head: "What", cell: e => trailKind(e.kind) },
    { head: "Code", cell: trailCode },
    { head: "Device ID", cell: e => e.deviceId === null ? none()
        : link(at("devices", e.deviceId), id(e.deviceId)) },
    { head: "Request", cell: e => e.requestId === null ? none()
        : link(at("requests", e.requestId), shortId(e.requestId)) },
    { head: "Who", cell: e => orNone(e.person ?? e.userId ?? e.csp) },
    { head: "Detail", cell: trailDetail },
    { head: "Message", cell: e => e.message === null ? none()
        : JSON.stringify(e.message) },
];

const idField = (own, label) => field({ ...own, label, type: "search",
    spellcheck: "false", class: "input input-id" });

const page = listPage({
    title: "History", path: "history", csv: "history.csv",
    intro: "Every request, status, message and action of a person in the " +
        "Service Audit Trail: of a device, a hub, a request or a User.",
    filters: ["device", "hub", "request", "user", "from", "to"],
    fields: (value, { me }) => [
        idField(value("device"), "Device ID"),
        me.role !== "supplier" && idField(value("hub"), "Communications Hub"),
        idField(value("request"), "RequestID"),
        idField(value("user"), "User"), dayFields(value)],
    view: ({ items }) => h("div", { class: "wide" }, table("History", COLUMNS,
        items, { empty: "The trail has nothing of it.", hideCaption: true })),
});

/* ---- a moment ---- */

async function statePage({ parameters, query, signal }) {
    const device = parameters.deviceId, moment = query.get("at");
    const answer = await answerTo(get(`${devicePath(device)}/state`,
        { at: moment }, signal));
    return { title: `State of ${device}`, content: [
        heading("State at a moment", id(device)),
        answer.problem ?? summary([
            ["At", time(answer.at)],
            ["Status", tag(status(answer.status))],
            ["Request", link(at("requests", answer.requestId),
                id(answer.requestId))],
            ["Reason", orNone(answer.reason)],
            ["Since", time(answer.since)],
            ["Released", time(answer.released)],
        ]),
        h("p", null, link(`${at("history")}?device=${device}`,
            "Its whole history"))] };
}

export const pages = [
    { path: "history", page, operation: "showHistory", name: "History" },
    { path: "devices/:deviceId/state", page: statePage,
        operation: "showState" },
];
