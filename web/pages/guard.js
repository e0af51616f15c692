/* The guard: rules about what requests ask for, and setting one. */
import { get, put } from "../api.js";
import { h } from "../dom.js";
import { number, orNone, time } from "../format.js";
import { userField } from "../lists.js";
import { dataAge, field, heading, inset, link, section, select, summary, table,
    tag } from "../parts.js";
import { reasonForm } from "../reason.js";
import { at, go } from "../router.js";
import { guardMode, guardRule, GUARD_MODE_CHOICES, reason, REFUSED_LISTS }
    from "../words.js";

const level = g => g.level === null ? orNone(null)
    : `${number(g.level)} ${g.counts}`;

const columns = maySet => [
    { head: "Rule", header: true, cell: g => maySet
        ? link(at("guard", g.rule), guardRule(g.rule)) : guardRule(g.rule) },
    { head: "Of", cell: g => g.user === null ? "All Users"
        : g.userName ?? g.user },
    { head: "Stands", cell: g => tag(guardMode(g.mode)) },
    { head: "Level", cell: level },
    { head: "List of refused devices", cell: g => reason(g.list) },
    { head: "Set", cell: g => [time(g.made), g.person !== null && [h("br"),
        g.person]] },
];

const rules = (items, maySet) => h("div", { class: "wide" },
    table("Rules of the guard", columns(maySet), items,
        { hideCaption: true }));

async function page({ may, signal }) {
    const guard = await get("guard", null, signal);
    return { title: "Guard", content: [
        heading("Guard", "Rules about what requests ask for"),
        dataAge(guard.dataAge),
        h("p", null, "A rule that warns says so in a dry run, on the page " +
            "of the request and in the report of good neighbours; one that " +
            "refuses puts the device on a list of the answer. A User's own " +
            "stands before that of all Users."),
        rules(guard.items, may("setGuard")),
        section("What they say of a device", h("dl", { class: "summary" },
            guard.items.filter(g => g.user === null).map(g => h("div", null,
                h("dt", null, guardRule(g.rule)),
                h("dd", null, g.meaning))))),
    ] };
}

/* ---- one rule ---- */

const check = values => {
    if (values.level && !/^[1-9][0-9]{0,5}$/.test(values.level))
        throw new Error("The level must be a number from 1 on");
};

function setForm(rule, now) {
    const submit = async (why, values) => {
        check(values);
        await put(`guard/${rule}`, { mode: values.mode, reason: why,
            ...(values.user.trim() && { user: values.user.trim() }),
            ...(values.level && { level: Number(values.level) }),
            ...(values.list && { list: values.list }) });
        await go(at("guard"), { news: `${guardRule(rule)}: ` +
            `${guardMode(values.mode)[0].toLowerCase()}.` });
    };
    return reasonForm({ why: "Why?", noReason: "Enter why",
        sure: "I confirm that the rule is to stand so",
        notSure: "Confirm that it is to stand so", button: "Set the rule",
        kind: "" }, submit, at("guard"),
    select({ name: "mode", label: "It is", value: now.mode,
        choices: GUARD_MODE_CHOICES }),
    userField({ name: "user" }, "For one User (empty: for all that have " +
        "none of their own)"),
    now.level !== null && field({ name: "level", inputmode: "numeric",
        label: `Level, in ${now.counts}`, hint: `Empty: as installed.` }),
    select({ name: "list", label: "List of refused devices", choices: [
        ["", "As installed"], ...Object.values(REFUSED_LISTS).map(
            code => [code, reason(code)])] }));
}

async function rulePage({ parameters, signal }) {
    const { rule } = parameters;
    const guard = await get("guard", null, signal);
    const items = guard.items.filter(g => g.rule === rule);
    if (items.length === 0)
        return { title: "Not found", content: [heading("Not found"),
            inset(h("p", null, "There is no such rule."))] };
    return { title: `Guard: ${guardRule(rule)}`, content: [
        heading(guardRule(rule), "Guard"),
        summary([["It speaks of a device when", items[0].meaning]]),
        section("How it stands", rules(items, false)),
        section("Set it", setForm(rule, items[0])),
    ] };
}

export const pages = [
    { path: "guard", page, operation: "showGuard", name: "Guard" },
    { path: "guard/:rule", page: rulePage, operation: "setGuard" },
];
