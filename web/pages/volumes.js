/* Volumes per User against the Anomaly Detection Thresholds. */
import { h } from "../dom.js";
import { duration, number, orNone, time, timeText } from "../format.js";
import { dayFields, listPage, userField, variantField, variantText }
    from "../lists.js";
import { section, table, tag } from "../parts.js";
import { volumeState } from "../words.js";

const level = value => value === null ? orNone(null) : number(value);

const thresholds = showSetter => [
    { head: "User", header: true, cell: t =>
        t.userId === null ? "All Users together" : t.userName ?? t.userId },
    { head: "Service", cell: t => variantText(t.serviceReferenceVariant) },
    { head: "Period", cell: t => duration(t.periodSeconds) },
    { head: "Volume now", numeric: true, cell: t => t.volume },
    { head: "Warning", numeric: true, cell: t => level(t.warning) },
    { head: "Quarantine", numeric: true, cell: t => level(t.quarantine) },
    { head: "State", cell: t => tag(volumeState(t.state)) },
    { head: "Last warned", cell: t => time(t.lastWarned) },
    showSetter && { head: "Set", cell: t =>
        [time(t.setAt), h("br"), orNone(t.setBy)] },
].filter(Boolean);

const DAYS = [
    { head: "Day", header: true, cell: v => v.day },
    { head: "User", cell: v => v.userName ?? v.userId },
    { head: "Service", cell: v => variantText(v.serviceReferenceVariant) },
    { head: "Requests", numeric: true, cell: v => v.requests },
    { head: "Devices", numeric: true, cell: v => v.devices },
    { head: "Held requests", numeric: true, cell: v => v.heldRequests },
    { head: "Devices in them", numeric: true, cell: v => v.heldDevices },
];

function view(report, { me, query }) {
    return [
        !query.get("after") && section("Thresholds", h("div",
            { class: "wide" },
            table("Thresholds", thresholds(me.role !== "supplier"),
                report.thresholds, { hideCaption: true,
                    empty: "No threshold is set." }))),
        section("By day", h("p", null, "What was let through and what was " +
            `held from ${timeText(report.from)} to ${timeText(report.to)}, ` +
            "by days of UTC. Only Users that a threshold watches are " +
            "counted."),
        h("div", { class: "wide" }, table("Volumes by day", DAYS,
            report.items, { hideCaption: true,
                empty: "Nothing was counted in that time." }))),
    ];
}

const page = listPage({
    title: "Volumes", path: "reports/volumes", csv: "volumes.csv",
    heading: "Volumes against thresholds", caption: () => "Anomaly detection",
    filters: ["from", "to", "user", "variant"],
    fields: (value, { me }) => [dayFields(value),
        variantField(value("variant")),
        me.role !== "supplier" && userField(value("user"))],
    view,
});

export const pages = [{ path: "volumes", page, operation: "reportVolumes",
    name: "Volumes" }];
