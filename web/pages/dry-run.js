/* The full validation of a device list and image, without any effect. */
import { post } from "../api.js";
import { h, replace } from "../dom.js";
import { id, number, orNone, plural, time } from "../format.js";
import { field, figure, form, heading, section, submitButton, summary,
    table, tag, textarea } from "../parts.js";
import { guardMode, guardRule, signature } from "../words.js";

/* Member of the answer, and what the DUIS Response calls it. */
const LISTS = [
    ["invalidDeviceIdList", "InvalidDeviceIDList", "Invalid device"],
    ["notCommissionedDeviceIdList", "NotCommissionedDeviceIDList",
        "Not commissioned"],
    ["notApplicableFirmwareDeviceIdList", "NotApplicableFirmwareDeviceIDList",
        "Firmware not applicable"],
    ["otherRequestInProgressList", "OtherRequestInProgressList",
        "Another update in progress"],
    ["invalidGbcsVersionList", "InvalidGBCSVersionList",
        "GBCS version too old"],
];
const SHOWN = 1000;

const isChosen = file => file instanceof File && file.size > 0;

function check({ file, text }) {
    const given = isChosen(file) + (text.trim() !== "");
    return given === 1 ? [] : [[given ? "text" : "file", given
        ? "Choose a file or paste the request, not both"
        : "Choose a file, or paste the request"]];
}

function list(answer, [member, name, meaning]) {
    const ids = answer.refused[member];
    if (ids.length === 0)
        return null;
    return h("details", { id: name, open: ids.length <= 20 },
        h("summary", null, `${meaning}: ${number(ids.length)} (${name})`),
        h("ul", { class: "ids" }, ids.slice(0, SHOWN).map(one =>
            h("li", null, id(one)))),
        ids.length > SHOWN && h("p", { class: "hint" },
            `The first ${number(SHOWN)} are shown; the file has all.`));
}

/* ---- by CSP, model and hub; the guard ---- */

const counts = (name, of) => h("div", { class: "wide" },
    table(`${name}, by CSP`, [
        { head: "CSP", header: true, cell: c => orNone(c.csp) },
        { head: "Devices", numeric: true, cell: c => c.devices },
    ], of.byCsp),
    table(`${name}, by model`, [
        { head: "Type", header: true, cell: m => m.deviceType },
        { head: "Manufacturer, model, hardware", cell: m =>
            m.manufacturerId === null ? orNone(null) : `${m.manufacturerId} ` +
                `${m.modelId} ${m.hardwareVersion}` },
        { head: "Devices", numeric: true, cell: m => m.devices },
    ], of.byModel),
    h("p", null, `On ${plural(of.hubs, "Communications Hub")}` +
        (of.hubs > 0 && of.byHub[0].devices > 1 ? `; the most on one: ` +
            number(of.byHub[0].devices) : "") + "."));

const guardEntry = g => h("details", { class: "section" },
    h("summary", null, `${guardRule(g.rule)}: ${plural(g.devices, "device")} `,
        tag(guardMode(g.mode))),
    h("p", null, g.meaning),
    counts(guardRule(g.rule), g),
    h("ul", { class: "ids" }, g.deviceIds.map(one => h("li", null, id(one)))),
    g.devices > g.deviceIds.length && h("p", { class: "hint" },
        `The first ${number(g.deviceIds.length)} are shown.`));

const guard = answer => answer.guard.length > 0 && section("The guard",
    answer.guard.map(guardEntry));

const spread = answer => answer.hubs > 0 && section("Devices that would go on",
    h("p", { class: "hint" }, "With those that only the guard refuses."),
    counts("Devices", answer));

/* The lists as a file. The page may go before the file is saved: the browser
 * keeps it until then. */
function csvLink(answer) {
    const rows = LISTS.flatMap(([member, name]) =>
        answer.refused[member].map(one => `${one},${name}\r\n`));
    const file = new Blob(["deviceId,list\r\n", ...rows],
        { type: "text/csv" });
    return rows.length > 0 && h("p", null, h("a", { download: "dry-run.csv",
        href: URL.createObjectURL(file), class: "button button-second" },
    "Download the lists as CSV"));
}

const outcomeTag = ({ accepted, listed }) =>
    tag(accepted === 0 ? ["Would be refused", "red"]
        : accepted < listed ? ["Would be accepted in part", "yellow"]
            : ["Would be accepted", "green"]);

function result(answer) {
    const refused = LISTS.map(([member]) => answer.refused[member].length)
        .reduce((a, b) => a + b, 0);
    const node = section("What it would be answered",
        h("p", null, outcomeTag(answer)),
        h("div", { class: "figures" },
            figure(number(answer.listed), "devices listed"),
            figure(number(answer.accepted), "would be accepted"),
            figure(number(refused), "would be refused, by list")),
        summary([
            ["Response code", answer.responseCode ?? "none", " ",
                h("span", { class: "hint" }, answer.outcome)],
            ["Meaning", answer.meaning],
            answer.detail && ["Detail", answer.detail],
            ["Signature", tag(signature(answer.signature))],
            answer.imageSignature && ["Signature in the image",
                answer.imageSignature],
            answer.plan && ["Plan", `${answer.plan.plan}: waves of ` +
                answer.plan.waves.map(number).join(", ") + " devices, from ",
            time(answer.plan.begins)],
            answer.forecast && ["Forecast", answer.forecast.p90 === null
                ? answer.forecast.words
                : ["half of them by ", time(answer.forecast.p50),
                    ", nine of ten by ", time(answer.forecast.p90)]],
        ]),
        LISTS.map(row => list(answer, row)), csvLink(answer), guard(answer),
        spread(answer));
    node.querySelector("h2").tabIndex = -1;
    return node;
}

function page() {
    const place = h("div", null);
    const submit = async ({ file, text }) => {
        replace(place);
        const answer = await post("dry-runs", isChosen(file) ? file : text,
            "application/xml");
        replace(place, result(answer));
        place.querySelector("h2").focus();
    };
    return { title: "Dry run", content: [
        heading("Dry run"),
        h("p", null, "Checks an 11.1 or 11.4 request as if it were sent: the " +
            "image, the Central Products List, every device. Nothing is " +
            "sent on and nothing is kept. Of another request it says why " +
            "it would get E1."),
        form({ check, submit },
            field({ name: "file", label: "Request as a file", type: "file",
                accept: ".xml,application/xml,text/xml",
                hint: "DUIS XML. It may lack the signature." }),
            textarea({ name: "text", label: "Or paste it here", rows: 6,
                spellcheck: "false", class: "input input-code" }),
            submitButton("Check")),
        place,
    ] };
}

export const pages = [{ path: "dry-run", page, operation: "dryRun",
    name: "Dry run" }];
