/* Good neighbours: how Users use the network that they share. */
import { intervals } from "../charts.js";
import { h } from "../dom.js";
import { number, percent, timeFromNow, timeText } from "../format.js";
import { dayFields, listPage, userField } from "../lists.js";
import { section, table, tag } from "../parts.js";
import { guardMode, guardRule } from "../words.js";

const name = n => n.userName ?? n.user;

const part = (value, of) => value === 0 ? 0
    : `${number(value)} (${percent(value, of)})`;

const USERS = [
    { head: "User", header: true, cell: name },
    { head: "Requests", numeric: true, cell: n => n.requests },
    { head: "For one device", numeric: true, cell: n =>
        part(n.singleRequests, n.requests) },
    { head: "Jobs", numeric: true, cell: n => n.jobs },
    { head: "Of one device", numeric: true, cell: n =>
        part(n.singleJobs, n.jobs) },
    { head: "Updates", numeric: true, cell: n => n.devices },
    { head: "Sent again within 5 days", numeric: true, cell: n =>
        part(n.again, n.devices) },
    { head: "Expired and sent again", numeric: true, cell: n =>
        part(n.expiredAgain, n.devices) },
    { head: "Discarded for a GSME", numeric: true, cell: n =>
        part(n.discarded, n.devices) },
    { head: "Guard: warned", numeric: true, cell: n => n.warned },
    { head: "Guard: refused", numeric: true, cell: n => n.refused },
];

const rules = items => [
    { head: "User", header: true, cell: r =>
        name(items.find(n => n.user === r.user) ?? r) },
    { head: "Rule", cell: r => guardRule(r.rule) },
    { head: "It", cell: r => tag(guardMode(r.mode)) },
    { head: "Devices", numeric: true, cell: r => r.devices },
];

function view(report) {
    const told = report.items.filter(n => n.share !== null);
    return [
        h("p", null, `Requests from ${timeText(report.from)} to ` +
            `${timeText(report.to)}, by days of UTC.`, report.counted !== null &&
            [" Counted ", timeFromNow(report.counted), " or later."]),
        told.length > 0 && section("Sent again too soon",
            h("p", null, "Updates to a device that a CSP was given the same " +
                "firmware version for in the 5 days before. A gap of at " +
                "least 5 days is asked of all."),
            intervals("Share sent again within 5 days, by User",
                told.map(n => ({ ...n, label: name(n), of: n.devices })))),
        section("By User", h("div", { class: "wide" },
            table("Neighbours", USERS, report.items, { hideCaption: true,
                empty: "Nothing was counted in that time." }))),
        report.rules.length > 0 && section("What the guard said",
            table("What the guard said, by User", rules(report.items),
                report.rules, { hideCaption: true })),
    ];
}

const page = listPage({
    title: "Good neighbours", path: "reports/neighbours",
    csv: "neighbours.csv", heading: "Good neighbours",
    filters: ["from", "to", "user"],
    fields: (value, { me }) => [dayFields(value),
        me.role !== "supplier" && userField(value("user"))],
    view,
});

export const pages = [{ path: "neighbours", page, operation:
    "reportNeighbours", name: "Neighbours" }];
