/* Pages that are a list: a form that narrows it, and one page of it. */
import { get, url } from "./api.js";
import { h } from "./dom.js";
import { answerTo, dataAge, field, filterForm, heading, inset, pager, select }
    from "./parts.js";
import { VARIANTS } from "./words.js";

/* ---- what lists are narrowed by: value(name) is what is asked for ---- */

export const variantText = code =>
    VARIANTS[code] ? `${code} ${VARIANTS[code]}` : code;

export const choiceField = (own, label, choices) =>
    select({ ...own, label, choices: [["", "Any"], ...choices] });

export const variantField = own => choiceField(own, "Service",
    Object.keys(VARIANTS).map(code => [code, variantText(code)]));

export const userField = (own, label = "User") => field({ ...own, label,
    hint: "Its EUI-64.", spellcheck: "false", class: "input input-id" });

export const dayFields = value => [
    field({ ...value("from"), label: "From (UTC)", type: "date" }),
    field({ ...value("to"), label: "To, that day included (UTC)", type: "date" }),
];

/* ---- the page ---- */

const csvLink = (path, filter, name) => h("a", {
    href: url(path, { ...filter, format: "csv" }), download: name,
    class: "button button-second" }, "Download as CSV");

/*
 * title, path of the JSON (or a function of the context), heading and caption,
 * intro (a paragraph, or a function of the answer), filters (names of query parameters), fields(value,
 * context) of the form, view(answer, context), csv (the name of the file),
 * limit (how many, as text),
 * shown(query, context) once it is to be seen, needs(context): what has to be
 * asked for first, or null.
 */
export const listPage = list => async context => {
    const { query, signal } = context;
    const path = list.path instanceof Function ? list.path(context)
        : list.path;
    const filter = Object.fromEntries(
        list.filters.map(name => [name, query.get(name)]));
    const question = { ...filter, limit: list.limit,
        after: query.get("after") };
    const missing = list.needs?.(context) ?? null;
    const answer = missing === null
        ? await answerTo(get(path, question, signal))
        : { items: [], next: null, dataAge: 0,
            problem: inset(h("p", null, missing)) };
    const value = name => ({ name, value: query.get(name) ?? "" });
    const beside = list.csv && missing === null ? [csvLink(path, filter, list.csv)] : [];
    return { title: list.title, content: [
        heading(list.heading ?? list.title, list.caption?.(context),
            ...beside),
        list.intro && h("p", { class: "intro" }, list.intro instanceof Function
            ? list.intro(answer) : list.intro),
        dataAge(answer.dataAge),
        filterForm(context, list.fields(value, context)),
        answer.problem ?? list.view(answer, context),
        pager(context, answer.next),
    ], shown: () => list.shown?.(question, context) };
};
