/* The pieces that pages are made of. */
import { h, svg } from "./dom.js";
import { duration, number } from "./format.js";
import { go } from "./router.js";

/* ---- words ---- */

let lastId = 0;
export const newId = name => `${name}-${++lastId}`;

export function heading(text, caption, ...beside) {
    return h("div", { class: "title" },
        h("div", null,
            caption && h("p", { class: "caption" }, caption),
            h("h1", { tabindex: "-1" }, text)),
        beside.length > 0 && h("div", { class: "actions" }, beside));
}

/* row: of words.js */
export const tag = ([text, colour]) =>
    h("strong", { class: `tag tag-${colour}` }, text);

/* A tag and the code it stands for. */
export const tagWithCode = (row, code) =>
    [tag(row), " ", h("span", { class: "code" }, code)];

export function link(href, ...content) {
    return h("a", { href }, content);
}

export function button(text, onclick, kind = "") {
    return h("button", { type: "button", class: `button ${kind}`, onclick },
        text);
}

export function linkButton(href, text, kind = "") {
    return h("a", { href, class: `button ${kind}`, role: "button" }, text);
}

/* rows: [name, value], left out when the row is null or false. */
export function summary(rows) {
    return h("dl", { class: "summary" }, rows.filter(Boolean).map(
        ([name, ...value]) =>
            h("div", null, h("dt", null, name), h("dd", null, value))));
}

export function section(title, ...content) {
    const id = newId("section");
    return h("section", { "aria-labelledby": id },
        h("h2", { id }, title), content);
}

/* A number that matters, and what it counts. */
export function figure(value, label, note) {
    return h("div", { class: "figure" },
        h("p", { class: "figure-value" }, value),
        h("p", { class: "figure-label" }, label),
        note && h("p", { class: "hint" }, note));
}

export const inset = (...content) => h("div", { class: "inset" }, content);

/* ---- news ---- */

export function success(...content) {
    return h("div", { class: "banner", role: "alert", tabindex: "-1" },
        h("p", { class: "banner-title" }, "Done"), h("p", null, content));
}

export function warning(...content) {
    return h("div", { class: "warning" },
        h("span", { class: "warning-mark", "aria-hidden": "true" }, "!"),
        h("p", null, h("span", { class: "hidden" }, "Warning "), content));
}

/* Screens may read a reporting database (§4.11). */
export function dataAge(seconds) {
    return seconds < 1 ? null : h("p", { class: "data-age" },
        `Read from the reporting database: at most ${duration(seconds)} old.`);
}

/* Said by screen readers when it changes. */
export function live() {
    return h("p", { class: "hidden", role: "status" });
}

/* ---- tables ---- */

/*
 * columns: { head, cell(item), numeric, header }. On a phone each row becomes a
 * card and each cell is named by its column.
 */
export function table(caption, columns, items, { hideCaption, empty } = {}) {
    if (items.length === 0)
        return h("p", { class: "empty" }, empty ?? "Nothing to show.");
    return h("table", { class: "table" },
        h("caption", { class: hideCaption && "hidden" }, caption),
        h("thead", null, h("tr", null, columns.map(c =>
            h("th", { scope: "col", class: c.numeric && "numeric" },
                c.head)))),
        h("tbody", null, items.map(item =>
            h("tr", null, columns.map(c => tableCell(c, item))))));
}

function tableCell(column, item) {
    const attributes = { class: column.numeric && "numeric",
        "data-head": column.head, scope: column.header && "row" };
    const value = column.cell(item);
    return h(column.header ? "th" : "td", attributes,
        h("span", { class: "cell" },
            typeof value === "number" ? number(value) : value));
}

/* Keyset paging: the way back is kept with the browser's history. */
export function pager(context, next) {
    const after = context.query.get("after") ?? "";
    const trail = history.state?.trail ?? [];
    const page = (to, newTrail, ...label) => {
        const query = new URLSearchParams(context.query);
        query.delete("after");
        if (to)
            query.set("after", to);
        const href = `${context.path}${query.size ? `?${query}` : ""}`;
        const follow = e => {
            e.preventDefault();
            go(href, { trail: newTrail });
        };
        return h("a", { href, onclick: follow }, label);
    };
    if (!after && !next)
        return null;
    return h("nav", { class: "pager", "aria-label": "Pages" },
        after && trail.length > 1 && page("", [], "First page"),
        after && page(trail.at(-1) ?? "", trail.slice(0, -1), "← Previous"),
        next && page(next, [...trail, after], "Next →"));
}

/* ---- forms ---- */

/* name, label, hint, type and what else an input takes */
export function field({ name, label, hint, control, error, ...attributes }) {
    const id = `field-${name}`;
    const described = [hint && `${id}-hint`, error && `${id}-error`]
        .filter(Boolean).join(" ") || null;
    const own = { id, name, "aria-describedby": described, class: "input",
        ...attributes };
    return h("div", { class: "field" },
        h("label", { for: id }, label),
        hint && h("p", { class: "hint", id: `${id}-hint` }, hint),
        control ? control(own) : h("input", own));
}

