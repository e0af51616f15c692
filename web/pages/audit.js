/* The Service Audit Trail: of a device, a request, a person, or of days. */
import { h } from "../dom.js";
import { id, now, orNone, plural, shortId, time } from "../format.js";
import { dayFields, listPage } from "../lists.js";
import { button, field, link, table } from "../parts.js";
import { at } from "../router.js";
import { trailCode, trailDetail } from "../trail.js";
import { trailKind } from "../words.js";

/* So many fit on two printed pages. */
const A_PAGE = "60";

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
    { head: "Detail", cell: trailDetail },
];

/* What the print says of itself. */
const printed = (answer, { query, me }) => h("p", { class: "print-only" },
    "Service Audit Trail",
    ["device", "request", "person"].filter(name => query.get(name)).map(
        name => `, ${name} ${query.get(name)}`),
    answer.from && [", from ", time(answer.from), " to ", time(answer.to)],
    `; ${plural(answer.items.length, "entry", "entries")}`,
    answer.next && " of more: all of them are in the CSV",
    "; printed ", time(now()), ` by ${me.name}.`);

const page = listPage({
    title: "Audit trail", path: "audit", limit: A_PAGE,
    intro: "What came in, what was answered and sent, what was heard, and who " +
        "did what; the oldest first. Without days: the last 30.",
    filters: ["device", "request", "person", "from", "to"],
    csv: "audit.csv",
    fields: value => [
        field({ ...value("device"), label: "Device ID", type: "search",
            spellcheck: "false", class: "input input-id" }),
        field({ ...value("request"), label: "RequestID",
            spellcheck: "false", class: "input input-id" }),
        field({ ...value("person"), label: "Person",
            hint: "An account, or fotactl:LOGIN.", spellcheck: "false" }),
        dayFields(value)],
    view: (answer, context) => [
        h("p", { class: "button-row" }, button("Print, on two pages", () =>
            print(), "button-second")),
        printed(answer, context),
        h("div", { class: "wide dense proof" }, table("Audit trail",
            columns(context), answer.items,
            { empty: "There is no such entry.", hideCaption: true }))],
});

export const pages = [{ path: "audit", page, operation: "listAudit",
    name: "Audit trail" }];
