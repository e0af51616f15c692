import { signIn } from "../api.js";
import { duration } from "../format.js";
import { h } from "../dom.js";
import { field, form, heading, submitButton } from "../parts.js";

function check({ name, password }) {
    return [
        !name.trim() && ["name", "Enter your name"],
        !password && ["password", "Enter your password"],
    ].filter(Boolean);
}

const locked = error => error.retryAfter
    ? new Error("Too many failed attempts. Try again in " +
        `${duration(error.retryAfter)}.`)
    : error;

export default function ({ service, done }) {
    const submit = async ({ name, password }) => {
        let person;
        try {
            person = await signIn(name.trim(), password);
        } catch (error) {
            throw locked(error);
        }
        await done(person);
    };
    return { title: "Sign in", content: [
        heading("Sign in", service.name),
        form({ check, submit, class: "narrow", method: "post" },
            field({ name: "name", label: "Name", autocomplete: "username",
                autocapitalize: "none", spellcheck: "false" }),
            field({ name: "password", label: "Password", type: "password",
                autocomplete: "current-password" }),
            submitButton("Sign in")),
        h("p", { class: "hint" }, "No account, or the password is lost? Ask " +
            "your administrator."),
    ] };
}
