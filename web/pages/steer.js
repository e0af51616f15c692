/* Orders about a request or a CSP: hold, release, stop, reset. */
import { get, post, put, requestPath } from "../api.js";
import { h } from "../dom.js";
import { id, number, orNone, plural, timeFromNow } from "../format.js";
import { field, heading, inset, link, summary, tag, warning }
    from "../parts.js";
import { reasonForm } from "../reason.js";
import { at, go } from "../router.js";
import { requestState } from "../words.js";

const VERBS = {
    hold: { title: "Hold", why: "Why is it held?",
        sure: "I confirm that nothing more is to be handed over",
        button: "Hold", kind: "", states: ["in-progress"],
        warning: "Nothing more is handed over to a CSP. What it has goes on, " +
            "and no time runs out for what waits." },
    release: { title: "Release", why: "Why is it released?",
        sure: "I confirm that it is to go on", button: "Release", kind: "",
        states: ["held"], warning: "What waits is handed over from now on." },
    stop: { title: "Stop", why: "Why is it stopped?",
        sure: "I confirm that it is to end", button: "Stop",
        kind: "button-warning", states: ["in-progress", "held"],
        warning: "What no CSP has ends at once. What a CSP has is taken back " +
            "where the CSP can, and goes on elsewhere. This cannot be undone." },
    reset: { title: "Reset all devices of", why: "Why are they reset?",
        sure: "I confirm that all devices are to be reset",
        button: "Reset all devices", kind: "button-warning",
        states: ["in-progress", "held", "stopped"],
        warning: "Every device leaves the update at once and another one may " +
            "be sent. What CSPs and Communications Hubs have in hand is not " +
            "stopped by this." },
};

const until = () => field({ name: "until", label: "Until (UTC)",
    type: "datetime-local", hint: "It ends by itself then. Leave empty: " +
        "until somebody releases it." });

const outcome = (verb, end) => end.state === "asked"
    ? `Order ${end.id} waits for another person to approve it.`
    : `${verb.title}: ${plural(end.devices, "device")}` +
        (end.underWay > 0 ? `; a CSP has ${number(end.underWay)} more.` : ".");

function orderForm(name, about, back) {
    const verb = VERBS[name];
    const submit = async (reason, values) => {
        const end = await post("steering", { verb: name, ...about, reason,
            ...(values.until && { until: `${values.until}:00Z` }) });
        await go(back, { news: outcome(verb, end) });
    };
    return reasonForm({ ...verb, noReason: "Enter why",
        notSure: "Confirm what is to be done" }, submit, back,
    name === "hold" && until());
}

const missing = () => ({ title: "Not found", content: [
    heading("Not found"), inset(h("p", null, "There is no such order.")),
] });

/* ---- a request ---- */

const holds = r => r.holds.map(hold => h("p", null,
    `Held ${hold.bySender ? "by its sender" : hold.person
        ? `by ${hold.person}` : ""}: ${hold.reason}`));

async function requestPage({ parameters, me, signal }) {
    const verb = VERBS[parameters.verb];
    if (!verb || (parameters.verb === "reset" && me.role === "supplier"))
        return missing();
    const r = await get(requestPath(parameters.requestId), null, signal);
    const back = at("requests", r.requestId);
    const counter = r.requestId.split(":").at(-1);
    return { title: `${verb.title} request ${counter}`, content: [
        heading(`${verb.title} request ${counter}`, id(r.requestId)),
        summary([
            ["State", tag(requestState(r.state))],
            ["Sender", orNone(r.senderName ?? r.sender)],
            ["Firmware version", orNone(r.firmwareVersion)],
            ["Devices", number(r.devices.accepted)],
            ["Received", timeFromNow(r.received)],
        ]),
        holds(r),
        verb.states.includes(r.state) ? [
            warning(verb.warning),
            orderForm(parameters.verb, { requestId: r.requestId }, back),
        ] : inset(h("p", null, "There is nothing to do: its state is not one " +
            "for that."), h("p", null, link(back, "Back to the request"))),
    ] };
}

/* ---- its plan ---- */

const FIELDS = [
    ["first", "First wave", "Devices, or a share: 100, 5%"],
    ["next", "Next waves", "The same; empty: as the first"],
    ["wait", "Wait between waves", "30m, 2h, 1d"],
    ["failures", "Hold when more fail", "Of a model or a CSP: 2% of 50 (at " +
        "least 50 outcomes)"],
    ["start", "Not before (UTC)", "2026-12-07T22:00Z"],
    ["window", "Hours (London)", "mon-fri 22:00-06:00"],
];

const said = (text, word) => text.split(",").map(part => part.trim())
    .find(part => part.startsWith(`${word} `))?.slice(word.length + 1) ?? "";

/* What has no field of its own is kept. */
const others = text => text.split(",").map(part => part.trim())
    .filter(part => part && !FIELDS.some(([word]) =>
        part.startsWith(`${word} `)));

async function planPage({ parameters, signal }) {
    const r = await get(requestPath(parameters.requestId), null, signal);
    const text = r.plan?.plan ?? "";
    const back = at("requests", r.requestId);
    const counter = r.requestId.split(":").at(-1);
    const submit = async (reason, values) => {
        const parts = FIELDS.filter(([word]) => values[word].trim())
            .map(([word]) => `${word} ${values[word].trim()}`);
        await put(`${requestPath(r.requestId)}/plan`,
            { plan: [...parts, ...others(text)].join(", "), reason });
        await go(back, { news: "The plan is set." });
    };
    return { title: `Plan of request ${counter}`, content: [
        heading(`Plan of request ${counter}`, id(r.requestId)),
        h("p", null, "All fields empty: the rest goes at once. Waves that " +
            "went stay gone."),
        reasonForm({ why: "Why?", noReason: "Enter why", sure: "I confirm " +
            "that it goes out so", notSure: "Confirm the plan",
        button: "Set the plan", kind: "" }, submit, back,
        FIELDS.map(([name, label, hint]) => field({ name, label, hint,
            value: said(text, name) }))),
    ] };
}

/* ---- a CSP ---- */

async function cspPage({ parameters }) {
    const { csp, verb: name } = parameters;
    const verb = VERBS[name];
    if (!verb || !["hold", "release"].includes(name))
        return missing();
    return { title: `${verb.title} ${csp}`, content: [
        heading(`${verb.title} ${csp}`, "All requests, those to come as well"),
        warning(verb.warning),
        orderForm(name, { csp }, at("csps")),
    ] };
}

export const pages = [
    { path: "requests/:requestId/steer/:verb", page: requestPage,
        operation: "steer" },
    { path: "requests/:requestId/plan", page: planPage, operation: "setPlan" },
    { path: "csps/:csp/steer/:verb", page: cspPage, operation: "steer" },
];
