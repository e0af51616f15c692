/* RSAT_004 Firmware Activations Service Request Report. */
import { get, url } from "../api.js";
import { h } from "../dom.js";
import { id, orNone, time, timeText } from "../format.js";
import { answerTo, dataAge, field, filterForm, heading, link, pager, section,
    select, table, tag } from "../parts.js";
import { at } from "../router.js";
import { activationState, DEVICE_TYPES } from "../words.js";

const FILTERS = ["from", "to", "deviceType"];

const SUMMARY = [
    { head: "Day", header: true, cell: c => c.period },
    { head: "Type", cell: c => c.deviceType },
    { head: "Requested", numeric: true, cell: c => c.requested },
    { head: "Answered", numeric: true, cell: c => c.answered },
    { head: "Failed", numeric: true, cell: c => c.failed },
    { head: "Cancelled", numeric: true, cell: c => c.cancelled },
    { head: "Under way", numeric: true, cell: c => c.underWay },
    { head: "Future dated", numeric: true, cell: c => c.futureDated },
];

const ITEMS = [
    { head: "Request", header: true, cell: a =>
        link(at("requests", a.requestId), id(a.requestId)) },
    { head: "Sender", cell: a => orNone(a.senderName ?? a.sender) },
    { head: "Device ID", cell: a => id(a.deviceId) },
    { head: "Type", cell: a => a.deviceType },
    { head: "Requested", cell: a => time(a.requested) },
    { head: "Execution time", cell: a => time(a.executionTime) },
    { head: "State", cell: a => tag(activationState(a.state)) },
    { head: "Ended", cell: a => time(a.ended) },
    { head: "Executed", cell: a => time(a.executed) },
];

function filters(context) {
    const value = name => ({ name, value: context.query.get(name) ?? "" });
    return filterForm(context,
        field({ ...value("from"), label: "From", type: "date" }),
        field({ ...value("to"), label: "To, that day included",
            type: "date" }),
        select({ ...value("deviceType"), label: "Device type",
            choices: [["", "Any"], ...DEVICE_TYPES.map(t => [t, t])] }));
}

function view(report) {
    return [
        h("p", null, `From ${timeText(report.from)} to ` +
            `${timeText(report.to)}.`),
        report.summary.length > 0 && section("By day and device type",
            table("Activations by day and device type", SUMMARY,
                report.summary, { hideCaption: true })),
        section("Requests", h("div", { class: "wide" },
            table("Activations", ITEMS, report.items, { hideCaption: true,
                empty: "No activation was requested in that time." }))),
    ];
}

export default async function (context) {
    const { query, signal } = context;
    const filter = Object.fromEntries(
        FILTERS.map(name => [name, query.get(name)]));
    const report = await answerTo(get("reports/rsat-004",
        { ...filter, after: query.get("after") }, signal));
    const csv = url("reports/rsat-004", { ...filter, format: "csv" });
    return { title: "RSAT_004", content: [
        heading("Firmware Activations Service Request Report", "RSAT_004",
            h("a", { href: csv, download: "rsat-004.csv",
                class: "button button-second" }, "Download as CSV")),
        dataAge(report.dataAge),
        filters(context),
        report.problem ?? view(report),
        pager(context, report.next),
    ] };
}
