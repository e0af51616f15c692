/* RSAT_004 with results: activations by User and device type. */
import { intervals } from "../charts.js";
import { h } from "../dom.js";
import { timeText } from "../format.js";
import { dayFields, listPage, userField } from "../lists.js";
import { section, table } from "../parts.js";

const name = r => r.userName ?? r.user;

const COLUMNS = [
    { head: "User", header: true, cell: name },
    { head: "Type", cell: r => r.deviceType },
    { head: "Sent", numeric: true, cell: r => r.sent },
    { head: "Executed", numeric: true, cell: r => r.executed },
    { head: "Failed", numeric: true, cell: r => r.failed },
    { head: "Not answered", numeric: true, cell: r => r.notAnswered },
    { head: "Cancelled", numeric: true, cell: r => r.cancelled },
    { head: "Under way", numeric: true, cell: r => r.underWay },
    { head: "Corrected later", numeric: true, cell: r => r.corrected },
    { head: "What devices said", cell: r => r.results || "Nothing" },
];

function view(report) {
    const told = report.items.filter(r => r.share !== null);
    return [
        h("p", null, `Activations (11.3) requested from ` +
            `${timeText(report.from)} to ${timeText(report.to)}. What a ` +
            "device says of itself counts, and what the record of its " +
            "update says, whenever it came."),
        told.length > 0 && section("Executed", intervals(
            "Share executed, of those that ended without being cancelled",
            told.map(r => ({ ...r, label: `${name(r)}, ${r.deviceType}`,
                of: r.executed + r.failed + r.notAnswered })), "activated")),
        section("By User and device type", h("div", { class: "wide" },
            table("Activations by User and device type", COLUMNS,
                report.items, { hideCaption: true,
                    empty: "No activation was requested in that time." }))),
    ];
}

const page = listPage({
    title: "Activation results", path: "reports/rsat-004/results",
    csv: "rsat-004-results.csv", heading: "Activations with their results",
    caption: () => "RSAT_004", filters: ["from", "to", "user"],
    fields: (value, { me }) => [dayFields(value),
        me.role !== "supplier" && userField(value("user"))],
    view,
});

export const pages = [{ path: "results", page, operation: "reportResults",
    name: "Activation results" }];
