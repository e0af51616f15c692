/* Firmware Update Status of one device (§4.11). */
import { devicePath, get } from "../api.js";
import { h, replace } from "../dom.js";
import { fromNow, id, number, orNone, plural, time, timeFromNow }
    from "../format.js";
import { dataAge, heading, link, linkButton, live, mark, section, summary,
    table, tag, tagWithCode } from "../parts.js";
import { at } from "../router.js";
import { trailCode, trailDetail } from "../trail.js";
import { commandState, event, messageState, reason, recipients, speaker,
    status, timelineState, TIMELINE_STAGES, trailKind } from "../words.js";

const AGAIN = 5000;

const requestLink = requestId => link(at("requests", requestId), id(requestId));

function withName(name, eui) {
    return name ? [name, " ", h("span", { class: "hint" }, id(eui))] : id(eui);
}

function reasonText(code) {
    const words = reason(code);
    return words === code ? code : [words, " ", h("span", { class: "code" },
        code)];
}

/* ---- where it is ---- */

/* By whom, when by their clock, and when we took it. */
const knownBy = ({ by, at: taken, eventTime }) => [
    by && [" Said by ", speaker(by)],
    eventTime && [by === "dsp" || by === "dcc" ? " at " : " as of ",
        time(eventTime), " by its clock"],
    taken && [eventTime ? ", taken at " : " at ", time(taken)],
].filter(Boolean);

function known({ known: k, timeline }) {
    const said = knownBy(k);
    const missing = timeline.filter(s => s.state === "skipped");
    return [
        said.length > 0 && h("p", { class: "known" }, said, "."),
        missing.length > 0 && h("p", { class: "known" }, "Not reported: ",
            missing.map(s => TIMELINE_STAGES[s.stage]).join(", "), "."),
    ];
}

function now(d) {
    const [words, colour, meaning] = status(d.status);
    const due = d.inProgress && d.releaseDue;
    return h("div", { class: `state state-${colour}` },
        h("p", { class: "state-title" }, words),
        h("p", null, meaning),
        d.reasonCode && h("p", null, "Reason: ", reasonText(d.reasonCode)),
        known(d),
        d.late && h("p", null, h("strong", null, "Heard late: "), "the " +
            "device had been released for a new update before."),
        due && h("p", null, "If nothing is heard, the device is released for " +
            "a new update ", h("strong", null, fromNow(due)), ", on ",
            time(due), "."),
        !d.inProgress && h("p", null, "No update is in progress: a new one " +
            "may be sent."));
}

/* ---- why it waits ---- */

const sentence = (...content) => h("p", null, content);

const tried = w => [
    w.tries > 0 && ` It was tried ${plural(w.tries, "time")}`,
    w.tries > 0 && w.nextTry && ["; the next try is at ",
        timeFromNow(w.nextTry)],
    w.tries > 0 && ".",
];

const lastError = w => w.lastError && [" The last error: ", w.lastError, "."];

/* A lease that is over is nobody's. */
const job = ({ code, job: j }) => j?.state === "waiting" && sentence(
    "Its job is ", code === "handing_over"
        ? ["being handed over, until ", timeFromNow(j.leasedUntil)]
        : "waiting", ".", tried(j), lastError(j));

const command = c => c && sentence(
    `A command (${c.serviceReferenceVariant}) is under way to it: `,
    commandState(c.state), c.responseDue && [", at the latest ",
        timeFromNow(c.responseDue)], ".", tried(c), lastError(c));

const messages = m => m.count > 0 && sentence(
    `${m.all ? "" : "At least "}${plural(m.count, "message")} about it ` +
    "not confirmed by Users, the oldest of ", time(m.oldest), ".",
    m.nextTry && [" The next try is at ", timeFromNow(m.nextTry), "."],
    lastError(m));

/* How its CSP is. */
const csp = ({ csp: name, cspState: c }) => c && sentence(
    c.held ? ["All of the CSP ", name, " is held since ", timeFromNow(c.held),
        ": nothing more is handed to it."]
        : c.busySince ? ["The CSP ", name, " takes no jobs since ",
            timeFromNow(c.busySince), c.nextTry && ["; the next try is at ",
                timeFromNow(c.nextTry)], "."]
            : c.took ? ["The CSP ", name, " takes jobs, the last one at ",
                timeFromNow(c.took), "."]
                : ["The CSP ", name, " was given no job within a day."]);

