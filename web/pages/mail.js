/* What one is told by e-mail, and where. */
import { get, put } from "../api.js";
import { h } from "../dom.js";
import { checkbox, field, form, heading, submitButton, warning }
    from "../parts.js";
import { stay } from "../router.js";

const WISHES = {
    request_finished: "A request has finished",
    failure_share: "Many devices of a request fail",
    quarantine: "A request is held by anomaly detection",
    csp_silent: "A CSP took a job and never reported on it",
    steering: "A request is held or stopped",
    alarm: "An alarm begins or ends",
};
const wishesOf = me => Object.entries(WISHES).filter(
    ([kind]) => kind !== "alarm" || me.role !== "supplier");

const chosen = values => Object.keys(WISHES).filter(kind => values[kind]);

const check = values => [
    chosen(values).length > 0 && !values.mail.trim() &&
        ["mail", "Enter the address that the e-mails go to"],
].filter(Boolean);

async function submit(values) {
    const { wishes } = await put("me/notices",
        { mail: values.mail.trim() || null, wishes: chosen(values) });
    await stay(wishes.length > 0 ? "You are told by e-mail from now on."
        : "You are told nothing by e-mail.");
}

async function page({ me, signal }) {
    const { mail, wishes, sends } = await get("me/notices", null, signal);
    const about = me.role === "supplier" ? "Requests of your own."
        : "Requests of all Users.";
    return { title: "E-mail", content: [
        heading("E-mail", me.name),
        !sends && warning("No e-mail is sent at present: fotad has no mail " +
            "server. What you choose here is kept."),
        form({ check, submit, class: "narrow", method: "post" },
            field({ name: "mail", label: "E-mail address", type: "email",
                value: mail ?? "", autocomplete: "email",
                spellcheck: "false" }),
            h("fieldset", { class: "field" },
                h("legend", null, "Tell me when"),
                h("p", { class: "hint" }, about),
                wishesOf(me).map(([name, label]) =>
                    checkbox({ name, label,
                        checked: wishes.includes(name) }))),
            submitButton("Save")),
    ] };
}

export const pages = [{ path: "mail", page, operation: "changeNotices" }];
