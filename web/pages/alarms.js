/* Alarms that stand and stood; the rules that raise them, and setting one. */
import { get, put } from "../api.js";
import { h } from "../dom.js";
import { id, number, orNone, plural, shortId, time }
    from "../format.js";
import { choiceField, listPage } from "../lists.js";
import { dataAge, field, heading, inset, link, section, select, summary, table,
    tag } from "../parts.js";
import { reasonForm } from "../reason.js";
import { at, go } from "../router.js";
import { ALARM_STATE_CHOICES, alarmState } from "../words.js";

/* ---- alarms ---- */

const narrowed = (path, name, value) =>
    `${at(path)}?${name}=${encodeURIComponent(value)}`;

const requestLink = (a, words) =>
    link(at("requests", a.requestId), words ?? shortId(a.requestId));

/* Where what an alarm is about is looked at. */
const PLACES = {
    device_failures: a => [link(at("devices", a.deviceId), id(a.deviceId)),
        h("br"), link(narrowed("audit", "device", a.deviceId), "its history"),
        a.requestId !== null && [", ", requestLink(a, "the last request")]],
    csp_silent: a => [link(at("csps"), a.csp), h("br"),
        link(narrowed("stuck", "csp", a.csp), "its stuck devices")],
    breaker: a => [link(`${at("steering")}?state=active`, a.about), h("br"),
        a.requestId !== null && requestLink(a, "its request")],
    quarantine: a => [requestLink(a), h("br"),
        link(`${at("quarantine")}?state=held`, "held requests")],
    undelivered: a => link(narrowed("undelivered", "user", a.user),
        a.userName ?? id(a.user)),
    overdue_forecast: a => [requestLink(a), h("br"),
        link(at("stuck"), "stuck devices")],
};

const COLUMNS = [
    { head: "What", header: true, cell: a => a.title },
    { head: "About", cell: a => PLACES[a.rule]?.(a) ?? a.about },
    { head: "State", cell: a => tag(alarmState(a.until === null)) },
    { head: "Since", cell: a => time(a.since) },
    { head: "Until", cell: a => a.until === null ? orNone(null)
        : time(a.until) },
    { head: "Count", numeric: true, cell: a => number(a.count) },
    { head: "Why", cell: a => a.why },
    { head: "What to do", cell: a => a.until === null ? a.advice
        : orNone(null) },
];

const list = rules => listPage({
    title: "Alarms", path: "alarms", csv: "alarms.csv",
    intro: "What a person should look at, the newest first: each from when a " +
        "rule began to speak of it until it did so no more.",
    filters: ["rule", "state"],
    fields: value => [
        choiceField(value("rule"), "Rule",
            rules.map(r => [r.rule, r.title])),
        choiceField(value("state"), "State", ALARM_STATE_CHOICES)],
    view: ({ items }, { may }) => [
        h("div", { class: "wide" }, table("Alarms", COLUMNS, items,
            { empty: "There is no such alarm.", hideCaption: true })),
        may("listAlarmRules") && h("p", null, link(at("alarm-rules"),
            "The rules that raise alarms"))],
});

async function page(context) {
    const { items } = await get("alarm-rules", null, context.signal);
    return list(items)(context);
}

/* ---- their rules ---- */

/* 1,440 minutes are a day. */
function span(minutes) {
    const [unit, size] = [["day", 1440], ["hour", 60], ["minute", 1]]
        .find(([, most]) => minutes % most === 0);
    return plural(minutes / size, unit);
}

const level = r => r.threshold === null ? orNone(null)
    : r.unit === "minutes" ? span(r.threshold)
        : plural(r.threshold, "failure");

const ON = { true: ["On", "green"], false: ["Off", "grey"] };

const ruleColumns = may => [
    { head: "Rule", header: true, cell: r => may("setAlarmRule")
        ? link(at("alarm-rules", r.rule), r.title) : r.title },
    { head: "Stands", cell: r => tag(ON[r.on]) },
    { head: "Threshold", cell: level },
    { head: "Alarms now", numeric: true, cell: r => may("listAlarms")
        ? link(`${at("alarms")}?rule=${r.rule}&state=standing`,
            number(r.standing)) : number(r.standing) },
    { head: "When there is one", cell: r => r.meaning },
    { head: "Set", cell: r => r.made === null ? orNone(null)
        : [time(r.made), h("br"), r.person] },
];

async function rulesPage({ may, signal }) {
    const rules = await get("alarm-rules", null, signal);
    return { title: "Alarm rules", content: [
        heading("Alarm rules", "Rules that raise alarms"),
        dataAge(rules.dataAge),
        h("p", { class: "intro" }, "They are looked at in the background, every " +
            "minute or every 10 minutes. The alarms of a rule that is off end."),
        h("div", { class: "wide" }, table("Rules of alarms",
            ruleColumns(may), rules.items, { hideCaption: true })),
    ] };
}

const check = ({ threshold }) => {
    if (threshold && !/^[1-9][0-9]{0,5}$/.test(threshold))
        throw new Error("The threshold must be a number from 1 on");
};

function setForm(r) {
    const submit = async (why, values) => {
        check(values);
        await put(`alarm-rules/${r.rule}`, { on: values.on === "yes",
            reason: why, ...(values.threshold &&
                { threshold: Number(values.threshold) }) });
        await go(at("alarm-rules"), { news: `${r.title}: the rule is ` +
            `${values.on === "yes" ? "on" : "off"}.` });
    };
    return reasonForm({ why: "Why?", noReason: "Enter why",
        sure: "I confirm that the rule is to stand so",
        notSure: "Confirm that it is to stand so", button: "Set the rule",
        kind: "" }, submit, at("alarm-rules"),
    select({ name: "on", label: "It is", value: r.on ? "yes" : "no",
        choices: [["yes", "On"], ["no", "Off"]] }),
    r.threshold !== null && field({ name: "threshold", inputmode: "numeric",
        label: `Threshold, in ${r.unit}`, value: String(r.threshold) }));
}

async function rulePage({ parameters, signal }) {
    const { items } = await get("alarm-rules", null, signal);
    const r = items.find(item => item.rule === parameters.alarmRule);
    if (!r)
        return { title: "Not found", content: [heading("Not found"),
            inset(h("p", null, "There is no such rule."))] };
    return { title: `Alarm rule: ${r.title}`, content: [
        heading(r.title, "Alarm rule"),
        summary([["There is an alarm when", r.meaning],
            ["What to do then", r.advice], ["It is", tag(ON[r.on])],
            ["Threshold", level(r)]]),
        section("Set it", setForm(r)),
    ] };
}

export const pages = [
    { path: "alarms", page, operation: "listAlarms", name: "Alarms" },
    { path: "alarm-rules", page: rulesPage, operation: "listAlarmRules",
        name: "Alarm rules" },
    { path: "alarm-rules/:alarmRule", page: rulePage, operation: "setAlarmRule" },
];
