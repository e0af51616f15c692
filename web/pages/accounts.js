/* The accounts of people and scripts. */
import { get, post } from "../api.js";
import { readDeviceId, id, orNone, time } from "../format.js";
import { field, form, heading, link, section, select, submitButton, table, tag }
    from "../parts.js";
import { at, stay } from "../router.js";
import { ROLES } from "../words.js";
import { checkNew, LEAST } from "./password.js";

const NAME = /^[A-Za-z0-9][A-Za-z0-9._@-]{0,63}$/;

export const roleField = role => select({ name: "role", label: "Role",
    value: role, choices: Object.entries(ROLES) });

export const supplierField = value => field({ name: "supplierId", value,
    label: "Supplier", hint: "EUI-64 of the User; for suppliers only.",
    class: "input input-id", spellcheck: "false" });

export function checkSupplier({ role, supplierId }) {
    const given = supplierId.trim() !== "";
    if (role === "supplier" && !readDeviceId(supplierId))
        return "Enter the EUI-64 of the supplier";
    return role !== "supplier" && given &&
        "Only an account of a supplier has this";
}

export const readSupplier = ({ role, supplierId }) =>
    role === "supplier" ? readDeviceId(supplierId) : null;

export const stateTag = a =>
    tag(!a.active ? ["Ended", "grey"]
        : a.lockedUntil ? ["Locked out", "red"] : ["Active", "green"]);

function check(values) {
    return [
        !NAME.test(values.name) && ["name", "Enter a name of letters, " +
            "digits and . _ @ - that begins with a letter or digit"],
        checkSupplier(values) && ["supplierId", checkSupplier(values)],
        values.password && checkNew(values.password) &&
            ["password", checkNew(values.password)],
    ].filter(Boolean);
}

async function submit(values) {
    const { name, role, password } = values;
    await post("accounts", { name, role, supplierId: readSupplier(values),
        ...(password && { password }) });
    await stay(`The account ${name} is added.`);
}

const COLUMNS = [
    { head: "Name", header: true, cell: a => link(at("accounts", a.name),
        a.name) },
    { head: "Role", cell: a => ROLES[a.role] },
    { head: "Supplier", cell: a => id(a.supplierId) },
    { head: "State", cell: stateTag },
    { head: "Password", cell: a => a.hasPassword ? "Yes" : "No" },
    { head: "Token", cell: a => a.tokens > 0 ? "Yes" : "No" },
    { head: "Latest sign-in", cell: a => orNone(time(a.lastSignIn)) },
];

async function page({ signal }) {
    const { items } = await get("accounts", null, signal);
    return { title: "Accounts", content: [
        heading("Accounts"),
        table("Accounts", COLUMNS, items, { hideCaption: true }),
        section("Add an account", form({ check, submit, class: "narrow" },
            field({ name: "name", label: "Name", autocomplete: "off",
                spellcheck: "false", maxlength: 64 }),
            roleField("supplier"), supplierField(""),
            field({ name: "password", label: "Password", type: "password",
                autocomplete: "new-password", hint: `At least ${LEAST} ` +
                    "characters. None: the account is for a token or a " +
                    "proxy." }),
            submitButton("Add account"))),
    ] };
}

export const pages = [{ path: "accounts", page, operation: "listAccounts",
    name: "Accounts" }];
