/* The start page: what needs a person now, and a device to look up. */
import { get } from "../api.js";
import { h } from "../dom.js";
import { fromNow, id, percent, plural, time } from "../format.js";
import { heading, link, section, tag } from "../parts.js";
import { at } from "../router.js";
import { ROLES } from "../words.js";
import { cspCard } from "./csps.js";
import { deviceForm } from "./device-search.js";
import { fillProgress, requestTable } from "./requests.js";

/* ---- what needs a person ---- */

const since = need => need.since !== null && [", the oldest since ",
    time(need.since)];
const counter = requestId => requestId.split(":").at(-1);

/* Of each kind: how bad it is, what it is, where it is looked at. */
const NEEDS = {
    alarm: n => ["red", "Alarm", [n.name, n.count > 1 ? [": ",
        plural(n.count, "alarm"), since(n)] : n.why && `: ${n.why}`],
    `${at("alarms")}?rule=${n.id}&state=standing`],
    held: n => ["yellow", "Decide", [plural(n.count, "request"),
        " held by anomaly detection", since(n)],
    `${at("quarantine")}?state=held`],
    order: n => ["yellow", "Decide", [plural(n.count, "order"),
        " waiting for a second person", since(n)],
    `${at("steering")}?state=asked`],
    unreachable: n => ["red", "Not reached", [n.name ?? n.id, " does not take ",
        "its messages: ", plural(n.count, "message"), " waiting",
        since(n), n.why && `: ${n.why}`],
    `${at("undelivered")}?user=${n.id}`],
    given_up: n => ["red", "Given up", [plural(n.count, "message"),
        " given up after days without an answer"],
    `${at("undelivered")}?state=given_up`],
    failing: n => ["red", "Failing", [percent(n.count, n.of), " of ",
        plural(n.of, "device"), " failed: request ", id(counter(n.id)), " of ",
        n.name ?? "its sender"], at("requests", n.id)],
    csp_busy: n => ["yellow", "Busy", ["CSP ", n.name, " does not take its ",
        plural(n.count, "job"), since(n), n.why && `: ${n.why}`], at("csps")],
    stuck: n => ["yellow", "Stuck", [plural(n.count, "device"),
        " of CSP ", n.name, " later than 99 of 100 were: ", n.why, since(n)],
    `${at("stuck")}?csp=${encodeURIComponent(n.name)}`],
    certificate: n => [new Date(n.until) < new Date() ? "red" : "yellow",
        "Certificate", ["The signing certificate of ", n.name ?? n.id, " ends ",
            fromNow(n.until), " (", time(n.until), ")"], null],
};

function needItem(need, may) {
    const [colour, word, words, href] = NEEDS[need.kind](need);
    const kinds = { alarm: "listAlarms", unreachable: "listUndelivered", given_up: "listUndelivered",
        held: "listQuarantine", csp_busy: "listCsps", failing: "showRequest",
        order: "listSteering", stuck: "listStuck" };
    const text = need.kind === "certificate" && need.id === null
        ? ["The certificate of ", need.name, " ends ", fromNow(need.until),
            " (", time(need.until), "): replace it and reload fotad"] : words;
    return h("li", { class: "need" }, tag([word, colour]), " ", h("span", null,
        href !== null && may(kinds[need.kind]) ? link(href, text) : text));
}

async function needsNow({ may, signal }) {
    const { items } = await get("needs", null, signal);
    return section("What needs you now", items.length > 0
        ? h("ul", { class: "needs" }, items.map(n => needItem(n, may)))
        : h("p", { class: "empty" }, "Nothing waits for you."));
}

/* ---- what is under way ---- */

const IN_PROGRESS = { state: "in-progress", limit: "5" };

async function requestsNow({ may, me, signal }) {
    if (!may("listRequests"))
        return null;
    const { items } = await get("requests", IN_PROGRESS, signal);
    return section("Requests in progress",
        requestTable("Requests in progress", items, me.role !== "supplier",
            { empty: "No request is in progress.", hideCaption: true }),
        h("p", null, link(at("requests"), "All requests")));
}

async function cspsNow({ may, signal }) {
    if (!may("listCsps"))
        return null;
    const { items } = await get("csps", null, signal);
    return section("CSPs", h("div", { class: "cards" }, items.map(cspCard)));
}

async function page(context) {
    const { may, me } = context;
    const [needs, ...parts] = await Promise.all(
        [needsNow, requestsNow, cspsNow].map(part => part(context)));
    return { title: "Start", content: [
        heading("Firmware updates", me.supplierName ?? ROLES[me.role]),
        needs,
        may("deviceStatus") && section("Firmware Update Status",
            deviceForm()),
        may("listAccounts") && section("Accounts", h("p", null,
            link(at("accounts"), "Accounts of people and scripts"))),
        parts,
    ], shown: () => may("listRequests") &&
        fillProgress(IN_PROGRESS, context.signal) };
}

export const pages = [{ path: "", page }];
