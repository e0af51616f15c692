/* Paths within the application, and the move from one to the next. */

/* "/ssi" or "/ssmi": which of the two interfaces this is. */
export const BASE = location.pathname.startsWith("/ssmi") ? "/ssmi" : "/ssi";

let show = () => {};
export function onShow(f) {
    show = f;
}

/* The link to a page: at("requests", id). */
export function at(...parts) {
    return `${BASE}/${parts.map(part =>
        encodeURIComponent(part).replaceAll("%3A", ":")).join("/")}`;
}

/* state.trail: the pages before this one of a list; state.news: what to say at
 * its top. */
export function go(href, state = null) {
    history.pushState(state, "", href);
    return show();
}

/* The same page again, its news said. */
export function stay(news) {
    history.replaceState({ ...history.state, news }, "");
    return show();
}

/* Says once what the page before had to tell. */
export function takeNews() {
    const { news, ...rest } = history.state ?? {};
    if (news)
        history.replaceState(rest, "");
    return news ?? null;
}

/* Links that stay inside do not load the page anew. */
function follow(e) {
    const a = e.target.closest?.("a[href]");
    if (!a || e.defaultPrevented || e.button || e.metaKey || e.ctrlKey ||
        e.shiftKey || e.altKey || a.hasAttribute("download") ||
        a.getAttribute("href").startsWith("#") ||
        a.origin !== location.origin || !a.pathname.startsWith(BASE + "/"))
        return;
    e.preventDefault();
    go(a.pathname + a.search);
}

export function start() {
    document.addEventListener("click", follow);
    addEventListener("popstate", () => show());
}
