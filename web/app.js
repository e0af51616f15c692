/* Where everything starts: who is signed in, which page, and its frame. */
import { signOut, whoAmI } from "./api.js";
import { h } from "./dom.js";
import { keepZone, otherZone, zone } from "./format.js";
import { button, heading, inset, link, success } from "./parts.js";
import { at, BASE, go, onShow, start, takeNews } from "./router.js";
import { ROLES } from "./words.js";

import signIn from "./pages/sign-in.js";

/* A module of pages/ exports what it has as `pages`: path below the base, the
 * page, the operation that its reader needs, and what the navigation, which is
 * in this order, calls it. */
const MODULES = ["overview", "device-search", "device", "reset", "requests",
    "request", "request-devices", "retry", "csps", "dry-run", "guard",
    "outcomes", "neighbours", "rsat-004", "results", "volumes",
    "steer", "steering", "quarantine", "quarantine-decide", "alarms", "stuck",
    "undelivered", "ledger", "audit", "accounts", "account", "mail",
    "password"];
const PAGES = (await Promise.all(
    MODULES.map(name => import(`./pages/${name}.js`))))
    .flatMap(module => module.pages)
    .map(page => ({ ...page, pattern: patternOf(page.path) }));

/* The DCC's own people have the SSMI, all others the SSI. */
const SERVICES = {
    "/ssi": { short: "SSI", name: "Self Service Interface" },
    "/ssmi": { short: "SSMI", name: "Self Service Management Interface" },
};
const HOME = { supplier: "/ssi", auditor: "/ssi", service_desk: "/ssmi",
    administrator: "/ssmi" };

const service = SERVICES[BASE];
const main = document.getElementById("main");
const headerPlace = document.getElementById("header");
const navPlace = document.getElementById("nav");

/* undefined: not known yet. null: nobody. */
let me;
let leaving = new AbortController();

function patternOf(path) {
    const named = path.replaceAll(/:(\w+)/g, "(?<$1>[^/]+)");
    return new RegExp(`^${named}/?$`);
}

/* ---- frame ---- */

function showHeader() {
    const leave = async () => {
        await signOut();
        me = null;
        go(at(""));
    };
    headerPlace.replaceChildren(h("div", { class: "width header-row" },
        h("a", { href: at(""), class: "brand" },
            h("span", { class: "brand-short" }, service.short), " ",
            h("span", { class: "brand-name" }, "Firmware updates")),
        me && h("div", { class: "who" },
            h("span", null, me.name, " ", h("span", { class: "who-role" },
                me.supplierName ?? ROLES[me.role])),
            may("changeNotices") && link(at("mail"), "E-mail"),
            me.via === "session" && link(at("password"), "Password"),
            me.via === "session" &&
                button("Sign out", leave, "button-plain")) || ""));
}

function showNav(path) {
    const entries = me ? PAGES.filter(p => p.name && may(p.operation)) : [];
    const here = entries.map(p => p.path).filter(p => isWithin(path, p))
        .sort((a, b) => b.length - a.length)[0];
    navPlace.hidden = entries.length === 0;
    navPlace.replaceChildren(h("ul", { class: "width" }, entries.map(p =>
        h("li", null, h("a", { href: at(p.path),
            "aria-current": p.path === here && "page" }, p.name)))));
    showCurrent(navPlace.firstChild, navPlace.querySelector("[aria-current]"));
}

/* On a phone the entries are one line, which is drawn aside. */
function showCurrent(list, entry) {
    if (entry)
        list.scrollLeft = entry.offsetLeft - list.clientWidth / 2;
}

const isWithin = (path, page) => path === page || path.startsWith(page + "/");

const may = operation => !operation || me.operations.includes(operation);

/* ---- pages that are none ---- */

const plainPage = (title, ...content) =>
    ({ title, content: [heading(title), content] });

const notFound = () => plainPage("Page not found",
    h("p", null, "There is nothing at this address. "),
    h("p", null, link(at(""), "To the start page")));

const notAllowed = () => plainPage("You cannot use this page",
    h("p", null, `Your account (${ROLES[me.role]}) is not allowed to do ` +
        "this. If you need it, ask your administrator."),
    h("p", null, link(at(""), "To the start page")));

