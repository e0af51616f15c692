import { put } from "../api.js";
import { field, form, heading, submitButton } from "../parts.js";
import { stay } from "../router.js";

export const LEAST = 12;

export function checkNew(password) {
    return password.length < LEAST &&
        `The new password must have at least ${LEAST} characters`;
}

function check({ current, password, again }) {
    return [
        !current && ["current", "Enter your present password"],
        checkNew(password) && ["password", checkNew(password)],
        password !== again && ["again", "The new passwords are not the same"],
    ].filter(Boolean);
}

async function submit({ current, password }) {
    await put("me/password", { current, password });
    await stay("Your password is changed. Your other sessions have ended.");
}

function page({ me }) {
    return { title: "Change your password", content: [
        heading("Change your password", me.name),
        form({ check, submit, class: "narrow", method: "post" },
            field({ name: "current", label: "Present password",
                type: "password", autocomplete: "current-password" }),
            field({ name: "password", label: "New password", type: "password",
                hint: `At least ${LEAST} characters.`,
                autocomplete: "new-password" }),
            field({ name: "again", label: "New password again",
                type: "password", autocomplete: "new-password" }),
            submitButton("Change password")),
    ] };
}

export const pages = [{ path: "password", page, operation: "changePassword" }];
