/* One Service Request, live. */
import { get, requestPath } from "../api.js";
import { curve, share, stackedBar } from "../charts.js";
import { h, replace } from "../dom.js";
import { clockText, dayText, duration, fromNow, id, number, orNone, percent,
    plural, time, timeFromNow, timeText } from "../format.js";
import { variantText } from "../lists.js";
import { follow } from "../live.js";
import { dataAge, figure, heading, inset, link, linkButton, live, section,
    summary, table, tag, tagWithCode } from "../parts.js";
import { at } from "../router.js";
import { byStatus, guardMode, guardRule, jobState, reason, REFUSED_LISTS,
    requestState, STAGES, status, steeringState, steeringVerb } from "../words.js";

const MORE_EVERY = 3000;

function devicesLink(r, query, text) {
    return link(`${at("requests", r.requestId, "devices")}?${
        new URLSearchParams(query)}`, text);
}

/* ---- what it is ---- */

const ANSWERS = { I: "accepted", W: "accepted for some devices",
    E: "refused" };

function answerText(code) {
    const words = code && ANSWERS[code[0]];
    return orNone(code && (words ? `${code}: ${words}` : code));
}

function details(r) {
    return section("Details", summary([
        ["RequestID", id(r.requestId)],
        ["Service", variantText(r.serviceReferenceVariant)],
        ["Sender", r.senderName ?? "", " ",
            h("span", { class: "hint" }, id(r.sender))],
        ["Received", timeFromNow(r.received)],
        r.ended !== null && ["Ended", time(r.ended), " ", h("span",
            { class: "hint" }, `(after ${duration((new Date(r.ended) -
                new Date(r.received)) / 1000)})`)],
        ["Answer", answerText(r.responseCode)],
        ["Firmware version", orNone(r.firmwareVersion)],
        ["Hash of the Manufacturer Image", id(r.imageHash)],
        ["Devices", `${number(r.devices.listed)} listed, ` +
            `${number(r.devices.accepted)} accepted`],
    ]));
}

/* What the guard refused is in a list, with its rule as the reason. */
const recorded = (r, code) => r.failures.some(f =>
    f.status === "REJECTED_BY_DSP" && f.reasonCode === code);

const guard = r => r.guard.length > 0 && section("The guard",
    table("What the guard said of its devices", [
        { head: "Rule", header: true, cell: g => guardRule(g.rule) },
        { head: "It", cell: g => tag(guardMode(g.mode)) },
        { head: "Devices", numeric: true, cell: g => g.mode === "refuse"
            ? devicesLink(r, { status: "REJECTED_BY_DSP", reason: g.rule },
                number(g.devices)) : g.devices },
        { head: "Which", cell: g => g.deviceIds === null ? orNone(null)
            : [g.deviceIds.slice(0, 3).map(one => h("div", null, link(
                at("devices", one), id(one)))), g.devices > 3 &&
                h("span", { class: "hint" },
                    `and ${number(g.devices - 3)} more`)] },
    ], r.guard, { hideCaption: true }),
    h("p", { class: "hint" }, r.guard.map(g => g.meaning).join(" ")));

function refused(r) {
    const items = Object.entries(REFUSED_LISTS)
        .map(([name, code]) => ({ code, devices: r.devices.refused[name] }))
        .filter(i => i.devices);
    return items.length > 0 && section("Refused by the DSP",
        table("Refused by the DSP, by list", [
            { head: "List", header: true, cell: i => reason(i.code) },
            { head: "Devices", numeric: true, cell: i => recorded(r, i.code)
                ? devicesLink(r, { status: "REJECTED_BY_DSP", reason: i.code },
                    number(i.devices)) : number(i.devices) },
        ], items, { hideCaption: true }),
        items.some(i => i.code === "invalid") && h("p", { class: "hint" },
            "Devices that are not in the Smart Metering Inventory are " +
            "counted here, but have no record."));
}

/* ---- live ---- */

const MINUTE = 60000, DAY = 86400000;
const ofStages = stages =>
    Object.fromEntries(stages.map(s => [s.stage, s.devices]));

/* A meter that has the firmware has all that a request for it was to do; a
 * PPMID is waited for until it runs it. As the tables by CSP and model count. */