function elsewhere() {
    const home = SERVICES[HOME[me.role]];
    return plainPage(`The ${service.short} is not for your account`,
        inset(h("p", null, `You are signed in as ${me.name} ` +
            `(${ROLES[me.role]}). Your pages are in the ${home.name}.`)),
        h("p", null, h("a", { href: `${HOME[me.role]}/`, class: "button" },
            `Go to the ${home.short}`)));
}

/* What to do about it; each has a way on. */
const STEPS = {
    400: "The address asks for something that cannot be. Look for it instead:",
    403: "If you need it, ask your administrator. What you can use:",
    404: "It may be mistyped, or of a sender that you do not see. Look for it:",
};
const LASTING = "If it goes on, tell whoever runs fotad: its log says why.";

const waysOn = () => h("ul", null, [
    may("deviceStatus") && ["Look up a device", at("devices")],
    may("listRequests") && ["Find a request", at("requests")],
    ["The start page", at("")],
].filter(Boolean).map(([words, href]) => h("li", null, link(href, words))));

function failure(error) {
    const title = error.status === 404 ? "Not found" :
        error.status === 403 ? "You cannot see this" :
        "Sorry, there is a problem";
    const step = STEPS[error.status];
    return plainPage(title, inset(h("p", null, error.message)),
        step ? [h("p", null, step), me && waysOn()]
            : [h("p", null, button("Try again", show)),
                h("p", null, LASTING)]);
}

/* Times are said in one zone, on all pages. */
function showZone() {
    const change = () => keepZone(otherZone) && location.reload();
    document.getElementById("zone").replaceChildren(
        `Times are ${zone === "UK" ? "UK (London)" : "UTC"}. `,
        button(`Show them in ${otherZone === "UK" ? "UK time" : "UTC"}`, change,
            "button-plain button-inline"));
}

/* ---- show ---- */

async function pageAt(path, query, signal) {
    const page = PAGES.find(p => p.pattern.test(path));
    if (me === undefined)
        me = await whoAmI();
    if (!me)
        return signIn({ service, done: person => {
            me = person;
            return HOME[me.role] === BASE ? show() : location.replace(
                HOME[me.role] + "/");
        } });
    if (HOME[me.role] !== BASE)
        return elsewhere();
    if (!page)
        return notFound();
    if (!may(page.operation))
        return notAllowed();
    const parameters = Object.fromEntries(
        Object.entries(page.pattern.exec(path).groups ?? {}).map(
            ([name, value]) => [name, decodeURIComponent(value)]));
    return page.page({ path: location.pathname, parameters, query, me, may,
        signal });
}

async function pageOrFailure(path, query, signal) {
    try {
        return await pageAt(path, query, signal);
    } catch (error) {
        if (error.name === "AbortError")
            return null;
        if (error.status !== 401)
            return failure(error);
        me = null;
        return pageAt(path, query, signal);
    }
}

let isFirst = true;
async function show() {
    leaving.abort();
    leaving = new AbortController();
    const { signal } = leaving;
    const path = decodeURI(location.pathname).slice(BASE.length + 1);
    main.setAttribute("aria-busy", "true");
    const page = await pageOrFailure(path,
        new URLSearchParams(location.search), signal);
    if (!page || signal.aborted)
        return;
    const news = takeNews();
    showHeader();
    showNav(path);
    document.title = `${page.title} – ${service.short} firmware updates`;
    main.replaceChildren(h("div", { class: "width" }, news && success(news),
        page.content));
    main.removeAttribute("aria-busy");
    settle(news);
    page.shown?.();
}

/* The keyboard goes to where the reading begins. */
function settle(news) {
    if (!isFirst || news) {
        scrollTo(0, 0);
        main.querySelector(news ? ".banner" : "h1")?.focus();
    }
    isFirst = false;
}

document.body.classList.add(BASE.slice(1));
document.querySelector(".skip-link").addEventListener("click", e => {
    e.preventDefault();
    main.focus();
});
showZone();
onShow(show);
start();
show();
