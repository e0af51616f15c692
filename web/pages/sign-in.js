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

const locked = error => error.status === 429 && error.retryAfter
    ? new Error("Too many failed attempts. Try again in " +
        `${duration(error.retryAfter)}.`)
    : error;

/* One password is checked at a time, so somebody who guesses many keeps others
 * from their turn: they try again by themselves for a while. */
const TURNS = 15;

async function inTurn(ask) {
    for (let turn = 1;; turn++) {
        try {
            return await ask();
        } catch (error) {
            if (error.status !== 503 || turn === TURNS)
                throw error;
        }
        await new Promise(next => setTimeout(next, 500 + 500 * Math.random()));
    }
}

export default function ({ service, done }) {
    const submit = async ({ name, password }) => {
        let person;
        try {
            person = await inTurn(() => signIn(name.trim(), password));
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