function counted(r, stages) {
    const of = ofStages(stages);
    const isPpmids = r.serviceReferenceVariant === "11.4";
    return { of, verb: isPpmids ? "run" : "have",
        done: of.activated + (isPpmids ? 0 : of.onHan),
        underWay: of.awaitingCsp + of.approved + of.onHub +
            (isPpmids ? of.onHan : 0),
        all: stages.reduce((sum, s) => sum + s.devices, 0) };
}

const fromNowSoon = instant =>
    Math.abs(new Date(instant) - Date.now()) < MINUTE ? "within a minute"
        : fromNow(instant);

function rateFigures({ rate, state }) {
    if (!rate || state === "finished" || state === "stopped")
        return null;
    return figure(number(Math.round(rate.devicesPerHour)), "devices an hour",
        `between ${number(Math.round(rate.low))} and ` +
        `${number(Math.round(rate.high))} (95%), over the last ` +
        duration(rate.windowSeconds));
}

/* ---- the forecast ---- */

const forecastTimes = f => f.p90 === null ? f.words
    : [time(f.p50), " for half, ", time(f.p90), " for nine of ten"];

/* How often the P90 of a CSP and type held lately. */
const heldText = s => `${percent(s.byP90, s.devices)} of ` +
    `${number(s.devices)} devices of ${s.csp}, ${s.deviceType}`;

function forecastSection({ forecast: f, state }) {
    if (!f || state === "finished" || state === "stopped")
        return null;
    return section("Forecast",
        h("p", null, f.p90 === null ? `No forecast: ${f.words}.`
            : ["Half of its devices will be done ", fromNowSoon(f.p50), ", on ",
                time(f.p50), "; nine of ten ", h("strong", null,
                    fromNowSoon(f.p90)), ", on ", time(f.p90), "."]),
        h("div", { class: "wide" }, table("Forecast by CSP and model", [
            { head: "CSP", header: true, cell: p => p.csp },
            { head: "Device type", cell: p => p.deviceType },
            { head: "Model", cell: p => orNone(p.model) },
            { head: "Done", numeric: true, cell: p =>
                `${number(p.done)} of ${number(p.devices)}` },
            { head: "Done by", cell: forecastTimes },
            { head: "Rests on", numeric: true, cell: p =>
                plural(p.history, "update") },
        ], f.parts, { hideCaption: true })),
        h("p", { class: "hint" }, "Made at ", time(f.made),
            " from how long others took, with its plan and what waits. ",
            f.score.length > 0
                ? ["By the P90 of the last 30 days, of which 90% is right, ",
                    f.score.map(heldText).join("; "), " were done."]
                : "None of the last 30 days is known to have held or not."));
}

function figures(r, p) {
    const { of, verb, done, underWay, all } = counted(r, p.stages);
    const { alerts } = p;
    return h("div", { class: "figures" },
        figure(number(done), `${verb} the firmware`, percent(done, all)),
        figure(number(underWay), "under way", percent(underWay, all)),
        of.failed + of.timedOut > 0 && figure(devicesLink(r,
            { outcome: "failed" }, number(of.failed + of.timedOut)),
        "failed, or no news in time", percent(of.failed + of.timedOut, all)),
        rateFigures(p),
        figure(`${number(alerts.confirmed)} of ${number(alerts.sent)}`,
            "messages confirmed by Users",
            alerts.givenUp > 0 && link(at("undelivered"),
                `${number(alerts.givenUp)} given up`)));
}

function statusTable(r, statuses) {
    const all = Object.values(statuses).reduce((a, b) => a + b, 0);
    return table("Devices by status", [
        { head: "Status", header: true, cell: ([code]) =>
            tagWithCode(status(code), code) },
        { head: "Devices", numeric: true, cell: ([code, devices]) =>
            devicesLink(r, { status: code }, number(devices)) },
        { head: "Share", numeric: true, cell: ([, devices]) =>
            percent(devices, all) },
    ], byStatus(Object.entries(statuses)));
}

const isOver = state => ["finished", "refused", "stopped"].includes(state);

