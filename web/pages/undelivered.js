/* Messages that a User has not confirmed. */
import { h } from "../dom.js";
import { id, orNone, plural, time } from "../format.js";
import { choiceField, listPage, userField } from "../lists.js";
import { link, table, tag } from "../parts.js";
import { at } from "../router.js";
import { messageState, MESSAGE_STATE_CHOICES } from "../words.js";

const about = m => [
    m.deviceId !== null ? link(at("devices", m.deviceId), id(m.deviceId))
        : plural(m.devices, "device"),
    m.requestId !== null && [h("br"), link(at("requests", m.requestId),
        "its request")],
];

const COLUMNS = [
    { head: "Message", header: true, cell: m => `${m.code}, ${m.alertId}` },
    { head: "User", cell: m => orNone(m.userName ?? m.userId) },
    { head: "Written", cell: m => time(m.created) },
    { head: "State", cell: m => tag(messageState(m.state)) },
    { head: "Tries", numeric: true, cell: m => m.tries },
    { head: "Next try", cell: m => time(m.nextTry) },
    { head: "Why it waits", cell: m => orNone(m.lastError) },
    { head: "About", cell: about },
];

const page = listPage({
    title: "Undelivered messages", path: "undelivered",
    intro: "Messages that their User has not confirmed, the oldest first. " +
        "They are tried again until they are given up. A later one about the " +
        "same device, or the same request after a list, waits for them.",
    filters: ["state", "user"],
    fields: (value, { me }) => [
        choiceField(value("state"), "State", MESSAGE_STATE_CHOICES),
        me.role !== "supplier" && userField(value("user"))],
    view: ({ items }) => h("div", { class: "wide" }, table(
        "Undelivered messages", COLUMNS, items,
        { empty: "Every message has been confirmed.", hideCaption: true })),
});

export const pages = [{ path: "undelivered", page,
    operation: "listUndelivered", name: "Undelivered messages" }];
