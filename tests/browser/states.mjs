/* Every page of web/pages, empty, while the database is away and after the
 * session has ended. Their other states are made where they are tested. */
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { as, done, go, quick } from "./browser.mjs";

const UUID = "90-B3-D5-1F-30-04-00-00:90-B3-D5-1F-30-00-00-02:1";
const DEVICE = "00-DB-00-00-00-00-00-99";
const NAMES = { requestId: UUID, deviceId: DEVICE, holdId: "1", orderId: "1",
    csp: "north", verb: "hold", name: "desk" };

/* What the modules say, so that none is left out. */
const PATHS = readdirSync("web/pages").flatMap(name =>
    [...readFileSync(`web/pages/${name}`, "utf8").matchAll(
        /\{\s*path: "([^"]*)",\s*page/g)].map(found => found[1]));
const filled = path => path.replaceAll(/:(\w+)/g, (_, name) => NAMES[name]);

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

export function testStates(test) {
    test("all pages are known by their modules", () => {
        assert.ok(PATHS.length > 25, `${PATHS.length} pages`);
    });

    for (const [name, base] of WHO)
        test(`every page opens for ${name}: empty, the database away, the ` +
            "session ended", async () => {
            const page = await as(name, base);
            for (const path of PATHS) {
                const at = base + filled(path);
                await go(page, at);
                await quick(page, `${name} ${path} empty`);
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
}
