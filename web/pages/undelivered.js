/* Messages that a User has not confirmed. */
import { post } from "../api.js";
import { h } from "../dom.js";
import { id, orNone, plural, time } from "../format.js";
import { choiceField, listPage, userField } from "../lists.js";
import { form, link, submitButton, table, tag } from "../parts.js";
import { at, go } from "../router.js";
import { messageState, MESSAGE_STATE_CHOICES } from "../words.js";

const about = m => [
    m.deviceId !== null ? link(at("devices", m.deviceId), id(m.deviceId))
        : plural(m.devices, "device"),
    m.requestId !== null && [h("br"), link(at("requests", m.requestId),
        "its request")],
];

/* A time that has passed: it is in the queue. */
const nextTry = m => m.nextTry !== null && new Date(m.nextTry) < new Date()
    ? "now" : time(m.nextTry);

/* All of the User that the list is narrowed to, or of all. */
function retryForm({ query, may, path }) {
    const user = query.get("user");
    const submit = async () => {
        const { messages } = await post("undelivered/retry",
            user ? { userId: user } : {});
        await go(`${path}${user ? `?user=${encodeURIComponent(user)}` : ""}`,
            { news: `${plural(messages, "message")} will be tried again now.` });
    };
    return may("retryUndelivered") && form({ submit, class: "section" },
        submitButton(user ? "Try all of this User's again now"
            : "Try all of them again now", "button-second"));
}

const COLUMNS = [
    { head: "Message", header: true, cell: m => [m.code, h("br"), id(m.responseId)] },
    { head: "User", cell: m => orNone(m.userName ?? m.userId) },
    { head: "Written", cell: m => time(m.created) },
    { head: "State", cell: m => tag(messageState(m.state)) },
    { head: "Tries", numeric: true, cell: m => m.tries },
    { head: "Next try", cell: m => nextTry(m) },
    { head: "Why it waits", cell: m => orNone(m.lastError) },
    { head: "About", cell: about },
];

const page = listPage({
    title: "Undelivered messages", path: "undelivered",
    csv: "undelivered.csv",
    intro: "Messages that their User has not confirmed, the oldest first. " +
        "They are tried again until they are given up. A later one about the " +
        "same device, or the same request after a list, waits for them.",
    filters: ["state", "user"],
    fields: (value, { me }) => [
        choiceField(value("state"), "State", MESSAGE_STATE_CHOICES),
        me.role !== "supplier" && userField(value("user"))],
    view: ({ items }, context) => [h("div", { class: "wide" }, table(
        "Undelivered messages", COLUMNS, items,
        { empty: "Every message has been confirmed.", hideCaption: true })),
    items.length > 0 && retryForm(context)],
});

export const pages = [{ path: "undelivered", page,
    operation: "listUndelivered", name: "Undelivered messages" }];