/* The bar moves; the rest is shown anew. */
function progress(r) {
    const bar = stackedBar(r.stages.map(s => ({ kind: s.stage,
        label: STAGES[s.stage], value: s.devices })));
    const numbers = h("div", null, figures(r, r));
    const where = h("p", null, r.where);
    const statuses = h("div", { class: "section" },
        statusTable(r, r.statuses));
    const state = h("p", { class: `live-state${isOver(r.state) ? " is-over"
        : ""}` }, tag(requestState(r.state)));
    const connection = h("span", { class: "hint" });
    state.append(" ", connection);
    return {
        node: section("Progress", state, where, numbers, bar.node, statuses),
        connection,
        update: p => {
            bar.update(p.stages.map(s => s.devices));
            where.textContent = p.where ?? "";
            replace(numbers, figures(r, p));
            state.classList.toggle("is-over", isOver(p.state));
            replace(statuses, statusTable(r, p.statuses));
            state.replaceChild(tag(requestState(p.state)), state.firstChild);
        },
    };
}

/* ---- by reason, CSP, model; jobs ---- */

/* What the DSP refused has its own table. */
const failed = r => r.failures.filter(f => f.status !== "REJECTED_BY_DSP");

const failures = r => failed(r).length > 0 && section("Failures by reason",
    table("Failures by reason", [
        { head: "Status", header: true, cell: f => tag(status(f.status)) },
        { head: "Reason", cell: f => orNone(f.reasonCode &&
            reason(f.reasonCode)) },
        { head: "Devices", numeric: true, cell: f => devicesLink(r,
            { status: f.status,
                ...(f.reasonCode && { reason: f.reasonCode }) },
            number(f.devices)) },
    ], failed(r), { hideCaption: true }),
    h("p", null, link(at("requests", r.requestId, "retry"),
        "Retry the failed: which may be sent again now")));

/* of(row): the query that narrows the devices to it. */
const shares = (r, of) => [
    { head: "Devices", numeric: true, cell: s => s.devices },
    ...[["Under way", "inProgress"], ["Succeeded", "succeeded"],
        ["Failed", "failed"]].map(([head, outcome]) => ({ head, numeric: true,
        cell: s => s[outcome] > 0 && of(s) !== null
            ? devicesLink(r, { ...of(s), outcome }, number(s[outcome]))
            : s[outcome] })),
    { head: "Shares", cell: share },
];

const byCsp = r => r.byCsp.length > 0 && section("By CSP",
    table("By CSP", [
        { head: "CSP", header: true, cell: s =>
            devicesLink(r, { csp: s.csp }, s.csp) },
        ...shares(r, s => ({ csp: s.csp })),
    ], r.byCsp, { hideCaption: true }));

const model = m => m.manufacturerId === null ? orNone(null)
    : `${m.manufacturerId} ${m.modelId} ${m.hardwareVersion}`;

const modelQuery = m => m.manufacturerId === null ? null : { model:
    `${m.manufacturerId}:${m.modelId}:${m.hardwareVersion}` };

const byModel = r => r.byModel.length > 0 && section("By model",
    table("By model", [
        { head: "Type", header: true, cell: m => m.deviceType },
        { head: "Manufacturer, model, hardware", cell: m =>
            modelQuery(m) === null ? model(m)
                : devicesLink(r, modelQuery(m), model(m)) },
        ...shares(r, modelQuery),
    ], r.byModel, { hideCaption: true }));

const jobs = r => r.jobs.length > 0 && h("details", { id: "jobs",
    class: "section" },
h("summary", null, `Jobs for the CSPs (${number(r.jobs.length)})`),
table("Jobs for the CSPs", [
    { head: "Job", header: true, cell: j => id(j.jobId) },
    { head: "CSP", cell: j => j.csp },
    { head: "Devices", numeric: true, cell: j => j.devices },
    { head: "State", cell: j => tag(jobState(j.state)) },
    { head: "Tries", numeric: true, cell: j => j.tries },
    { head: "Next try", cell: j => time(j.nextTry) },
    { head: "Handed over", cell: j => time(j.ended) },
    { head: "Validation report", cell: j => [time(j.reported),
        j.contradicted && h("p", { class: "hint" }, "A later report, of ",
            time(j.contradicted), ", says otherwise. The first one counts: " +
            "ask the CSP."),
        j.silent && h("p", { class: "hint" }, "The CSP took the job and was " +
            "silent: its devices were released at ", time(j.silent), ".")] },
    { head: "Latest error", cell: j => orNone(j.lastError) },
], r.jobs, { hideCaption: true }));

