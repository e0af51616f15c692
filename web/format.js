/* Times, numbers and names as people read them. */
import { h } from "./dom.js";

/* What times are said in: chosen once, kept by the browser. */
const ZONES = { UTC: "UTC", UK: "Europe/London" };
const KEPT_AS = "times";

function keptZone() {
    try {
        return localStorage.getItem(KEPT_AS) === "UK" ? "UK" : "UTC";
    } catch {
        return "UTC"; /* a browser that keeps nothing */
    }
}

export const zone = keptZone();
export const otherZone = zone === "UTC" ? "UK" : "UTC";

export function keepZone(name) {
    try {
        localStorage.setItem(KEPT_AS, name);
    } catch {
        return false;
    }
    return true;
}

const DATE = { day: "numeric", month: "short", year: "numeric",
    timeZone: ZONES[zone] };
const TIME = { hour: "2-digit", minute: "2-digit", second: "2-digit",
    hourCycle: "h23", timeZone: ZONES[zone] };

const dateOf = new Intl.DateTimeFormat("en-GB", DATE);
const timeOf = new Intl.DateTimeFormat("en-GB", TIME);
const numberOf = new Intl.NumberFormat("en-GB");
const relative = new Intl.RelativeTimeFormat("en-GB", { numeric: "always" });

const UNITS = [["day", 86400], ["hour", 3600], ["minute", 60], ["second", 1]];

/* The largest unit of which there are two or more, so that nothing is rounded
 * away that matters. */
function unitOf(seconds) {
    return UNITS.find(([, size]) => Math.abs(seconds) >= 2 * size) ??
        UNITS.at(-1);
}

export const number = value => numberOf.format(value);

export function plural(count, one, many = one + "s") {
    return `${number(count)} ${count === 1 ? one : many}`;
}

export function duration(seconds) {
    const [unit, size] = unitOf(seconds);
    return plural(Math.round(seconds / size), unit);
}

export function fromNow(instant) {
    const seconds = (new Date(instant) - Date.now()) / 1000;
    const [unit, size] = unitOf(seconds);
    return relative.format(Math.round(seconds / size), unit);
}

/* 5 Oct 2026, 13:05:22 UTC; a line may end between date and time only. */
export function timeText(instant) {
    const date = new Date(instant);
    const day = dateOf.format(date).replaceAll(" ", "\u00a0");
    return `${day}, ${timeOf.format(date)}\u00a0${zone}`;
}

export const now = () => new Date().toISOString();

/* Its day, or its time of day, alone: for axes. */
export const dayText = instant => dateOf.format(new Date(instant));
export const clockText = instant => timeOf.format(new Date(instant));

/* A time, or a dash where there is none. */
export function time(instant) {
    return instant === null ? none() :
        h("time", { datetime: instant }, timeText(instant));
}

/* With how long ago, or how long until then. */
export function timeFromNow(instant) {
    return instant === null ? none() :
        [time(instant), " ", h("span",
            { class: "hint", "data-from-now": instant }, `(${fromNow(instant)})`)];
}

/* Time goes by on a page that stays open. */
setInterval(() => {
    for (const place of document.querySelectorAll("[data-from-now]"))
        place.textContent = `(${fromNow(place.dataset.fromNow)})`;
}, 10000);

/* "–" says nothing to those who listen. */
export const none = () => [h("span", { "aria-hidden": "true" }, "–"),
    h("span", { class: "hidden" }, "none")];
export const orNone = value =>
    value === null || value === undefined || value === "" ? none() : value;

/* Identifiers: a line may end after the first of a RequestID's three parts,
 * and within a hash. */
export function id(text) {
    const parts = text?.match(/^[^:]+:|[^:]+:[^:]+$|.{1,36}/g) ?? [];
    return text === null ? none() : h("span", { class: "id" },
        parts.map((part, i) => [i > 0 && h("wbr"), h("span", null, part)]));
}

/* A RequestID where its sender stands beside it: its counter, which tells one
 * from another; the whole of it is in the title. */
export const shortId = requestId => requestId === null ? none() :
    h("span", { class: "id", title: requestId },
        requestId.split(":").at(-1));

export function percent(part, whole) {
    if (!whole)
        return "0%";
    const share = 100 * part / whole;
    if (part && share < 0.1)
        return "under 0.1%";
    return `${share < 10 || share > 90 ? round1(share, part === whole)
        : Math.round(share)}%`;
}

/* Not 100 while one is missing. */
function round1(share, all) {
    return all ? 100 : Math.min(99.9, Math.round(share * 10) / 10);
}

/* A Device ID as people type or paste it; null: it is none. */
export function readDeviceId(text) {
    const digits = text.replaceAll(/[\s:-]/g, "").toUpperCase();
    return /^[0-9A-F]{16}$/.test(digits) ? digits.match(/../g).join("-") : null;
}
