/* What became of updates by model and version: which models fail. */
import { intervals, share, shareText } from "../charts.js";
import { h } from "../dom.js";
import { orNone, timeFromNow, timeText } from "../format.js";
import { choiceField, dayFields, listPage, userField } from "../lists.js";
import { field, section, select, table } from "../parts.js";
import { DEVICE_TYPES } from "../words.js";

const SHOWN = 20; /* bars */

const model = m => `${m.deviceType} ${m.manufacturerId === null ? "?"
    : `${m.manufacturerId} ${m.modelId} ${m.hardwareVersion}`}`;

const ofShare = i => ({ ...i, of: i.succeeded + i.failed });

const counts = [
    { head: "Devices", numeric: true, cell: o => o.devices },
    { head: "Succeeded", numeric: true, cell: o => o.succeeded },
    { head: "Failed", numeric: true, cell: o => o.failed },
    { head: "Under way", numeric: true, cell: o => o.inProgress },
    { head: "Share that failed", cell: o => o.share === null ? orNone(null)
        : shareText(ofShare(o)) },
    { head: "Shares", cell: share },
];

const MODELS = [
    { head: "Model", header: true, cell: model },
    { head: "Firmware version", cell: o => o.firmwareVersion },
    ...counts,
];

const PERIODS = [{ head: "Period", header: true, cell: p => p.period },
    ...counts];

const EMPTY = "Nothing was counted in that time.";

function view(report) {
    const told = report.items.filter(o => o.share !== null);
    return [
        h("p", null, `Requests from ${timeText(report.from)} to ` +
            `${timeText(report.to)}, by days of UTC.`, report.counted !== null &&
            [" Counted ", timeFromNow(report.counted), " or later."]),
        told.length > 0 && section("Which models fail",
            h("p", null, "Of the updates that have come to an end, those " +
                "that failed. The model of which it is surest comes first."),
            intervals("Share that failed, by model and firmware version",
                told.slice(0, SHOWN).map(o => ofShare({ ...o,
                    label: `${model(o)}, ${o.firmwareVersion}` })))),
        report.periods.some(p => p.share !== null) && section("Over time",
            intervals("Share that failed, over time",
                report.periods.map(p => ofShare({ ...p, label: p.period })))),
        section("By model and version", h("div", { class: "wide" },
            table("Outcomes by model and version", MODELS, report.items,
                { hideCaption: true, empty: EMPTY }))),
        report.periods.length > 0 && section("By period", h("div",
            { class: "wide" }, table("Outcomes by period", PERIODS,
                report.periods, { hideCaption: true }))),
    ];
}

const page = listPage({
    title: "Outcomes", path: "reports/outcomes", csv: "outcomes.csv",
    heading: "Outcome by model and version",
    filters: ["from", "to", "deviceType", "user", "version", "period"],
    fields: (value, { me }) => [dayFields(value),
        choiceField(value("deviceType"), "Device type",
            DEVICE_TYPES.filter(t => t !== "CHF").map(t => [t, t])),
        field({ ...value("version"), label: "Firmware version",
            hint: "8 hexadecimal digits.", spellcheck: "false" }),
        select({ ...value("period"), label: "Over time by", choices: [
            ["month", "Months"], ["week", "Weeks"], ["day", "Days"]] }),
        me.role !== "supplier" && userField(value("user"))],
    view,
});

export const pages = [{ path: "outcomes", page, operation: "reportOutcomes",
    name: "Outcomes" }];
