/* The CSPs: up or busy, work in hand, throughput. */
import { get } from "../api.js";
import { columns } from "../charts.js";
import { h, replace } from "../dom.js";
import { number, orNone, plural, time, timeFromNow } from "../format.js";
import { dataAge, figure, heading, linkButton, section, summary, table, tag }
    from "../parts.js";
import { at } from "../router.js";

const AGAIN = 10000;

/* "Up" is of one that took a job within the last day. */
const stateTag = csp => tag(csp.up
    ? csp.throughput.some(t => t.jobs > 0) ? ["Up", "green"]
        : ["Nothing to do", "grey"]
    : csp.busySince ? ["Busy", "yellow"] : ["Not answering", "red"]);

export function cspCard(csp) {
    return h("div", { class: "card" },
        h("h3", null, csp.csp), h("p", null, stateTag(csp)),
        h("p", null, `${plural(csp.jobs.waiting, "job")} waiting, ` +
            `${plural(csp.devices.underWay, "device")} under way`));
}

const hourOf = instant => instant.slice(11, 16);

function throughput(csp) {
    const title = "Devices handed over an hour, last day";
    return [
        columns(title, csp.throughput.map(t =>
            ({ label: hourOf(t.hour), value: t.devices })), "device"),
        h("details", { id: `hours-${csp.csp}` },
            h("summary", null, "As a table"),
            table(`${csp.csp}: last day by hour`, [
                { head: "Hour", header: true, cell: t => time(t.hour) },
                { head: "Jobs", numeric: true, cell: t => t.jobs },
                { head: "Devices", numeric: true, cell: t => t.devices },
            ], csp.throughput, { hideCaption: true })),
    ];
}

const actions = csp => h("p", { class: "button-row" },
    ["hold", "release"].map(verb => linkButton(
        at("csps", csp.csp, "steer", verb),
        `${verb === "hold" ? "Hold" : "Release"} ${csp.csp}`,
        "button-second")));

const view = may => csp => section(csp.csp,
    h("div", { class: "figures" },
        figure(stateTag(csp), csp.regions.join(", ")),
        figure(number(csp.jobs.waiting), "jobs waiting"),
        figure(number(csp.jobs.handedOver),
            "jobs without a validation report"),
        csp.jobs.silent > 0 && figure(number(csp.jobs.silent),
            "jobs never reported on", "in the last 7 days; their " +
            "devices were released"),
        figure(number(csp.devices.waiting), "devices waiting"),
        figure(number(csp.devices.underWay), "devices under way")),
    !csp.up && summary([
        ["Busy since", timeFromNow(csp.busySince)],
        ["Next try", timeFromNow(csp.nextTry)],
        ["Latest error", orNone(csp.lastError)],
    ]),
    may("steer") && actions(csp),
    throughput(csp));

async function page({ may, signal }) {
    const { items, dataAge: age } = await get("csps", null, signal);
    const place = h("div", null, items.map(view(may)));
    const keepFresh = () => {
        const timer = setInterval(async () => {
            const now = await get("csps", null, signal).catch(() => null);
            if (now && !signal.aborted)
                replace(place, now.items.map(view(may)));
        }, AGAIN);
        signal.addEventListener("abort", () => clearInterval(timer));
    };
    return { title: "CSPs", shown: keepFresh, content: [
        heading("Communications Service Providers"), dataAge(age), place,
    ] };
}

export const pages = [
    { path: "csps", page, operation: "listCsps", name: "CSPs" },
];
