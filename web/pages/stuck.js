/* Devices that are later than 99 of 100 were in their stage. */
import { h } from "../dom.js";
import { id, number, orNone, time, timeFromNow } from "../format.js";
import { listPage } from "../lists.js";
import { field, link, section, table, tag } from "../parts.js";
import { at } from "../router.js";
import { STUCK_STAGES } from "../words.js";

const COUNTS = [
    { head: "CSP", header: true, cell: c => c.csp },
    { head: "Device type", cell: c => c.deviceType },
    { head: "Stage", cell: c => tag(STUCK_STAGES[c.stage]) },
    { head: "Devices", numeric: true, cell: c => number(c.devices) },
    { head: "The oldest since", cell: c => time(c.since) },
];

const COLUMNS = [
    { head: "Device", header: true, cell: s => [
        link(at("devices", s.deviceId), id(s.deviceId)), h("br"),
        s.deviceType, ", ", link(at("requests", s.requestId), "its request")] },
    { head: "Stage", cell: s => tag(STUCK_STAGES[s.stage]) },
    { head: "Since", cell: s => time(s.since) },
    { head: "Why", cell: s => s.why },
    { head: "What comes by itself", cell: s => [timeFromNow(s.comesAt), ": ",
        s.comes] },
    { head: "What to do", cell: s => orNone(s.advice) },
];

const page = listPage({
    title: "Stuck devices", path: "stuck", csv: "stuck.csv",
    intro: "Devices that are later than 99 of 100 of their CSP, type and " +
        "model were in the same stage; where too little is known, later than " +
        "their window. The oldest first.",
    filters: ["csp"],
    fields: value => [field({ ...value("csp"), label: "CSP",
        spellcheck: "false" })],
    view: ({ items, counts }) => [
        counts?.length > 0 && section("How many", h("div", { class: "wide" },
            table("How many are stuck", COUNTS, counts,
                { hideCaption: true }))),
        h("div", { class: "wide" }, table("Stuck devices", COLUMNS, items,
            { empty: "No device is stuck.", hideCaption: true }))],
});

export const pages = [{ path: "stuck", page, operation: "listStuck",
    name: "Stuck devices" }];