const stuckNow = s => s && section("It is stuck",
    h("p", null, s.why, ", later than 99 of 100 since ", time(s.lateSince),
        "."),
    h("p", null, "By itself ", fromNow(s.comesAt), ", on ", time(s.comesAt),
        ": ", s.comes),
    h("p", null, "What can be done: ", s.advice));

function waits({ waits: w, ...d }) {
    const parts = [
        w.for && sentence("It waits for ", h("strong", null, w.for), "."),
        job(w),
        w.cspError && w.cspError !== w.job?.lastError && sentence(
            "The CSP does not take jobs at present: ", w.cspError, "."),
        csp(d), command(w.command), messages(w.messages),
    ].filter(Boolean);
    return parts.length > 0 && section("Why it waits", parts);
}

function stage(s) {
    return h("li", { class: `stage stage-${s.state}` },
        mark(s.state),
        h("div", null,
            h("p", { class: "stage-name" }, TIMELINE_STAGES[s.stage]),
            h("p", { class: "stage-state" }, timelineState(s.state)[0],
                s.concluded && ", concluded from a later message",
                s.at && !s.by && [", ", time(s.at)]),
            s.by && h("p", { class: "stage-state hint" }, knownBy(s)),
            s.reasonCode && h("p", { class: "stage-state" },
                reasonText(s.reasonCode))));
}

const timeline = d => section("Path of the update",
    h("ol", { class: "timeline" }, d.timeline.map(stage)));

function details(d, showsRequests) {
    return section("Details", summary([
        ["Status", tagWithCode(status(d.status), d.status)],
        ["Last updated", timeFromNow(d.lastUpdated)],
        ["Device type", orNone(d.deviceType)],
        ["Firmware version", orNone(d.firmwareVersion)],
        ["Request", showsRequests ? requestLink(d.requestId)
            : id(d.requestId)],
        ["Sender", withName(d.senderName, d.sender)],
        ["CSP", orNone(d.csp)],
        ["Communications Hub", id(d.commsHubId)],
        ["Release due", timeFromNow(d.inProgress ? d.releaseDue : null)],
        ["In the inventory", orNone(d.inventory?.status),
            d.inventory?.statusBefore &&
                h("span", { class: "hint" }, ` before: ${d.inventory.statusBefore}`)],
    ]));
}

/* ---- what may come ---- */

const alertName = code => code === "reason" ? "DCC Alert by the reason"
    : code && `DCC Alert ${code}`;

function next(d) {
    const columns = [
        { head: "What may happen", cell: n => event(n.event), header: true },
        { head: "Status then", cell: n => tag(status(n.toStatus)) },
        { head: "Who is told", cell: n => n.alert
            ? `${alertName(n.alert)} to ${recipients(n.recipients)}`
            : orNone(null) },
    ];
    return d.next.length > 0 && section("What may happen next",
        table("What may happen next", columns, d.next,
            { hideCaption: true }));
}

/* ---- what was ---- */

/* To whom what was said about it, and whether they confirmed it. */
const toldColumns = [
    { head: "User", header: true, cell: m => orNone(m.userName ?? m.userId) },
    { head: "Message", cell: m => [m.code, m.list && [" ", h("span",
        { class: "hint" }, "a list that it is in")]] },
    { head: "Written", cell: m => time(m.written) },
    { head: "Confirmed", cell: m => m.state !== "confirmed"
        ? [tag(messageState(m.state)), m.lastError && [" ", h("span",
            { class: "hint" }, m.lastError)]]
        : m.confirmed === null ? "Yes" : time(m.confirmed) },
];

function told({ items }) {
    const open = items.filter(m => m.state !== "confirmed").length;
    return section("Messages about it", items.length > 0 && h("p", null,
        open === 0 ? "Every message about this update was confirmed."
            : `${plural(open, "message")} not confirmed yet.`),
    table("Messages about it", toldColumns, items, { hideCaption: true,
        empty: "Nobody had to be told anything of this update yet." }));
}

