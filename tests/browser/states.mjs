/* Every page of web/pages in every state that a person meets it in: empty, with
 * all there is, of a request that is live, held, in quarantine, failed, stopped
 * or finished; while the database is away, and after the session has ended. */
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { as, done, examine, go, quick } from "./browser.mjs";
import * as world from "./world.mjs";

const NOBODY = "90-B3-D5-1F-30-04-00-00:90-B3-D5-1F-30-00-00-02:1";
const NAMES = { requestId: NOBODY, deviceId: "00-DB-00-00-00-00-00-99",
    holdId: "1", orderId: "1", csp: "north", verb: "hold", name: "desk",
    rule: "sent_again", alarmRule: "csp_silent" };

/* What the modules say, so that none is left out. */
const PATHS = readdirSync("web/pages").flatMap(name =>
    [...readFileSync(`web/pages/${name}`, "utf8").matchAll(
        /\{\s*path: "([^"]*)",\s*page/g)].map(found => found[1]));
const filled = (path, names) => path.replaceAll(/:(\w+)/g,
    (_, name) => names[name]);
const plain = path => path.replaceAll(/[^\w-]+/g, "-") || "start";

/* A supplier that has nothing yet, and who sees all that the others made. */
const WHO = [["dora", "/ssi/"], ["desk", "/ssmi/"], ["root", "/ssmi/"]];

const away = route => route.fulfill({ status: 503,
    contentType: "application/problem+json", body: JSON.stringify({
        status: 503, detail: "The database cannot be reached." }) });
const ended = route => route.fulfill({ status: 401,
    contentType: "application/problem+json", body: JSON.stringify({
        status: 401, detail: "You are not signed in, or no more." }) });

/* What is asked of the page itself, not who it is for. */
const ITS_OWN = url => url.pathname.startsWith("/api/v1/") &&
    url.pathname !== "/api/v1/me";

/* ---- requests in each state ---- */

const cspFaults = rows => ["north", "south"].forEach(
    name => world.setCspFaults(name, rows));

/* Each sends one with what the CSPs then do wrong; what is done with it; and
 * what of it says that it is so. */
const REQUESTS = {
    live: { faults: "job 503", is: r => r.state === "in-progress" },
    held: { faults: "job 503", then: id => world.order("hold", id),
        is: r => r.state === "held" },
    stopped: { faults: "job 503", then: id => world.order("stop", id),
        is: r => r.state === "stopped" },
    failed: { faults: "fail 100 HUB_NOT_REACHABLE",
        is: r => r.state === "finished" },
    finished: { faults: "", is: r => r.state === "finished" },
};

async function made(image, { faults, then, is }, page) {
    const list = world.devices(3, image, "accepted", 4);
    cspFaults(faults);
    const requestId = await world.send(3, "11.4", image, list, "I99");
    await then?.(requestId);
    for (let tries = 0; ; tries++) {
        const r = await (await page.request.get(
            `/api/v1/requests/${requestId}`)).json();
        if (is(r))
            break;
        assert.ok(tries < 120, `${requestId} is ${r.state}`);
        await page.waitForTimeout(500);
    }
    cspFaults("");
    return { ...NAMES, requestId, deviceId: list[0] };
}

/* One that a threshold held. */
async function quarantined(image, page) {
    world.setThreshold(2, "11.4", 1, 2);
    const list = world.devices(2, image, "accepted", 3);
    const requestId = await world.send(2, "11.4", image, list, "I99");
    const { items } = await (await page.request.get(
        "/api/v1/quarantine?state=held")).json();
    return { ...NAMES, requestId, deviceId: list[0],
        holdId: items.find(hold => hold.requestId === requestId).id };
}

async function examineAll(page, base, paths, names, state) {
    for (const path of paths) {
        await go(page, base + filled(path, names));
        await page.locator("main:not([aria-busy])").waitFor();
        await examine(page, `state-${plain(path)}-${state}`);
    }
}

/* ---- the tests ---- */

export function testStates(test, image) {
    test("all pages are known by their modules", () => {
        assert.ok(PATHS.length > 25, `${PATHS.length} pages`);
        assert.ok(!PATHS.some(path => filled(path, NAMES)
            .includes("undefined")));
    });

    for (const [name, base] of WHO)
        test(`every page opens for ${name}: the database away, the session ` +
            "ended, and without either", async () => {
            const page = await as(name, base);
            for (const path of PATHS) {
                const at = base + filled(path, NAMES);
                await go(page, at);
                await quick(page, `${name} ${path} opened`);
                await page.route(ITS_OWN, away);
                await go(page, at);
                await quick(page, `${name} ${path} away`);
                await page.unroute(ITS_OWN);
                await page.route("**/api/v1/**", ended);
                await go(page, at);
                await page.getByLabel("Password").first().waitFor();
                await quick(page, `${name} ${path} ended`);
                await page.unroute("**/api/v1/**");
            }
            page.mistakes = page.mistakes.filter(m => !/status of 503/.test(m));
            await done(page);
        });

    test("every page of a supplier that has nothing yet", async () => {
        const page = await as("dora", "/ssi/");
        await examineAll(page, "/ssi/", PATHS.filter(path => !path.includes(":")),
            NAMES, "empty");
        await done(page);
    });

    test("every page with all that there is", async () => {
        world.countOutcomes();
        for (const [name, base] of [["desk", "/ssmi/"], ["root", "/ssmi/"]]) {
            const page = await as(name, base);
            const { operations } = await (await page.request.get("/api/v1/me"))
                .json();
            assert.ok(operations.length > 3);
            await examineAll(page, base,
                PATHS.filter(path => !path.includes(":")), NAMES, name);
            await done(page);
        }
    });

    const OF_ONE = PATHS.filter(path => /:requestId|:deviceId/.test(path));
    for (const [state, recipe] of Object.entries(REQUESTS))
        test(`every page of a request that is ${state}`, async () => {
            const page = await as("desk", "/ssmi/");
            const names = await made(image, recipe, page);
            await examineAll(page, "/ssmi/", OF_ONE, names, state);
            await done(page);
            const sender = await as("carl", "/ssi/");
            await examineAll(sender, "/ssi/", ["requests/:requestId"], names,
                `${state}-sender`);
            await done(sender);
        });

    test("every page of a request in quarantine", async () => {
        const page = await as("desk", "/ssmi/");
        const names = await quarantined(image, page);
        await examineAll(page, "/ssmi/", [...OF_ONE,
            ...PATHS.filter(path => path.includes(":holdId"))], names,
        "quarantined");
        await done(page);
    });

    test("a live page says when the database goes away", async () => {
        const page = await as("desk", "/ssmi/");
        const { requestId } = await made(image, REQUESTS.live, page);
        await page.addInitScript(() => {
            window.EventSource = class extends EventSource {
                constructor(address) {
                    super(address);
                    window.source = this;
                }
            };
        });
        await go(page, `/ssmi/requests/${requestId}`);
        await page.locator("[data-state=live]").waitFor();
        // what the server then says (people/watch_test)
        await page.evaluate(() =>
            window.source.dispatchEvent(new Event("unavailable")));
        await page.getByText("the database is away: this is what was known")
            .waitFor();
        assert.equal(await page.locator("[data-state=live]").count(), 0);
        await examine(page, "state-request-away");
        await page.context().close();
    });
}
