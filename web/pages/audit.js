/* The Service Audit Trail: of a device, hub, request, User or person, or of days;
 * and what was known of it at a moment. */
import { h } from "../dom.js";
import { id, now, orNone, plural, shortId, time } from "../format.js";
import { dayFields, listPage, userField } from "../lists.js";
import { button, field, link, section, summary, table, tag } from "../parts.js";
import { at } from "../router.js";
import { trailCode, trailDetail, trailMessage } from "../trail.js";
import { status, trailKind } from "../words.js";

/* So many fit on two printed pages. */
const A_PAGE = "60";

/* What is asked for, in the words of the form. */
const SUBJECTS = { device: "device", hub: "hub", request: "request",
    user: "User", person: "person" };

/* What the list is narrowed to is not said of each. */
const about = (e, { may, query }) => [
    e.deviceId !== null && !query.get("device") && h("p", null, may("deviceStatus")
        ? link(at("devices", e.deviceId), id(e.deviceId)) : id(e.deviceId)),
    e.requestId !== null && !query.get("request") && h("p", null, "Request ", may("showRequest")
        ? link(at("requests", e.requestId), shortId(e.requestId))
        : shortId(e.requestId)),
];

const columns = context => [
    { head: "Time", header: true, cell: e => time(e.at) },
    { head: "What", cell: e => trailKind(e.kind) },
    { head: "Code", cell: trailCode },
    { head: "About", cell: e => about(e, context) },
    { head: "Who", cell: e => orNone(e.person ?? e.userName ?? e.userId
        ?? e.csp) },
    { head: "Detail", cell: e => [trailDetail(e), trailMessage(e)] },
];

/* Of the device that is asked for. */
const stateThen = ({ at: moment, state }, { query }) =>
    moment && query.get("device") && section("What its update was then",
        state === null
            ? h("p", null, "Nothing was known of an update of this device at ",
                time(moment), ".")
            : summary([
                ["At", time(state.at)],
                ["Status", tag(status(state.status))],
                ["Request", link(at("requests", state.requestId),
                    shortId(state.requestId))],
                ["Reason", orNone(state.reason)],
                ["Since", time(state.since)],
                state.released && ["Released", time(state.released)],
            ]));

/* What the print says of itself. */
const printed = (answer, { query, me }) => h("p", { class: "print-only" },
    "Service Audit Trail",
    Object.entries(SUBJECTS).filter(([name]) => query.get(name)).map(
        ([name, word]) => `, ${word} ${query.get(name)}`),
    answer.from && [", from ", time(answer.from)],
    answer.to && [", to ", time(answer.to)],
    answer.at && [", as known at ", time(answer.at)],
    `; ${plural(answer.items.length, "entry", "entries")}`,
    answer.next && " of more: all of them are in the CSV",
    "; printed ", time(now()), ` by ${me.name}.`);

const idField = (own, label) => field({ ...own, label, type: "search",
    spellcheck: "false", class: "input input-id" });

const page = listPage({
    title: "Audit trail", path: "audit", limit: A_PAGE,
    intro: "What came in, what was answered and sent, what was heard, and who " +
        "did what; the oldest first. Of a device, hub or request all of it; " +
        "else, without days, the last 30.",
    filters: [...Object.keys(SUBJECTS), "from", "to", "at"],
    csv: "audit.csv",
    fields: (value, { me }) => [
        idField(value("device"), "Device ID"),
        me.role !== "supplier" && idField(value("hub"),
            "Communications Hub ID"),
        idField(value("request"), "RequestID"),
        me.role !== "supplier" && userField(value("user")),
        me.role !== "supplier" && field({ ...value("person"), label: "Person",
            hint: "An account, or fotactl:LOGIN.", spellcheck: "false" }),
        dayFields(value),
        field({ ...value("at"), label: "As known at (UTC)",
            hint: "For example 2026-12-01T22:00:00Z. Of a device also what its " +
                "update was then.", spellcheck: "false" })],
    view: (answer, context) => [
        stateThen(answer, context),
        h("p", { class: "button-row" }, button("Print, on two pages", () =>
            print(), "button-second")),
        printed(answer, context),
        h("div", { class: "wide dense proof" }, table("Audit trail",
            columns(context), answer.items,
            { empty: "There is no such entry.", hideCaption: true }))],
});

export const pages = [{ path: "audit", page, operation: "listAudit",
    name: "Audit trail" }];
