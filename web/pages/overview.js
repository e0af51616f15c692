/* The start page: a device to look up, and what is under way. */
import { get } from "../api.js";
import { h } from "../dom.js";
import { heading, link, section, warning } from "../parts.js";
import { at } from "../router.js";
import { ROLES } from "../words.js";
import { cspCard } from "./csps.js";
import { deviceForm } from "./device-search.js";
import { requestTable } from "./requests.js";

async function requestsNow({ may, me, signal }) {
    if (!may("listRequests"))
        return null;
    const { items } = await get("requests",
        { state: "in-progress", limit: "5" }, signal);
    return section("Requests in progress",
        requestTable("Requests in progress", items, me.role !== "supplier",
            { empty: "No request is in progress.", hideCaption: true }),
        h("p", null, link(at("requests"), "All requests")));
}

async function heldNow({ may, signal }) {
    if (!may("listQuarantine"))
        return null;
    const { items } = await get("quarantine",
        { state: "held", limit: "1" }, signal);
    return items.length > 0 && section("Held requests", warning(
        "Anomaly detection holds requests until it is decided on them. ",
        link(`${at("quarantine")}?state=held`, "Show them")));
}

async function cspsNow({ may, signal }) {
    if (!may("listCsps"))
        return null;
    const { items } = await get("csps", null, signal);
    return section("CSPs", h("div", { class: "cards" }, items.map(cspCard)));
}

async function undeliveredNow({ may, signal }) {
    if (!may("listUndelivered"))
        return null;
    const { items } = await get("undelivered",
        { state: "given_up", limit: "1" }, signal);
    return items.length > 0 && section("Undelivered messages",
        h("p", null, "Some messages could not be delivered and were given " +
            "up. ", link(`${at("undelivered")}?state=given_up`,
            "Show them")));
}

async function page(context) {
    const { may, me } = context;
    const parts = await Promise.all(
        [heldNow, requestsNow, undeliveredNow, cspsNow].map(part => part(context)));
    return { title: "Start", content: [
        heading("Firmware updates", me.supplierName ?? ROLES[me.role]),
        may("deviceStatus") && section("Firmware Update Status",
            deviceForm()),
        may("listAccounts") && section("Accounts", h("p", null,
            link(at("accounts"), "Accounts of people and scripts"))),
        parts,
    ] };
}

export const pages = [{ path: "", page }];
