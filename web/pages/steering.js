/* Orders about updates, and the second person's word on those that ask. */
import { get, post } from "../api.js";
import { h } from "../dom.js";
import { id, number, orNone, time, timeFromNow } from "../format.js";
import { choiceField, listPage, userField } from "../lists.js";
import { heading, inset, link, summary, table, tag, warning }
    from "../parts.js";
import { reasonForm } from "../reason.js";
import { at, go } from "../router.js";
import { STEERING_STATE_CHOICES, steeringCause, steeringState, steeringVerb }
    from "../words.js";

const who = o => o.person ?? (o.cause === "person" ? "the DCC"
    : steeringCause(o.cause)[0]);

const scope = o => o.requestId === null ? o.scope
    : link(at("requests", o.requestId), id(o.requestId));

const actions = ({ may }) => o => o.state === "asked" && may("approveOrder")
    ? [link(at("steering", o.id, "approve"), "Approve",
        h("span", { class: "hidden" }, ` order ${o.id}`)), " ",
    link(at("steering", o.id, "refuse"), "Refuse",
        h("span", { class: "hidden" }, ` order ${o.id}`))]
    : o.state === "active" ? (o.until === null ? "no end"
        : ["until ", time(o.until)]) : time(o.ended);

const columns = context => [
    { head: "Number", header: true, cell: o => o.id },
    { head: "Order", cell: o => tag(steeringVerb(o.verb)) },
    { head: "Of", cell: scope },
    { head: "State", cell: o => tag(steeringState(o.state)) },
    { head: "By", cell: who },
    { head: "Reason", cell: o => o.reason },
    { head: "Made", cell: o => time(o.made) },
    { head: "Devices", numeric: true, cell: o => number(o.devices) },
    { head: "Ends, or action", cell: actions(context) },
];

const page = listPage({
    title: "Orders", path: "steering", csv: "orders.csv", caption: () => "Steering",
    intro: "Holds, releases, stops and resets of updates, the newest first.",
    filters: ["state", "user"],
    fields: (value, { me }) => [
        choiceField(value("state"), "State", STEERING_STATE_CHOICES),
        me.role !== "supplier" && userField(value("user"), "Sender")],
    view: ({ items }, context) => h("div", { class: "wide" }, table(
        "Orders", columns(context), items,
        { empty: "Nothing was ordered.", hideCaption: true })),
});

/* ---- the second person ---- */

const VERBS = {
    approve: { title: "Approve an order", why: "Why is it approved?",
        sure: "I confirm that it is to be carried out", button: "Approve",
        kind: "", warning: "It is carried out at once." },
    refuse: { title: "Refuse an order", why: "Why is it refused?",
        sure: "I confirm that it is to end", button: "Refuse",
        kind: "button-warning", warning: "It ends without any effect." },
};

const decide = name => async ({ parameters, signal }) => {
    const verb = VERBS[name];
    const { items } = /^[0-9]{1,18}$/.test(parameters.orderId)
        ? await get("steering", { limit: "1",
            after: `${BigInt(parameters.orderId) + 1n}` }, signal)
        : { items: [] };
    const order = items.find(item => item.id === parameters.orderId);
    if (order?.state !== "asked")
        return { title: "Not found", content: [heading("Not found"),
            inset(h("p", null, "No such order waits for another person. "),
                h("p", null, link(at("steering"), "To the orders")))] };
    const submit = async reason => {
        await post(`steering/${order.id}/${name}`, { reason });
        await go(at("steering"), { news: `Order ${order.id}: ${verb.button}.` });
    };
    return { title: verb.title, content: [
        heading(verb.title, `Number ${order.id}`),
        summary([
            ["Order", tag(steeringVerb(order.verb))],
            ["Of", scope(order)],
            ["By", who(order)],
            ["Reason", order.reason],
            ["Made", timeFromNow(order.made)],
            ["Until", orNone(order.until)],
        ]),
        warning(verb.warning),
        reasonForm({ ...verb, noReason: "Enter why",
            notSure: "Confirm what is to be done" }, submit, at("steering")),
    ] };
};

export const pages = [
    { path: "steering", page, operation: "listSteering", name: "Orders" },
    { path: "steering/:orderId/approve", page: decide("approve"),
        operation: "approveOrder" },
    { path: "steering/:orderId/refuse", page: decide("refuse"),
        operation: "refuseOrder" },
];