/* Read by itself: it takes longer than the rest. */
async function tellLater(place, deviceId, signal) {
    const answer = await get(`${devicePath(deviceId)}/messages`, null, signal)
        .catch(() => null);
    if (answer && !signal.aborted)
        replace(place, told(answer));
}

function trail(d) {
    const columns = [
        { head: "Time", cell: t => time(t.at), header: true },
        { head: "What", cell: t => trailKind(t.kind) },
        { head: "Status or message", cell: trailCode },
        { head: "Detail", cell: trailDetail },
    ];
    return h("details", { id: "trail" },
        h("summary", null, `History of this update (${number(
            d.trail.length)})`),
        table("History of this update", columns, d.trail,
            { hideCaption: true }));
}

function earlier(d) {
    const columns = [
        { head: "Last updated", cell: e => time(e.lastUpdated), header: true },
        { head: "Status", cell: e => [tag(status(e.status)),
            e.late && [" ", h("span", { class: "hint" }, "heard late")]] },
        { head: "Reason", cell: e => orNone(e.reasonCode &&
            reason(e.reasonCode)) },
        { head: "Firmware version", cell: e => orNone(e.firmwareVersion) },
        { head: "Request", cell: e => requestLink(e.requestId) },
    ];
    return d.earlier.length > 0 && h("details", { id: "earlier" },
        h("summary", null, `Earlier updates (${number(d.earlier.length)})`),
        table("Earlier updates", columns, d.earlier, { hideCaption: true }));
}

/* A local update, or an image that nobody asked for. */
function unknown(d) {
    const columns = [
        { head: "Time", cell: t => time(t.at), header: true },
        { head: "Detail", cell: trailDetail },
    ];
    return d.unknown.length > 0 && section("About no update we know",
        h("p", { class: "hint" }, "What was heard of this device and is of " +
            "none of its updates: a local update, or an image that nobody " +
            "asked for here."),
        table("About no update we know", columns, d.unknown,
            { hideCaption: true }));
}

/* ---- the page ---- */

function view(d, may, toldPlace) {
    return [
        dataAge(d.dataAge),
        h("div", { class: "columns-2" },
            h("div", null, now(d),
                d.mayReset && h("p", null, linkButton(
                    at("devices", d.deviceId, "reset"), "Reset this device",
                    "button-warning")),
                stuckNow(d.stuck),
                waits(d),
                details(d, may("showRequest"))),
            timeline(d)),
        unknown(d),
        next(d),
        toldPlace,
        h("div", { class: "section" }, trail(d), earlier(d)),
        may("listAudit") && h("p", { class: "section" }, link(`${at("audit")}?device=${
            d.deviceId}`, "All that the audit trail has of this device")),
    ];
}

/* It may move while somebody looks at it. */
function keepFresh(d, path, show, signal) {
    let shown = JSON.stringify(d);
    const timer = setInterval(async () => {
        const now = await get(path, null, signal).catch(() => null);
        const text = now && JSON.stringify({ ...now, dataAge: 0 });
        if (text && text !== shown)
            show(now);
        shown = text ?? shown;
    }, AGAIN);
    signal.addEventListener("abort", () => clearInterval(timer));
}

async function page({ parameters, may, signal }) {
    const path = `${devicePath(parameters.deviceId)}/firmware-status`;
    const d = await get(path, null, signal);
    const toldPlace = h("div", { "aria-live": "off" });
    const place = h("div", null, view(d, may, toldPlace));
    const said = live();
    const show = changed => {
        replace(place, view(changed, may, toldPlace));
        tellLater(toldPlace, d.deviceId, signal);
        said.textContent = `Status now: ${status(changed.status)[0]}`;
    };
    return {
        title: `Firmware Update Status of ${d.deviceId}`,
        content: [
            heading(id(d.deviceId), "Firmware Update Status",
                link(at("devices"), "Another device")),
            said, place,
        ],
        shown: () => {
            tellLater(toldPlace, d.deviceId, signal);
            keepFresh({ ...d, dataAge: 0 }, path, show, signal);
        },
    };
}

export const pages = [
    { path: "devices/:deviceId", page, operation: "deviceStatus" },
];
