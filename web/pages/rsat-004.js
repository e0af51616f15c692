/* RSAT_004 Firmware Activations Service Request Report. */
import { h } from "../dom.js";
import { id, orNone, time, timeText } from "../format.js";
import { choiceField, dayFields, listPage } from "../lists.js";
import { link, section, table, tag } from "../parts.js";
import { at } from "../router.js";
import { activationResult, activationState, DEVICE_TYPES } from "../words.js";

const SUMMARY = [
    { head: "Day", header: true, cell: c => c.period },
    { head: "Type", cell: c => c.deviceType },
    { head: "Requested", numeric: true, cell: c => c.requested },
    { head: "Answered", numeric: true, cell: c => c.answered },
    { head: "Failed", numeric: true, cell: c => c.failed },
    { head: "Cancelled", numeric: true, cell: c => c.cancelled },
    { head: "Under way", numeric: true, cell: c => c.underWay },
    { head: "Future dated", numeric: true, cell: c => c.futureDated },
    { head: "Succeeded", numeric: true, cell: c => c.succeeded },
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
    { head: "Result", cell: a => a.result ? tag(activationResult(a.result))
        : orNone(null) },
];

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

const page = listPage({
    title: "RSAT_004", path: "reports/rsat-004", csv: "rsat-004.csv",
    heading: "Firmware Activations Service Request Report",
    caption: () => "RSAT_004",
    filters: ["from", "to", "deviceType"],
    fields: value => [dayFields(value), choiceField(value("deviceType"),
        "Device type", DEVICE_TYPES.map(t => [t, t]))],
    view,
});

export const pages = [{ path: "rsat-004", page, operation: "reportRsat004",
    name: "RSAT_004" }];
