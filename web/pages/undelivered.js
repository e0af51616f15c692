/* Messages that a User has not confirmed. */
import { get } from "../api.js";
import { h } from "../dom.js";
import { id, orNone, plural, time } from "../format.js";
import { answerTo, dataAge, field, filterForm, heading, link, pager, select,
    table, tag } from "../parts.js";
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
    { head: "Latest error", cell: m => orNone(m.lastError) },
    { head: "About", cell: about },
];

function filters(context) {
    const value = name => ({ name, value: context.query.get(name) ?? "" });
    return filterForm(context,
        select({ ...value("state"), label: "State",
            choices: [["", "Any"], ...MESSAGE_STATE_CHOICES] }),
        context.me.role !== "supplier" && field({ ...value("user"),
            label: "User", hint: "Its EUI-64.", spellcheck: "false",
            class: "input input-id" }));
}

export default async function (context) {
    const { query, signal } = context;
    const page = await answerTo(get("undelivered", {
        state: query.get("state"), user: query.get("user"),
        after: query.get("after") }, signal));
    return { title: "Undelivered messages", content: [
        heading("Undelivered messages"),
        h("p", null, "Messages that their User has not confirmed, the oldest " +
            "first. They are tried again until they are given up."),
        dataAge(page.dataAge),
        filters(context),
        page.problem ?? h("div", { class: "wide" }, table(
            "Undelivered messages", COLUMNS, page.items,
            { empty: "Every message has been confirmed.",
                hideCaption: true })),
        pager(context, page.next),
    ] };
}
