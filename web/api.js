/* The JSON behind the pages: schemas/ssi-openapi.json. */

/* What the server says is wrong (RFC 9457). */
export class Problem extends Error {
    constructor(status, detail, retryAfter) {
        super(detail);
        this.status = status;
        this.retryAfter = retryAfter;
    }
}

const NO_ANSWER = "The server does not answer. Check your connection and try " +
    "again.";

let csrfToken = null;

async function problem(answer) {
    const body = await answer.json().catch(() => ({}));
    return new Problem(answer.status,
        body.detail ?? `The server answered ${answer.status}.`,
        Number(answer.headers.get("Retry-After")) || null);
}

async function send(address, options) {
    try {
        return await fetch(address, { cache: "no-store", ...options });
    } catch (error) {
        if (error.name === "AbortError")
            throw error;
        throw new Problem(0, NO_ANSWER);
    }
}

export function url(path, query) {
    const text = new URLSearchParams(
        Object.entries(query ?? {}).filter(([, value]) => value)).toString();
    return `/api/v1/${path}${text && "?" + text}`;
}

async function call(method, path, { query, body, type, signal } = {}) {
    const headers = {};
    if (method !== "GET" && csrfToken)
        headers["X-CSRF-Token"] = csrfToken;
    if (body !== undefined)
        headers["Content-Type"] = type ?? "application/json";
    const answer = await send(url(path, query), { method, headers, signal,
        body: type || body === undefined ? body : JSON.stringify(body) });
    if (!answer.ok)
        throw await problem(answer);
    return answer.status === 204 ? null : answer.json();
}

export const get = (path, query, signal) =>
    call("GET", path, { query, signal });
export const post = (path, body, type) => call("POST", path, { body, type });
export const put = (path, body) => call("PUT", path, { body });
export const remove = path => call("DELETE", path);

/* Path of a request, a device, an account. Colons may stand as they are. */
const part = text => encodeURIComponent(text).replaceAll("%3A", ":");
export const requestPath = id => `requests/${part(id)}`;
export const devicePath = id => `devices/${part(id)}`;
export const accountPath = name => `accounts/${part(name)}`;

/* ---- who is signed in ---- */

function remember(me) {
    csrfToken = me.csrfToken;
    return me;
}

/* null: nobody. */
export async function whoAmI() {
    try {
        return remember(await get("me"));
    } catch (error) {
        if (error.status === 401)
            return null;
        throw error;
    }
}

export async function signIn(name, password) {
    csrfToken = null;
    return remember(await post("sign-in", { name, password }));
}

export async function signOut() {
    await post("sign-out");
    csrfToken = null;
}