/* choices: [value, text] */
export function select({ choices, value, ...rest }) {
    return field({ ...rest, control: own => h("select", own, choices.map(
        ([code, text]) => h("option",
            { value: code, selected: code === (value ?? "") }, text))) });
}

export function textarea({ value, ...rest }) {
    return field({ ...rest,
        control: own => h("textarea", { rows: 4, ...own }, value) });
}

export function checkbox({ name, label, checked }) {
    const id = `field-${name}`;
    return h("div", { class: "field checkbox" },
        h("input", { type: "checkbox", id, name, value: "yes", checked }),
        h("label", { for: id }, label));
}

function clearErrors(form) {
    form.querySelectorAll(".error-summary, .error").forEach(e => e.remove());
    for (const field of form.querySelectorAll("[aria-invalid]")) {
        field.removeAttribute("aria-invalid");
        field.closest(".field").classList.remove("field-wrong");
    }
}

function markWrong(form, name, text) {
    const control = form.elements[name];
    const id = `${control.id}-error`;
    const described = control.getAttribute("aria-describedby");
    control.setAttribute("aria-invalid", "true");
    if (!described?.includes(id))
        control.setAttribute("aria-describedby",
            [described, id].filter(Boolean).join(" "));
    control.closest(".field").classList.add("field-wrong");
    (control.type === "checkbox" ? control.parentElement.firstChild : control)
        .before(h("p", { class: "error", id },
            h("span", { class: "hidden" }, "Error: "), text));
}

/* errors: [name of the field or null, text] */
export function showErrors(form, errors) {
    clearErrors(form);
    for (const [name, text] of errors)
        if (name)
            markWrong(form, name, text);
    const jump = name => e => {
        e.preventDefault();
        form.elements[name].focus();
    };
    const box = h("div", { class: "error-summary", tabindex: "-1",
        role: "alert" },
        h("h2", null, "There is a problem"),
        h("ul", null, errors.map(([name, text]) => h("li", null, name
            ? h("a", { href: `#field-${name}`, onclick: jump(name) }, text)
            : text))));
    form.prepend(box);
    box.focus();
}

/*
 * check(values): errors, none when all is well. submit(values): may throw what
 * the server found wrong.
 */
export function form({ check, submit, ...attributes }, ...content) {
    const onsubmit = async e => {
        e.preventDefault();
        const form = e.currentTarget;
        const values = Object.fromEntries(new FormData(form));
        const errors = check?.(values) ?? [];
        if (errors.length > 0)
            showErrors(form, errors);
        else
            await send(form, () => submit(values, form));
    };
    return h("form", { novalidate: true, onsubmit, ...attributes }, content);
}

async function send(form, submit) {
    const buttons = [...form.querySelectorAll("button")];
    buttons.forEach(b => b.setAttribute("aria-disabled", "true"));
    if (form.dataset.busy)
        return;
    form.dataset.busy = "yes";
    try {
        clearErrors(form);
        await submit();
    } catch (error) {
        showErrors(form, [[null, error.message]]);
    } finally {
        delete form.dataset.busy;
        buttons.forEach(b => b.removeAttribute("aria-disabled"));
    }
}

export const submitButton = (text, kind = "") =>
    h("button", { class: `button ${kind}` }, text);

/* The answer to what a filter form asks; what is wrong with the question takes
 * the place of the list. */
export async function answerTo(question) {
    try {
        return await question;
    } catch (error) {
        if (error.status !== 400)
            throw error;
        return { items: [], next: null, dataAge: 0, problem:
            h("div", { class: "error-summary", role: "alert" },
                h("h2", null, "There is a problem"),
                h("p", null, error.message)) };
    }
}

/* A form whose fields are the query of the page. */
export function filterForm(context, ...fields) {
    const submit = values => {
        const query = new URLSearchParams(
            Object.entries(values).filter(([, value]) => value.trim())
                .map(([name, value]) => [name, value.trim()]));
        go(`${context.path}${query.size ? `?${query}` : ""}`);
    };
    return form({ submit, class: "filter", role: "search" },
        h("div", { class: "filter-fields" }, fields),
        h("div", { class: "filter-actions" }, submitButton("Apply"),
            context.query.size > 0 && link(context.path, "Clear")));
}

/* ---- marks ---- */

/* Of a time line: the shape says the state as well as the colour. */
const MARKS = {
    done: "M5 10.5l3.5 3.5L15 7",
    failed: "M6 6l8 8M14 6l-8 8",
    stopped: "M6.5 6.5h7v7h-7z",
    skipped: "M6 10h8",
    current: "M10 5.5v5l3 2",
    stored: "M10 6v8M6.5 10.5L10 14l3.5-3.5",
    outweighed: "M6 8h8M6 12h8",
    pending: "",
};

export function mark(state) {
    return svg("svg", { class: `mark mark-${state}`, viewBox: "0 0 20 20",
        "aria-hidden": "true" },
        svg("circle", { cx: 10, cy: 10, r: 9 }),
        svg("path", { d: MARKS[state] }));
}
