/* Requests that anomaly detection holds, and what was decided on them. */
import { h } from "../dom.js";
import { duration, number, orNone, shortId, time } from "../format.js";
import { choiceField, listPage, userField, variantText } from "../lists.js";
import { link, table, tag } from "../parts.js";
import { at } from "../router.js";
import { HOLD_STATE_CHOICES, holdState, threshold } from "../words.js";

export const excess = r => `${number(r.volume)} in ` +
    `${duration(r.periodSeconds)}, allowed ${number(r.quarantine)}`;

const requestCell = ({ may }) => r => may("showRequest")
    ? link(at("requests", r.requestId), shortId(r.requestId))
    : shortId(r.requestId);

const decision = r => r.decided === null ? orNone(null) : [
    time(r.decided), h("br"), `${r.person ?? "nobody in time"}: ${r.reason}`];

const actions = ({ may }) => r => r.state === "held" &&
    may("releaseRequest") ? [
    link(at("quarantine", r.id, "release"), "Release",
        h("span", { class: "hidden" }, ` held request ${r.id}`)), " ",
    link(at("quarantine", r.id, "reject"), "Reject",
        h("span", { class: "hidden" }, ` held request ${r.id}`)),
] : orNone(r.responseCode);

/* What is to be done stands beside what it is about, whatever the width. */
const columns = context => [
    { head: "Number", header: true, cell: r => r.id },
    { head: "State", cell: r => tag(holdState(r.state)) },
    { head: "Action or answer", cell: actions(context) },
    { head: "Request", cell: requestCell(context) },
    { head: "Sender", cell: r => orNone(r.senderName ?? r.sender) },
    { head: "Service", cell: r => variantText(r.serviceReferenceVariant) },
    { head: "Devices", numeric: true, cell: r => r.devices },
    { head: "Threshold", cell: r => threshold(r.threshold) },
    { head: "Volume with it", cell: excess },
    { head: "Held", cell: r => time(r.held) },
    { head: "Decision", cell: decision },
];

const page = listPage({
    title: "Held requests", path: "quarantine", csv: "held-requests.csv",
    caption: () => "Anomaly detection",
    intro: "Requests in excess of a quarantine level, the newest first. " +
        "Nothing of a held request is sent on until it is released.",
    filters: ["state", "user"],
    fields: value => [
        choiceField(value("state"), "State", HOLD_STATE_CHOICES),
        userField(value("user"), "Sender")],
    view: ({ items }, context) => h("div", { class: "wide" }, table(
        "Held requests", columns(context), items,
        { empty: "No request is held.", hideCaption: true })),
});

export const pages = [{ path: "quarantine", page,
    operation: "listQuarantine", name: "Held requests" }];
