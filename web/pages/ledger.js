/* What a User was told against what it confirmed, CSPs' jobs the same, and
 * messages told again. */
import { post } from "../api.js";
import { h } from "../dom.js";
import { id, number, orNone, plural, time } from "../format.js";
import { dayFields, listPage, userField } from "../lists.js";
import { field, figure, inset, link, section, table, warning }
    from "../parts.js";
import { reasonForm } from "../reason.js";
import { at, go } from "../router.js";

const request = row => row.requestId === null ? orNone(null)
    : link(at("requests", row.requestId), id(row.requestId));

const SUMS = [
    { head: "Code", header: true, cell: s => s.code },
    { head: "Request", cell: request },
    { head: "Told", numeric: true, cell: s => number(s.told) },
    { head: "Confirmed", numeric: true, cell: s => number(s.confirmed) },
    { head: "Waiting", numeric: true, cell: s => number(s.waiting) },
    { head: "Given up", numeric: true, cell: s => number(s.givenUp) },
    { head: "Differences", numeric: true, cell: s => number(s.differences) },
];

const DIFFERENT = [
    { head: "Difference", header: true, cell: d => d.difference },
    { head: "ResponseID", cell: d => orNone(d.responseId) },
    { head: "Code", cell: d => orNone(d.code) },
    { head: "Request", cell: request },
    { head: "Device ID", cell: d => d.deviceId === null ? orNone(null)
        : link(at("devices", d.deviceId), id(d.deviceId)) },
    { head: "Told", cell: d => time(d.told) },
];

const differences = ledger => ledger.differences === 0
    ? inset(h("p", null, "All that was told is confirmed or is still being " +
        "told, and no number is missing."))
    : [warning(`There ${ledger.differences === 1 ? "is" : "are"} ` +
        `${plural(ledger.differences, "difference")}.`),
    h("div", { class: "wide" }, table("Differences", DIFFERENT,
        ledger.different, { hideCaption: true }))];

const WORDS = { why: "Why is it told again?",
    noReason: "Enter why it is told again",
    sure: "I confirm that the User is to get these messages again",
    notSure: "Confirm that they are to be told again",
    button: "Tell again", kind: "button-second" };

function replayForm(ledger, { may, path, query }) {
    const submit = async (reason, values) => {
        const { messages } = await post("ledger/replay", {
            userId: ledger.userId, number: Number(values.number), reason });
        await go(`${path}?${query}`, { news:
            `${plural(messages, "message")} will be told again now.` });
    };
    return may("replayMessages") && ledger.replayableFrom !== null &&
        section("Tell again", h("p", null, "What the User confirmed goes to " +
            "its address again, with the same ResponseIDs."),
        reasonForm(WORDS, submit, `${path}?${query}`,
            field({ name: "number", label: "From number", type: "number",
                min: "1", value: String(ledger.replayableFrom),
                hint: `What is before ${ledger.replayableFrom} is not kept.`,
                class: "input" })));
}

const view = (ledger, context) => [
    h("div", { class: "figures" },
        figure(number(ledger.told), "Told"),
        figure(number(ledger.confirmed), "Confirmed", ledger.lastNumber === null
            ? null : `the last has number ${ledger.lastNumber}`),
        figure(number(ledger.waiting), "Waiting"),
        figure(number(ledger.givenUp), "Given up")),
    differences(ledger),
    section("By code and request", h("div", { class: "wide" },
        table("Messages by code and request", SUMS, ledger.items,
            { hideCaption: true, empty: "Nothing was told in that time." }))),
    replayForm(ledger, context),
];

const page = listPage({
    title: "Ledger", path: "ledger", csv: "ledger.csv",
    caption: ({ query, me }) => query.get("user") ?? me.supplierName,
    intro: "What a User was told against what it confirmed.",
    filters: ["user", "from", "to"],
    needs: ({ query, me }) => me.role === "supplier" || query.get("user") ? null
        : "Say whose: the EUI-64 of a User.",
    fields: (value, { me }) => [
        me.role !== "supplier" && userField(value("user")), dayFields(value)],
    view,
});

/* ---- CSPs ---- */

const CSPS = [
    { head: "CSP", header: true, cell: c => c.csp },
    { head: "Jobs taken", numeric: true, cell: c => number(c.taken) },
    { head: "Reported", numeric: true, cell: c => number(c.reported) },
    { head: "Silent", numeric: true, cell: c => number(c.silent) },
    { head: "Waiting", numeric: true, cell: c => number(c.waiting) },
    { head: "Overdue", numeric: true, cell: c => number(c.overdue) },
    { head: "Devices", numeric: true, cell: c => number(c.devices) },
    { head: "Rejected", numeric: true, cell: c => number(c.rejected) },
    { head: "Delivered", numeric: true, cell: c => number(c.delivered) },
    { head: "Failed", numeric: true, cell: c => number(c.failed) },
    { head: "Unheard of", numeric: true, cell: c => number(c.unheard) },
];

const csps = listPage({
    title: "Ledger of the CSPs", path: "ledger/csps",
    intro: "The jobs that CSPs took against what they reported, as far as " +
        "jobs are kept. None is to be overdue.",
    filters: ["from", "to"], fields: dayFields,
    view: ({ items }) => h("div", { class: "wide" }, table("Jobs by CSP", CSPS,
        items, { hideCaption: true, empty: "No CSP took a job in that time." })),
});

export const pages = [
    { path: "ledger", page, operation: "showLedger", name: "Ledger" },
    { path: "ledger/csps", page: csps, operation: "showCspLedger",
        name: "Ledger of the CSPs" },
];