/* ---- how it came to its end ---- */

const LAYERS = [["succeeded", "activated", "Succeeded"],
    ["failed", "failed", "Failed, or no news in time"],
    ["takenBack", "reset", "Reset or stopped"],
    ["inProgress", "approved", "Under way"]];

/* The first moment by which so many of its devices had ended; null: not yet. */
function endedBy(points, part) {
    const all = points[0].inProgress;
    const found = points.find(p => all - p.inProgress >= part * all);
    return found ? found.at : null;
}

function curveText(points) {
    const [half, most] = [0.5, 0.9].map(part => endedBy(points, part));
    const last = points.at(-1);
    return [`From ${timeText(points[0].at)} to ${timeText(last.at)}`,
        half && `half of the devices had ended by ${timeText(half)}`,
        most && `nine of ten by ${timeText(most)}`,
        `${number(last.succeeded)} succeeded`,
        last.failed > 0 && `${number(last.failed)} failed`,
        last.takenBack > 0 && `${number(last.takenBack)} reset or stopped`,
        last.inProgress > 0 && `${number(last.inProgress)} under way`,
    ].filter(Boolean).join("; ") + ".";
}

/* Every twelfth of 48 steps is written below it, and in the table. */
const EACH = 12;

function overTime(r) {
    const points = r.curve;
    if (points.length === 0)
        return null;
    const layers = LAYERS.filter(([name]) => points.some(p => p[name] > 0));
    const days = new Date(points.at(-1).at) - new Date(points[0].at) > DAY;
    return section("Over time", curve("Over time", points.map((p, i) => ({
        at: new Date(p.at),
        label: i % EACH === 0 && (days ? dayText : clockText)(p.at),
        values: layers.map(([name]) => p[name]) })),
    layers.map(([, kind, label]) => ({ kind, label })), curveText(points)),
    h("details", { id: "curve" }, h("summary", null, "The same in numbers"),
        table("Devices by time", [
            { head: "Time", header: true, cell: p => time(p.at) },
            ...layers.map(([name, , label]) => ({ head: label, numeric: true,
                cell: p => p[name] })),
        ], points.filter((p, i) => i % (EACH / 4) === 0),
        { hideCaption: true })));
}

const more = r => [forecastSection(r), overTime(r), waits(r), failures(r),
    refused(r), guard(r), byCsp(r), byModel(r),
    orders(r), jobs(r)];

/* ---- steering ---- */

const ACTIONS = { "in-progress": ["hold", "stop"], held: ["release", "stop"] };
const ACTION_WORDS = { hold: "Hold", release: "Release", stop: "Stop",
    plan: "Plan", reset: "Reset all devices" };

const actions = (r, { may, me }) => may("steer") && h("p",
    { class: "button-row" }, (ACTIONS[r.state] ?? []).concat(
        ["in-progress", "held"].includes(r.state) ? ["plan"] : [],
        me.role === "service_desk" && ["in-progress", "held", "stopped"]
            .includes(r.state) ? ["reset"] : []).map(verb =>
        linkButton(verb === "plan" ? at("requests", r.requestId, "plan")
            : at("requests", r.requestId, "steer", verb),
            ACTION_WORDS[verb], "button-second")));

const holder = hold => hold.bySender ? "by its sender"
    : hold.person ? `by ${hold.person}`
    : hold.cause === "person" ? "by the DCC" : "by fotad";

const holds = r => r.holds.length > 0 && inset(r.holds.map(hold => h("p", null,
    `${plural(hold.devices, "device")} held ${holder(hold)} since `,
    time(hold.since), hold.until !== null && [", until ", time(hold.until)],
    `: ${hold.reason} (${hold.scope})`)));

const orders = r => r.steering.length > 0 && section("Orders",
    table("Orders about this request", [
        { head: "Order", header: true, cell: o => tag(steeringVerb(o.verb)) },
        { head: "State", cell: o => tag(steeringState(o.state)) },
        { head: "By", cell: o => orNone(o.person) },
        { head: "Reason", cell: o => o.reason },
        { head: "Made", cell: o => time(o.made) },
        { head: "Devices", numeric: true, cell: o => number(o.devices) },
    ], r.steering, { hideCaption: true }));

