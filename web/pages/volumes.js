/* Volumes per User against the Anomaly Detection Thresholds. */
import { get, url } from "../api.js";
import { h } from "../dom.js";
import { duration, number, orNone, time, timeText } from "../format.js";
import { answerTo, dataAge, field, filterForm, heading, pager, section, select,
    table, tag } from "../parts.js";
import { VARIANTS, volumeState } from "../words.js";
import { variantText } from "./requests.js";

const FILTERS = ["from", "to", "user", "variant"];

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

function filters(context) {
    const value = name => ({ name, value: context.query.get(name) ?? "" });
    return filterForm(context,
        field({ ...value("from"), label: "From", type: "date" }),
        field({ ...value("to"), label: "To, that day included",
            type: "date" }),
        select({ ...value("variant"), label: "Service",
            choices: [["", "Any"], ...Object.keys(VARIANTS).map(
                code => [code, variantText(code)])] }),
        context.me.role !== "supplier" && field({ ...value("user"),
            label: "User", hint: "Its EUI-64.", spellcheck: "false",
            class: "input input-id" }));
}

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

export default async function (context) {
    const { query, signal } = context;
    const filter = Object.fromEntries(
        FILTERS.map(name => [name, query.get(name)]));
    const report = await answerTo(get("reports/volumes",
        { ...filter, after: query.get("after") }, signal));
    const csv = url("reports/volumes", { ...filter, format: "csv" });
    return { title: "Volumes", content: [
        heading("Volumes against thresholds", "Anomaly detection",
            h("a", { href: csv, download: "volumes.csv",
                class: "button button-second" }, "Download as CSV")),
        dataAge(report.dataAge),
        filters(context),
        report.problem ?? view(report, context),
        pager(context, report.next),
    ] };
}
