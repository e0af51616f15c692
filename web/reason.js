/* A form for what wants a reason and a second thought. */
import { h } from "./dom.js";
import { checkbox, form, link, submitButton, textarea } from "./parts.js";

const MOST = 500;

const check = ({ noReason, notSure }) => ({ reason, sure }) => [
    !reason.trim() && ["reason", noReason],
    reason.trim().length > MOST && ["reason",
        `The reason may have at most ${MOST} characters`],
    !sure && ["sure", notSure],
].filter(Boolean);

/* words: why and sure, the labels; noReason and notSure, what is said when they
 * are missing; button and kind. submit(reason, values); cancel: the way back;
 * more: what else is asked. */
export function reasonForm(words, submit, cancel, ...more) {
    return form({ check: check(words),
        submit: values => submit(values.reason.trim(), values) },
    more,
    textarea({ name: "reason", label: words.why,
        hint: "Kept in the Service Audit Trail with your name. At most " +
            `${MOST} characters.` }),
    checkbox({ name: "sure", label: words.sure }),
    h("div", { class: "button-row" },
        submitButton(words.button, words.kind), link(cancel, "Cancel")));
}
