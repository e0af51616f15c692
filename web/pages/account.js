/* One account: its role, password and token. */
import { accountPath, get, post, Problem, put, remove } from "../api.js";
import { h, replace } from "../dom.js";
import { id, time, timeFromNow } from "../format.js";
import { button, field, form, heading, inset, link, section, select,
    submitButton, summary } from "../parts.js";
import { at, stay } from "../router.js";
import { ROLES } from "../words.js";
import { checkSupplier, readSupplier, roleField, stateTag, supplierField }
    from "./accounts.js";
import { checkNew, LEAST } from "./password.js";

function changeForm(a) {
    const check = values => checkSupplier(values)
        ? [["supplierId", checkSupplier(values)]] : [];
    const submit = async values => {
        await put(accountPath(a.name), { role: values.role,
            supplierId: readSupplier(values),
            active: values.active === "yes" });
        await stay(`The account ${a.name} is changed. Its sessions have ` +
            "ended.");
    };
    return section("Role", form({ check, submit, class: "narrow" },
        roleField(a.role), supplierField(a.supplierId ?? ""),
        select({ name: "active", label: "May it sign in?",
            value: a.active ? "yes" : "no",
            choices: [["yes", "Yes"], ["no", "No: the account is ended"]] }),
        submitButton("Change")));
}

function passwordForm(a) {
    const check = ({ password }) => checkNew(password)
        ? [["password", checkNew(password)]] : [];
    const submit = async ({ password }) => {
        await put(`${accountPath(a.name)}/password`, { password });
        await stay(`The password of ${a.name} is set. Its sessions have ` +
            "ended, and so has a lock-out.");
    };
    return section("Password", form({ check, submit, class: "narrow" },
        field({ name: "password", label: "New password", type: "password",
            hint: `At least ${LEAST} characters.`,
            autocomplete: "new-password" }),
        submitButton("Set password")));
}

function tokenForms(a) {
    const place = h("div", { role: "status" });
    const path = `${accountPath(a.name)}/token`;
    const issue = async () => {
        const { token } = await post(path);
        replace(place, inset(h("p", null, "The token, shown this once:"),
            h("p", null, h("code", { class: "token" }, token)),
            h("p", { class: "hint" }, "Scripts send it as Authorization: " +
                "Bearer.")));
    };
    const revoke = async () => {
        await remove(path);
        await stay(`The token of ${a.name} is revoked.`);
    };
    const orSay = action => () => action().catch(error =>
        replace(place, inset(h("p", null, error.message))));
    return section("Token for scripts",
        h("p", null, a.tokens > 0 ? "It has one. A new one ends it."
            : "It has none."),
        h("div", { class: "button-row" },
            button("Issue a token", orSay(issue), "button-second"),
            a.tokens > 0 && button("Revoke the token", orSay(revoke),
                "button-warning")),
        place);
}

async function page({ parameters: { name }, signal }) {
    const { items } = await get("accounts", null, signal);
    const a = items.find(one => one.name === name);
    if (!a)
        throw new Problem(404, "There is no such account.");
    return { title: `Account ${a.name}`, content: [
        heading(a.name, "Account", link(at("accounts"), "All accounts")),
        summary([
            ["State", stateTag(a)],
            a.lockedUntil && ["Locked out until", timeFromNow(a.lockedUntil)],
            ["Role", ROLES[a.role]],
            ["Supplier", id(a.supplierId)],
            ["Added", time(a.created)],
            ["Latest sign-in", timeFromNow(a.lastSignIn)],
        ]),
        changeForm(a), passwordForm(a), tokenForms(a),
    ] };
}

export const pages = [
    { path: "accounts/:name", page, operation: "changeAccount" },
];