/* ---- why it waits ---- */

const waits = r => r.waits.length > 0 && section("Waiting here",
    table("Devices that no CSP has been given yet", [
        { head: "Devices", numeric: true, cell: w => number(w.devices) },
        { head: "Type", cell: w => w.deviceType },
        { head: "CSP", header: true, cell: w => w.csp },
        { head: "Because", cell: w => w.words },
    ], r.waits, { hideCaption: true }));

/* ---- the plan ---- */

const PLAN_WAITS = { start: "waits for its start", window: "waits for its " +
    "hours", outcomes: "waits for outcomes of the devices so far",
wait: "waits before the next wave" };
const WAVE_STATES = { done: ["Gone", "green"], open: ["Open", "blue"],
    "to come": ["To come", "grey"] };

const planState = p => p.ended ? "It has ended." : [
    p.wave > 0 ? `Wave ${p.wave}; ` : "No wave yet; it ", PLAN_WAITS[p.waits] ?? "devices go out",
    p.next !== null && [", until ", time(p.next)], "."];

const plan = r => r.plan !== null && section("Plan",
    h("p", null, planState(r.plan)),
    h("ol", { class: "waves" }, r.plan.waves.map(w => h("li",
        { class: `wave wave-${w.state.replace(" ", "-")}` },
        h("strong", null, `Wave ${w.wave}`), " ",
        plural(w.devices, "device"), " ", tag(WAVE_STATES[w.state])))),
    h("p", { class: "hint" }, r.plan.plan || "All at once"));

/* ---- the page ---- */

/* What the events do not carry is fetched again, now and then, when they say
 * that something has changed. */
function moreLater(path, place, signal) {
    let timer = null;
    const fetchNow = async () => {
        timer = null;
        const r = await get(path, null, signal).catch(() => null);
        if (r && !signal.aborted)
            replace(place, more(r));
    };
    return () => {
        timer ??= setTimeout(fetchNow, MORE_EVERY);
    };
}

function say(said, r, p) {
    const { of, verb, done } = counted(r, p.stages);
    said.textContent = `${requestState(p.state)[0]}: ` +
        `${plural(done, "device")} ${verb} the firmware, ` +
        `${number(of.failed)} failed`;
}

const CONNECTIONS = { live: "live", polling: "refreshed every 5 seconds",
    lost: "no connection; trying again",
    unavailable: "the database is away: this is what was known last" };

function watch(r, path, parts, signal) {
    const later = moreLater(path, parts.more, signal);
    let first = true;
    follow(path, {
        signal,
        onProgress: p => {
            parts.progress.update(p);
            if (!first)
                later();
            first = false;
            say(parts.said, r, p);
        },
        onState: state => {
            parts.progress.connection.textContent = CONNECTIONS[state];
            parts.progress.connection.dataset.state = state;
        },
    });
}

async function page({ parameters, may, me, signal }) {
    const path = requestPath(parameters.requestId);
    const r = await get(path, null, signal);
    const devices = r.devices.listed > 0;
    const parts = { said: live(), progress: progress(r),
        more: h("div", null, more(r)) };
    const counter = r.requestId.split(":").at(-1);
    const href = at("requests", r.requestId, "devices");
    return {
        title: `Request ${counter}`,
        content: [
            heading(`Request ${counter}`,
                variantText(r.serviceReferenceVariant),
                devices && linkButton(href, "Devices", "button-second")),
            dataAge(r.dataAge),
            parts.said,
            actions(r, { may, me }),
            holds(r),
            plan(r),
            devices && parts.progress.node,
            devices && parts.more,
            r.state === "quarantined" && inset(h("p", null, "Anomaly " +
                "detection holds this request: nothing of it is sent on " +
                "until the DCC Service Desk releases it. Its sender is told " +
                "what was decided."), may("releaseRequest") &&
                h("p", null, link(`${at("quarantine")}?state=held`,
                    "Release it or reject it"))),
            details(r),
            may("listAudit") && h("p", null, link(`${at("audit")}?request=${
                r.requestId}`, "What the audit trail has of this request")),
        ],
        shown: () => devices && watch(r, path, parts, signal),
    };
}

export const pages = [
    { path: "requests/:requestId", page, operation: "showRequest" },
];
