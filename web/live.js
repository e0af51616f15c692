/* The live counts of a request: server-sent events, and polling where they do
 * not come through. */
import { get, url } from "./api.js";

const POLL_EVERY = 5000;
const PATIENCE = 3; /* failures in a row */

const wait = (ms, signal) => new Promise(resolve => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener("abort", () => {
        clearTimeout(timer);
        resolve();
    });
});

async function poll(path, { signal, onProgress, onState }) {
    while (!signal.aborted) {
        try {
            onProgress(await get(path, null, signal));
            onState("polling");
        } catch {
            onState("lost");
        }
        await wait(POLL_EVERY, signal);
    }
}

/* handlers: signal; onProgress(counts); onState("live" | "polling" | "lost" |
 * "unavailable": the server's database is away). */
export function follow(path, handlers) {
    const { signal, onProgress, onState } = handlers;
    const source = new EventSource(url(`${path}/events`));
    let failures = 0;
    source.addEventListener("open", () => {
        failures = 0;
        onState("live");
    });
    source.addEventListener("progress", e => {
        onProgress(JSON.parse(e.data));
        onState("live");
    });
    source.addEventListener("unavailable", () => onState("unavailable"));
    source.addEventListener("error", () => {
        failures++;
        onState("lost");
        if (source.readyState !== EventSource.CLOSED && failures < PATIENCE)
            return;
        source.close();
        poll(path, handlers);
    });
    signal.addEventListener("abort", () => source.close());
}
