/* Release or reject a held request. */
import { get, post } from "../api.js";
import { h } from "../dom.js";
import { id, number, orNone, timeFromNow } from "../format.js";
import { variantText } from "../lists.js";
import { heading, inset, link, summary, tag, warning } from "../parts.js";
import { reasonForm } from "../reason.js";
import { at, go } from "../router.js";
import { holdState, threshold } from "../words.js";
import { excess } from "./quarantine.js";

const VERBS = {
    release: { title: "Release a held request", done: "is released",
        why: "Why is it released?", sure: "I confirm that it is to go on",
        button: "Release this request", kind: "",
        warning: "It goes on at once, through all other checks as they are " +
            "now. Its devices count towards the volume of its sender." },
    reject: { title: "Reject a held request", done: "is rejected",
        why: "Why is it rejected?", sure: "I confirm that it is to end",
        button: "Reject this request", kind: "button-warning",
        warning: "Nothing of it is sent on, and its sender is told. This " +
            "cannot be undone." },
};

function decisionForm(held, name, verb) {
    const submit = async reason => {
        await post(`quarantine/${held.id}/${name}`, { reason });
        await go(at("quarantine"),
            { news: `Held request ${held.id} ${verb.done}.` });
    };
    return reasonForm({ ...verb, noReason: "Enter why",
        notSure: "Confirm what is to be done" }, submit, at("quarantine"));
}

/* The list goes from a number down. */
async function find(number, signal) {
    const { items } = await get("quarantine",
        { after: `${BigInt(number) + 1n}`, limit: "1" }, signal);
    return items.find(item => item.id === number);
}

const missing = () => ({ title: "Not found", content: [
    heading("Not found"),
    inset(h("p", null, "No request was held as that. "),
        h("p", null, link(at("quarantine"), "To the held requests"))),
] });

const decide = name => async ({ parameters, signal }) => {
    const verb = VERBS[name];
    const held = /^[0-9]{1,18}$/.test(parameters.holdId)
        ? await find(parameters.holdId, signal) : null;
    if (!held)
        return missing();
    return { title: verb.title, content: [
        heading(verb.title, `Number ${held.id}`),
        summary([
            ["State", tag(holdState(held.state))],
            ["Request", id(held.requestId)],
            ["Sender", orNone(held.senderName ?? held.sender)],
            ["Service", variantText(held.serviceReferenceVariant)],
            ["Devices", number(held.devices)],
            ["Threshold", threshold(held.threshold)],
            ["Volume with it", excess(held)],
            ["Held", timeFromNow(held.held)],
        ]),
        held.state === "held" ? [
            warning(verb.warning),
            decisionForm(held, name, verb),
        ] : inset(h("p", null, "It has been decided on this request: " +
            `${held.reason}`),
        h("p", null, link(at("quarantine"), "Back to the held requests"))),
    ] };
};

export const pages = [
    { path: "quarantine/:holdId/release", page: decide("release"),
        operation: "releaseRequest" },
    { path: "quarantine/:holdId/reject", page: decide("reject"),
        operation: "rejectRequest" },
];
