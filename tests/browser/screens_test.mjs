import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, test } from "node:test";
import { as, close, done, download, examine, go, newPage, open, printedPages,
    signIn, withoutScripts } from "./browser.mjs";
import { testJobs, waiting } from "./jobs.mjs";
import { testStates } from "./states.mjs";
import { testWatch } from "./watch.mjs";
import * as world from "./world.mjs";

const PPMID = "ppmid-a-0A000003";
const ESME = "esme-a-01020000";
const WITHDRAWN = "esme-a-01030000";
const UNKNOWN = ["00-DB-00-00-00-00-00-01", "00-DB-00-00-00-00-00-02"];

/* RequestIDs and Device IDs that the tests are about. */
const made = {};

/* A request with every list in its answer, whose devices go every way. */
async function sendMixed() {
    const of = (verdict, count) => world.devices(2, ESME, verdict, count);
    made.mixedDevices = of("accepted", 100);
    world.setDeviceFaults("transfer_failed 6\ndiscarded 4\n" +
        "hardware_mismatch 3\nhub_silent 30");
    for (const csp of ["north", "south"])
        world.setCspFaults(csp, "reject 8 DEVICE_NOT_IDENTIFIED\n" +
            "fail 6 HUB_NOT_REACHABLE\nsilent 20");
    made.mixed = await world.send(2, "11.1", ESME, [...made.mixedDevices,
        ...of("invalid", 12), ...of("not_commissioned", 3),
        ...of("not_applicable", 9), ...UNKNOWN], "W110101");
}

async function settled() {
    await new Promise(done => setTimeout(done, 4000));
    world.setDeviceFaults("");
    for (const csp of ["north", "south"])
        world.setCspFaults(csp, "");
}

before(async () => {
    await open(await world.start());
    await sendMixed();
    made.refused = await world.send(1, "11.1", WITHDRAWN,
        world.devices(1, ESME, "accepted", 5), "E110102");
    for (let n = 0; n < 55; n++)
        made.small = await world.send(3, "11.4", PPMID,
            world.devices(3, PPMID, "accepted", 1), "I99");
    await settled();
});

after(async () => {
    await close();
    await world.stop();
});

/* ---- sign-in ---- */

test("who is wrong is told what is wrong", async () => {
    const page = await newPage("/ssi/");
    await page.getByRole("button", { name: "Sign in" }).click();
    const summary = page.getByRole("alert");
    await summary.getByRole("link", { name: "Enter your name" }).waitFor();
    await summary.getByRole("link", { name: "Enter your password" }).click();
    assert.equal(await page.evaluate(() => document.activeElement.name),
        "password");
    await examine(page, "sign-in-empty");
    await signIn(page, "ann", "not the password");
    await summary.getByText("Name and password do not fit").waitFor();
    await done(page);
});

test("the keyboard is enough to sign in and to skip to the content",
    async () => {
        const page = await newPage("/ssi/");
        await examine(page, "sign-in");
        await page.keyboard.press("Tab");
        assert.equal(await page.evaluate(() =>
            document.activeElement.className), "skip-link");
        await page.keyboard.press("Enter");
        await page.keyboard.press("Tab");
        await page.keyboard.type("ann");
        await page.keyboard.press("Tab");
        await page.keyboard.type(world.PASSWORD);
        await page.keyboard.press("Enter");
        await page.getByRole("heading", { name: "Firmware updates" })
            .waitFor();
        await page.getByRole("link", { name: "Requests", exact: true })
            .focus();
        await page.keyboard.press("Enter");
        await page.getByRole("heading", { level: 1, name: "Requests" })
            .waitFor();
        assert.equal(await page.evaluate(() =>
            document.activeElement.textContent), "Requests");
        assert.equal(await page.title(), "Requests – SSI firmware updates");
        await page.getByRole("button", { name: "Sign out" }).click();
        await page.getByRole("heading", { name: "Sign in" }).waitFor();
        await done(page);
    });

test("without JavaScript the page says what to do, in its style", async () => {
    const page = await withoutScripts("/ssi/");
    const heading = page.locator("noscript h1"), words = page.locator(
        "noscript p");
    assert.equal(await heading.textContent(), "These pages need JavaScript");
    const { x, width } = await words.boundingBox();
    assert.ok(x >= 16 && width <= 390 - 32, `${width} pixels from ${x}`);
    assert.equal(await page.locator("noscript a").count(), 1);
    await page.context().close();
});

test("each role lands where its pages are", async () => {
    for (const [name, , number] of world.ACCOUNTS) {
        const page = await newPage("/ssi/");
        await signIn(page, name);
        const service = name === "desk" || name === "root" ? "/ssmi/"
            : "/ssi/";
        await page.waitForURL(`**${service}`);
        await page.getByRole("button", { name: "Sign out" }).waitFor();
        await examine(page, `overview-${name}${number ?? ""}`);
        await done(page);
    }
});

test("after too many failures the account is locked out", async () => {
    const page = await newPage("/ssi/");
    for (let n = 0; n < 6; n++) {
        await signIn(page, "nobody", "wrong wrong wrong");
        await page.locator(".error-summary").waitFor();
        await page.locator("form:not([data-busy])").waitFor();
    }
    await page.getByText(/Too many failed attempts. Try again in 1\d minutes/)
        .waitFor();
    await done(page);
});

test("a password that has to wait for its turn is tried again", async () => {
    const page = await newPage("/ssi/");
    let turns = 0;
    await page.route("**/api/v1/sign-in", route => ++turns > 2
        ? route.continue()
        : route.fulfill({ status: 503, headers: { "Retry-After": "1" },
            contentType: "application/problem+json",
            body: '{"status":503,"detail":"Another password is being ' +
                'checked; try again."}' }));
    await signIn(page, "bob");
    await page.getByRole("button", { name: "Sign out" }).waitFor();
    assert.equal(turns, 3);
    // the browser itself says on its console what was refused
    assert.deepEqual(page.mistakes.splice(0).map(m => / 503 /.test(m)),
        [true, true]);
    await done(page);
});

/* ---- a request ---- */

const legend = (page, name) => page.locator(".legend li",
    { hasText: new RegExp(`^\\s*${name}`) }).locator(".legend-count");

test("a request is followed live to its end", async () => {
    for (const csp of ["north", "south"])
        world.setCspFaults(csp, "report_delay 5000\ndelivery_delay 12000");
    world.setDeviceFaults("han_delay 2000\nactivation_delay 3000");
    const list = world.devices(1, PPMID, "accepted", 5000);
    const id = await world.send(1, "11.4", PPMID, list, "I99");
    const page = await as("ann", `/ssi/requests/${id}`);
    await page.getByText("In progress").first().waitFor();
    await page.locator("[data-state=live]").waitFor();
    await legend(page, "Waiting for the CSP").getByText("5,000 (100%)").waitFor();
    await page.evaluate(() => {
        window.neverReloaded = true;
    });
    await legend(page, "Approved by the CSP").getByText("5,000 (100%)")
        .waitFor({ timeout: 60000 });
    await examine(page, "request-live");
    await legend(page, "Activated").getByText("5,000 (100%)")
        .waitFor({ timeout: 180000 });
    await page.locator(".live-state", { hasText: "Finished" }).waitFor();
    await page.getByText(/5,000 devices run the firmware/)
        .waitFor({ state: "attached" });
    assert.equal(await page.evaluate(() => window.neverReloaded), true);
    await settled();
    await examine(page, "request-finished");
    await done(page);
});

test("without events the page polls", async () => {
    const page = await as("bob", "/ssi/");
    await page.route("**/events", route => route.abort());
    page.mistakes = [];
    await go(page, `/ssi/requests/${made.mixed}`);
    await page.getByText("refreshed every 5 seconds")
        .waitFor({ timeout: 20000 });
    assert.deepEqual(page.mistakes.filter(m => !/ERR_FAILED/.test(m)), []);
    await page.context().close();
});

test("a request with every list and failure adds up", async () => {
    const page = await as("bob", `/ssi/requests/${made.mixed}`);
    const rows = await page.getByRole("table", { name: "Refused by the DSP" })
        .getByRole("row").allInnerTexts();
    assert.deepEqual(rows.slice(1).map(r => r.split(/\s*\t\s*/)), [
        ["Invalid device", "14"], ["Not commissioned", "3"],
        ["Firmware not applicable", "9"]]);
    const counts = await page.locator(".legend-count").allInnerTexts();
    assert.equal(counts.map(c => Number.parseInt(c)).reduce((a, b) => a + b),
        126);
    await examine(page, "request-mixed");
    await done(page);
});

test("a refused request says so", async () => {
    const page = await as("ann", `/ssi/requests/${made.refused}`);
    await page.getByText("E110102: refused").waitFor();
    await examine(page, "request-refused");
    await done(page);
});

/* ---- lists ---- */

test("the list of requests has filters and pages", async () => {
    const page = await as("desk", "/ssmi/requests");
    const rows = page.locator("main tbody tr");
    assert.equal(await rows.count(), 50);
    await examine(page, "requests");
    await page.getByRole("link", { name: "Next" }).click();
    await page.getByRole("link", { name: "Previous" }).waitFor();
    assert.ok(await rows.count() >= 7);
    await page.getByRole("link", { name: "Previous" }).click();
    await page.getByRole("link", { name: "Previous" })
        .waitFor({ state: "detached" });
    await page.getByLabel("State").selectOption("refused");
    await page.getByRole("button", { name: "Apply" }).click();
    await page.getByRole("link", { name: "Clear" }).waitFor();
    assert.equal(await rows.count(), 1);
    await page.getByRole("link", { name: "Clear" }).click();
    await page.getByRole("link", { name: "Clear" })
        .waitFor({ state: "detached" });
    await page.getByLabel("Search").fill(made.mixedDevices[0]);
    await page.keyboard.press("Enter");
    await page.getByRole("link", { name: made.mixed.split(":").at(-1) })
        .waitFor();
    assert.equal(await rows.count(), 1);
    await page.getByLabel("Search").fill("rubbish");
    await page.keyboard.press("Enter");
    await page.getByRole("alert").getByText("search must be").waitFor();
    assert.equal(await page.getByLabel("Search").inputValue(), "rubbish");
    await examine(page, "requests-wrong-search");
    await done(page);
});

test("the devices of a request are filtered, and all had as CSV", async () => {
    const page = await as("bob", `/ssi/requests/${made.mixed}/devices`);
    await examine(page, "request-devices");
    const all = await download(page, "Download as CSV");
    assert.match(all[0], /^deviceId,deviceType,status,/);
    assert.equal(all.length - 1, 126 - UNKNOWN.length);
    await page.getByLabel("Status").selectOption("REJECTED_BY_CSP");
    await page.getByRole("button", { name: "Apply" }).click();
    await page.getByRole("link", { name: "Clear" }).waitFor();
    const shown = await page.locator("main tbody tr").count();
    const some = await download(page, "Download as CSV");
    assert.equal(some.length - 1, shown);
    assert.ok(some.slice(1).every(r => r.includes(",REJECTED_BY_CSP,")));
    await page.getByText(new RegExp(`^${shown} devices`)).waitFor();
    await go(page, `/ssi/requests/${made.mixed}`);
    await page.getByRole("region", { name: "By model" })
        .getByRole("row").nth(1).getByRole("link").last().click();
    await page.getByRole("heading", { level: 1, name: "Devices" }).waitFor();
    assert.equal(await page.getByLabel("What came of it").inputValue(),
        "failed");
    await done(page);
});

test("RSAT_004 is shown and had as CSV", async () => {
    world.addActivations(made.mixed, made.mixedDevices.slice(0, 3));
    const page = await as("bob", "/ssi/rsat-004");
    await examine(page, "rsat-004");
    const rows = await download(page, "Download as CSV");
    assert.match(rows[0],
        /^requestId,sender,senderName,deviceId,deviceType,.*,result,/);
    assert.equal(rows.length - 1, 6);
    await page.getByText("Another image held").first().waitFor();
    const type = page.getByLabel("Device type", { exact: true });
    await type.selectOption("HCALCS");
    await page.getByRole("button", { name: "Apply" }).click();
    await page.getByRole("link", { name: "Clear" }).waitFor();
    assert.equal(await page.getByRole("table", { name: "Activations",
        exact: true }).locator("tbody tr").count(), 3);
    assert.equal((await download(page, "Download as CSV")).length - 1, 3);
    await type.selectOption("GSME");
    await page.getByRole("button", { name: "Apply" }).click();
    await page.getByText("No activation was requested").waitFor();
    await done(page);
});

/* ---- one device ---- */

async function deviceWith(page, status) {
    const { items } = await (await page.request.get(
        `/api/v1/requests/${made.mixed}/devices?status=${status}`)).json();
    return items[0].deviceId;
}

test("a device is found however its ID is typed", async () => {
    const page = await as("bob", "/ssi/devices");
    await examine(page, "device-search");
    const device = await deviceWith(page, "SUCCESSFUL_CH_TRANSFER");
    await page.getByLabel("Device ID").fill("00-DB-1");
    await page.keyboard.press("Enter");
    await page.getByRole("alert").getByText("Enter a Device ID").waitFor();
    await page.getByLabel("Device ID")
        .fill(` ${device.replaceAll("-", "").toLowerCase()} `);
    await page.keyboard.press("Enter");
    await page.getByRole("heading", { level: 1, name: device }).waitFor();
    await page.locator(".state-title", { hasText: "On the Communications Hub" })
        .waitFor();
    await page.getByText("pass the image on to the device").waitFor();
    await page.locator(".known", { hasText: "Said by the CSP as of" })
        .waitFor();
    await page.getByText("What may happen next").first().waitFor();
    assert.equal(await page.getByText("Reset this device").count(), 0);
    await examine(page, "device-on-hub");
    await go(page, `/ssi/devices/${await deviceWith(page, "REJECTED_BY_CSP")}`);
    await page.getByText("Device not identified").first().waitFor();
    await page.locator("#trail summary").click();
    await examine(page, "device-rejected");
    await done(page);
});

test("it is said how a step is known, and what is not", async () => {
    const page = await as("desk", "/ssmi/");
    const device = await deviceWith(page, "SUCCESSFUL_HAN_TRANSFER");
    world.addUnknown(device);
    await go(page, `/ssmi/devices/${device}`);
    await page.locator(".known",
        { hasText: "Said by the Communications Hub as of" }).waitFor();
    const apart = page.getByRole("table", { name: "About no update we know" });
    await apart.getByText("The device activates the firmware").waitFor();
    await examine(page, "device-unknown");
    world.doubtJobs(made.mixed);
    await go(page, `/ssmi/requests/${made.mixed}`);
    await page.locator("#jobs summary").click();
    await page.getByText("says otherwise").first().waitFor();
    await page.getByText("was silent").first().waitFor();
    await examine(page, "request-doubted");
    await done(page);
});

test("the Service Desk resets a device", async () => {
    const page = await as("desk", "/ssmi/");
    const device = await deviceWith(page, "SUCCESSFUL_CH_TRANSFER");
    await go(page, `/ssmi/devices/${device}`);
    await examine(page, "device-ssmi");
    await page.getByRole("button", { name: "Reset this device" }).click();
    await page.getByRole("heading", { name: "Reset the update" }).waitFor();
    await examine(page, "reset");
    await page.getByRole("button", { name: "Reset this device" }).click();
    const errors = page.getByRole("alert");
    await errors.getByText("Enter why the device is reset").waitFor();
    await errors.getByText("Confirm that the device").waitFor();
    await examine(page, "reset-errors");
    await page.getByLabel("Why is it reset?").fill("Asked by the supplier");
    await page.getByLabel("I confirm").check();
    await page.getByRole("button", { name: "Reset this device" }).click();
    await page.getByText(`${device} is reset`).waitFor();
    await page.locator(".state-title", { hasText: "Reset by the DCC" })
        .waitFor();
    await page.locator("#trail summary").click();
    await page.getByText("desk: Asked by the supplier").waitFor();
    await examine(page, "device-reset");
    await done(page);
});

test("what was known of a device at a moment", async () => {
    const page = await as("desk", "/ssmi/");
    const device = await deviceWith(page, "SUCCESSFUL_HAN_TRANSFER");
    await go(page, `/ssmi/audit?device=${device}`);
    const trail = page.getByRole("table", { name: "Audit trail" });
    const all = await trail.getByRole("row").count();
    const first = await trail.locator("time").first().getAttribute("datetime");
    await trail.getByText("The message", { exact: true }).first().click();
    await trail.getByText(/^code: N/).first().waitFor();
    await examine(page, "audit-message");
    await page.getByLabel("As known at").fill(first);
    await page.getByRole("button", { name: "Apply" }).click();
    await page.getByRole("heading", { name: "What its update was then" })
        .waitFor();
    assert.ok(await trail.getByRole("row").count() < all);
    await examine(page, "audit-moment");
    await page.getByLabel("As known at").fill("2020-01-01");
    await page.getByRole("button", { name: "Apply" }).click();
    await page.getByText("Nothing was known of an update").waitFor();
    await done(page);
    const other = await as("bob", "/ssi/audit");
    await other.getByRole("table", { name: "Audit trail" }).waitFor();
    assert.equal(await other.getByLabel("Person").count(), 0);
    await examine(other, "audit-supplier");
    await done(other);
});

test("a User's ledger is even, and so is the CSPs'", async () => {
    const page = await as("desk", "/ssmi/");
    await go(page, "/ssmi/ledger?user=90-B3-D5-1F-30-01-00-00");
    await page.getByText("All that was told is confirmed").waitFor();
    await examine(page, "ledger");
    await go(page, "/ssmi/ledger/csps");
    await page.getByRole("table", { name: "Jobs by CSP" })
        .getByText("north").waitFor();
    await examine(page, "ledger-csps");
    await done(page);
});

test("each supplier's message about a device is there, and the trail prints " +
    "on two pages", async () => {
    const page = await as("desk", "/ssmi/");
    const device = await deviceWith(page, "SUCCESSFUL_HAN_TRANSFER");
    await go(page, `/ssmi/devices/${device}`);
    const told = page.getByRole("table", { name: "Messages about it" });
    await told.getByText("N62").first().waitFor();
    await page.getByText("Every message about this update was confirmed")
        .waitFor();
    await page.getByRole("link", { name: "All that the audit trail has" })
        .click();
    await page.getByRole("heading", { level: 1, name: "Audit trail" })
        .waitFor();
    const trail = page.getByRole("table", { name: "Audit trail" });
    await trail.getByText("Message confirmed").first().waitFor();
    await examine(page, "audit-device");
    const lines = await download(page, "Download as CSV");
    assert.equal(lines.length - 1, await trail.getByRole("row").count() - 1);
    await go(page, `/ssmi/requests/${made.mixed}`);
    await page.getByRole("link", { name: "What the audit trail has" }).click();
    await trail.getByText("Validation report").first().waitFor();
    await page.getByRole("link", { name: "Next →" }).waitFor();
    assert.equal(await trail.getByRole("row").count(), 61);
    await examine(page, "audit-request");
    assert.equal(await printedPages(page, "audit-request"), 2);
    await page.getByLabel("Person").fill("nobody");
    await page.getByLabel("RequestID").fill("");
    await page.keyboard.press("Enter");
    await page.getByText("There is no such entry").waitFor();
    await examine(page, "audit-empty");
    await done(page);
});

test("times are said in UTC or in UK time, as was chosen", async () => {
    const page = await as("desk", `/ssmi/requests/${made.mixed}`);
    const received = page.locator("dd time").first();
    const utc = await received.textContent();
    assert.match(utc, /UTC$/);
    await page.getByRole("button", { name: "Show them in UK time" }).click();
    await page.getByText("Times are UK (London)").waitFor();
    assert.match(await received.textContent(), /UK$/);
    await go(page, "/ssmi/requests");
    await page.getByText("Times are UK (London)").waitFor();
    await page.getByRole("button", { name: "Show them in UTC" }).click();
    await page.getByText("Times are UTC").waitFor();
    await done(page);
});

test("what is not found offers where to look", async () => {
    const page = await as("desk", "/ssmi/devices/00-DB-00-00-00-00-00-99");
    await page.getByRole("heading", { name: "Not found" }).waitFor();
    await page.getByRole("link", { name: "Find a request" }).waitFor();
    await examine(page, "not-found");
    await page.getByRole("link", { name: "Look up a device" }).click();
    await page.getByLabel("Device ID").waitFor();
    await done(page);
});

test("a request shows how its devices came to their ends", async () => {
    const page = await as("bob", `/ssi/requests/${made.mixed}`);
    const curve = page.getByRole("img", { name: /^Over time: / });
    await curve.waitFor();
    assert.match(await curve.getAttribute("aria-label"), /failed/);
    await page.locator("#curve summary").click();
    const numbers = page.getByRole("table", { name: "Devices by time" });
    assert.equal(await numbers.getByRole("row").count(), 1 + 17);
    await examine(page, "request-curve");
    await page.getByRole("button", { name: "Devices", exact: true }).click();
    await page.getByLabel("In the order of").selectOption("-updated");
    await page.getByRole("button", { name: "Apply" }).click();
    await page.waitForURL(/sort=-updated/);
    const times = async () => page.locator("tbody tr td:nth-child(4) time")
        .evaluateAll(all => all.map(t => t.dateTime));
    await page.locator("main:not([aria-busy])").waitFor();
    const shown = await times();
    assert.deepEqual(shown, [...shown].sort().reverse());
    await page.getByRole("link", { name: "Next →" }).click();
    await page.waitForURL(/after=/);
    await page.locator("main:not([aria-busy])").waitFor();
    const more = await times();
    assert.ok(more[0] <= shown.at(-1));
    await done(page);
});

test("the status of a device changes while it is looked at", async () => {
    for (const csp of ["north", "south"])
        world.setCspFaults(csp, "report_delay 5000\ndelivery_delay 8000");
    const [device] = world.devices(1, PPMID, "accepted", 1);
    await world.send(1, "11.4", PPMID, [device], "I99");
    const page = await as("ann", `/ssi/devices/${device}`);
    await page.locator(".state-title", { hasText: "Waiting for the CSP" })
        .waitFor();
    await page.locator(".state-title", { hasText: "Firmware activated" })
        .waitFor({ timeout: 30000 });
    await examine(page, "device-activated");
    await settled();
    await done(page);
});

/* ---- who may not ---- */

test("a supplier is refused what is not its own", async () => {
    const page = await as("ann", "/ssi/");
    for (const [path, says] of [
        [`devices/${made.mixedDevices[0]}`, "Not found"],
        [`requests/${made.mixed}`, "Not found"],
        [`requests/${made.mixed}/devices`, "Not found"],
        ["csps", "You cannot use this page"],
        ["accounts", "You cannot use this page"],
        [`devices/${made.mixedDevices[0]}/reset`, "You cannot use this page"],
        ["nothing", "Page not found"],
    ]) {
        await go(page, `/ssi/${path}`);
        await page.getByRole("heading", { level: 1, name: says }).waitFor();
    }
    await examine(page, "page-not-found");
    await go(page, "/ssmi/");
    await page.getByText("The SSMI is not for your account").waitFor();
    await examine(page, "elsewhere");
    const { csrfToken } = await (await page.request.get("/api/v1/me")).json();
    const reset = headers => page.request.post(
        `/api/v1/devices/${made.mixedDevices[0]}/reset`,
        { headers, data: { reason: "mine" } });
    assert.equal((await reset({ "X-CSRF-Token": csrfToken })).status(), 403);
    assert.equal((await page.request.get(
        `/api/v1/requests/${made.mixed}/events`)).status(), 404);
    await done(page);
});

test("an auditor reads all and changes nothing", async () => {
    const page = await as("audit", `/ssi/requests/${made.mixed}`);
    await page.getByRole("table", { name: "Devices by status" }).waitFor();
    const device = await deviceWith(page, "SUCCESSFUL_CH_TRANSFER");
    await go(page, `/ssi/devices/${device}`);
    assert.equal(await page.getByText("Reset this device").count(), 0);
    const names = await page.locator("#nav a").allInnerTexts();
    for (const name of ["Requests", "Held requests", "Ledger", "Audit trail"])
        assert.ok(names.includes(name), name);
    for (const name of ["Dry run", "Accounts"])
        assert.ok(!names.includes(name), name);
    await done(page);
});

test("a session that has ended asks to sign in, and goes on", async () => {
    const page = await as("bob", "/ssi/requests");
    await page.context().clearCookies();
    await page.getByRole("link", { name: "RSAT_004" }).click();
    await page.getByRole("heading", { name: "Sign in" }).waitFor();
    await signIn(page, "bob");
    await page.getByRole("heading", { level: 1, name: /Report/ }).waitFor();
    await done(page);
});

/* ---- CSPs, messages, dry run, accounts ---- */

test("a busy CSP is shown as busy, the other as up", async () => {
    world.setCspFaults("south", "job 503 MAINTENANCE");
    await world.send(1, "11.4", PPMID,
        world.devices(1, PPMID, "accepted", 60), "I99");
    await new Promise(done => setTimeout(done, 3000));
    const page = await as("desk", "/ssmi/csps");
    const of = name => page.getByRole("region", { name });
    await of("north").getByText("Up", { exact: true }).waitFor();
    await of("south").getByText("Busy", { exact: true }).waitFor();
    await of("south").getByText("Next try").waitFor();
    await examine(page, "csps");
    world.setCspFaults("south", "");
    await done(page);
});

test("the Service Desk decides on held requests", async () => {
    world.setThreshold(1, "11.4", 1, 2);
    const ask = count => world.send(1, "11.4", PPMID,
        world.devices(1, PPMID, "accepted", count), "I99");
    await ask(2);
    const first = await ask(3);
    await ask(4);
    const page = await as("desk", "/ssmi/");
    await page.getByRole("link", { name: /2 requests held by anomaly/ })
        .click();
    await page.getByRole("heading", { level: 1, name: "Held requests" })
        .waitFor();
    await examine(page, "quarantine");
    assert.equal(await page.locator("main tbody tr").count(), 2);
    const [second, number] = (await page.locator("main tbody th")
        .allInnerTexts()).map(text => text.trim());
    await page.getByRole("link", { name: `Release held request ${number}` })
        .click();
    await page.getByText(first.split(":").at(-1)).first().waitFor();
    await examine(page, "quarantine-release");
    await page.getByRole("button", { name: "Release this request" }).click();
    await page.getByRole("alert").getByText("Enter why").waitFor();
    await examine(page, "quarantine-errors");
    await page.getByLabel("Why is it released?").fill("Agreed");
    await page.getByLabel("I confirm").check();
    await page.getByRole("button", { name: "Release this request" }).click();
    await page.getByText(`Held request ${number} is released.`).waitFor();
    await page.getByRole("link", { name: `Reject held request ${second}` }).click();
    await examine(page, "quarantine-reject");
    await page.getByLabel("Why is it rejected?").fill("Nobody knows of it");
    await page.getByLabel("I confirm").check();
    await page.getByRole("button", { name: "Reject this request" }).click();
    await page.getByText(`Held request ${second} is rejected.`).waitFor();
    await go(page, `/ssmi/quarantine/${second}/release`);
    await page.getByText("It has been decided").waitFor();
    await go(page, "/ssmi/quarantine/99/release");
    await page.getByText("No request was held as that").waitFor();
    await done(page);
});

test("volumes stand beside their thresholds", async () => {
    const page = await as("desk", "/ssmi/volumes");
    await page.getByRole("table", { name: "Thresholds", exact: true })
        .waitFor();
    await page.getByText("More is held", { exact: true }).waitFor();
    await examine(page, "volumes");
    const rows = await download(page, "Download as CSV");
    assert.match(rows[0], /^day,userId,userName,/);
    assert.equal(rows.length - 1, 1);
    await done(page);
    const other = await as("bob", "/ssi/volumes");
    await other.getByText("No threshold is set.").waitFor();
    await other.getByText("Nothing was counted in that time.").waitFor();
    await examine(other, "volumes-none");
    await done(other);
});

test("messages that a User does not take are listed", async () => {
    await world.setUserFault(world.supplier(3), "status 500");
    await world.send(3, "11.4", PPMID,
        world.devices(3, PPMID, "accepted", 3), "I99");
    const page = await as("desk", "/ssmi/undelivered");
    await page.waitForFunction(async () => (await (await fetch(
        "/api/v1/undelivered")).json()).items.length > 2, null,
    { timeout: 20000 });
    await go(page, "/ssmi/undelivered");
    await page.getByText("Tried again").first().waitFor();
    await examine(page, "undelivered");
    await world.setUserFault(world.supplier(3), "well");
    await done(page);
});

test("a dry run gives the lists and has no effect", async () => {
    const list = [...world.devices(1, PPMID, "accepted", 8),
        ...world.devices(1, PPMID, "invalid", 3),
        ...world.devices(1, PPMID, "gbcs_version", 2), ...UNKNOWN];
    const { file, id } = world.write(1, "11.4", PPMID, list);
    const page = await as("ann", "/ssi/dry-run");
    await page.getByRole("button", { name: "Check" }).click();
    await page.getByRole("alert").getByText("Choose a file, or").waitFor();
    await page.getByLabel("Request as a file").setInputFiles(file);
    await page.getByRole("button", { name: "Check" }).click();
    await page.getByText("Would be accepted in part").waitFor();
    await page.getByText("Invalid device: 5").waitFor();
    await page.getByText("GBCS version too old: 2").waitFor();
    await examine(page, "dry-run");
    const rows = await download(page, "Download the lists as CSV");
    assert.deepEqual(rows.slice(1).sort(), [...list.slice(8, 11), ...UNKNOWN]
        .map(d => `${d},InvalidDeviceIDList`).concat(list.slice(11, 13)
            .map(d => `${d},InvalidGBCSVersionList`)).sort());
    await page.getByLabel("Request as a file").setInputFiles([]);
    await page.getByLabel("Or paste it here")
        .fill(readFileSync(file, "utf8"));
    await page.getByRole("button", { name: "Check" }).click();
    await page.getByText("Invalid device: 5").waitFor();
    await go(page, `/ssi/requests/${id}`);
    await page.getByRole("heading", { name: "Not found" }).waitFor();
    await done(page);
});

test("the guard warns, and says so", async () => {
    const page = await as("desk", "/ssmi/guard");
    await examine(page, "guard");
    await page.getByRole("link", { name: "Many requests for one device" })
        .click();
    await page.getByRole("button", { name: "Set the rule" }).click();
    await page.getByRole("alert").getByText("Enter why").waitFor();
    await examine(page, "guard-rule");
    await page.getByLabel("It is").selectOption("warn");
    await page.getByLabel("For one User").fill(world.supplier(3));
    await page.getByLabel("Level, in requests").fill("1");
    await page.getByLabel("Why?").fill("Agreed");
    await page.getByLabel("I confirm").check();
    await page.getByRole("button", { name: "Set the rule" }).click();
    await page.getByText("Many requests for one device: warns.").waitFor();
    const row = page.getByRole("row", { name: /Supplier 3/ });
    await row.getByText("Warns").waitFor();
    const id = await world.send(3, "11.4", PPMID,
        world.devices(3, PPMID, "accepted", 1), "I99");
    await go(page, `/ssmi/requests/${id}`);
    await page.getByRole("region", { name: "The guard" }).getByText("Warns")
        .waitFor();
    await examine(page, "request-guard");
    const { file } = world.write(3, "11.4", PPMID,
        world.devices(3, PPMID, "accepted", 1));
    await go(page, "/ssmi/dry-run");
    await page.getByLabel("Request as a file").setInputFiles(file);
    await page.getByRole("button", { name: "Check" }).click();
    await page.getByText("Many requests for one device: 1 device").click();
    await page.getByRole("table", { name: "Devices, by CSP" }).waitFor();
    await examine(page, "dry-run-guard");
    await done(page);
});

test("which models fail is one page, and had as CSV", async () => {
    world.countOutcomes();
    const page = await as("desk", "/ssmi/outcomes");
    const bars = page.getByRole("figure", { name: /by model and firmware/ });
    await bars.getByRole("img", { name: /ESME .*: \d.*% \(of \d+; 95%: / })
        .first().waitFor();
    await page.getByRole("table", { name: "Outcomes by model and version" })
        .waitFor();
    await page.getByRole("figure", { name: /over time/ }).waitFor();
    await examine(page, "outcomes");
    const rows = await download(page, "Download as CSV");
    assert.match(rows[0], /^period,deviceType,manufacturerId,modelId,/);
    await page.getByLabel("Firmware version").fill("none");
    await page.getByRole("button", { name: "Apply" }).click();
    await page.getByText("8 hexadecimal digits.").first().waitFor();
    await done(page);
    const other = await as("bob", "/ssi/outcomes");
    await other.getByRole("img").first().waitFor();
    await done(other);
});

test("activations are shown with their results", async () => {
    world.addActivations(made.mixed, made.mixedDevices.slice(-3));
    const page = await as("desk", "/ssmi/results");
    await page.getByRole("heading", { name: "Activations with" }).waitFor();
    await page.getByRole("img", { name: /^Supplier .*, ESME: / }).first()
        .waitFor();
    await page.getByRole("table", { name: /^Activations by User/ }).waitFor();
    await examine(page, "results");
    assert.match((await download(page, "Download as CSV"))[0],
        /^user,userName,deviceType,sent,executed,failed,/);
    await done(page);
});

test("neighbours are shown with what they send again", async () => {
    world.countOutcomes();
    const page = await as("desk", "/ssmi/neighbours");
    await page.getByRole("img", { name: /^Supplier 2: / }).waitFor();
    await page.getByRole("table", { name: "Neighbours" }).waitFor();
    await examine(page, "neighbours");
    assert.match((await download(page, "Download as CSV"))[0],
        /^user,userName,requests,/);
    await done(page);
    const other = await as("bob", "/ssi/neighbours");
    await other.getByRole("row", { name: /^Supplier 2/ }).waitFor();
    assert.equal(await other.getByRole("row", { name: /^Supplier 3/ })
        .count(), 0);
    await done(other);
});

test("an administrator keeps the accounts", async () => {
    const page = await as("root", "/ssmi/accounts");
    await page.getByLabel("Name").fill("carol");
    await page.getByRole("button", { name: "Add account" }).click();
    await page.getByRole("alert").getByText("EUI-64 of the supplier").waitFor();
    await page.getByLabel("Supplier", { exact: true })
        .fill(world.supplier(1));
    await page.getByLabel("Password").fill(world.PASSWORD);
    await page.getByRole("button", { name: "Add account" }).click();
    await page.getByText("The account carol is added").waitFor();
    await examine(page, "accounts");
    await page.getByRole("link", { name: "carol" }).click();
    await page.getByRole("button", { name: "Issue a token" }).click();
    const token = await page.locator(".token").innerText();
    await examine(page, "account");
    const me = await page.request.get("/api/v1/me",
        { headers: { Authorization: `Bearer ${token}` } });
    assert.equal((await me.json()).name, "carol");
    await page.getByLabel("May it sign in?").selectOption("no");
    await page.getByRole("button", { name: "Change" }).click();
    await page.getByText("The account carol is changed").waitFor();
    await done(page);
    const other = await newPage("/ssi/");
    await signIn(other, "carol");
    await other.getByText("Name and password do not fit").waitFor();
    await done(other);
});

test("a password is changed", async () => {
    const page = await as("audit", "/ssi/password");
    await examine(page, "password");
    await page.getByLabel("Present password").fill(world.PASSWORD);
    await page.getByLabel("New password", { exact: true }).fill("too short");
    await page.getByRole("button", { name: "Change password" }).click();
    await page.getByRole("alert").getByText("at least 12").waitFor();
    await page.getByLabel("New password", { exact: true })
        .fill("another long password");
    await page.getByLabel("New password again").fill("another long password");
    await page.getByRole("button", { name: "Change password" }).click();
    await page.getByText("Your password is changed").waitFor();
    await done(page);
});

test("a person chooses what e-mail is about", async () => {
    const page = await as("ann", "/ssi/");
    await page.getByRole("link", { name: "E-mail" }).click();
    await page.getByText("No e-mail is sent at present").waitFor();
    await page.getByLabel("A request has finished").check();
    await page.getByRole("button", { name: "Save" }).click();
    await page.getByRole("alert").getByText("Enter the address").waitFor();
    await page.getByLabel("E-mail address").fill("ann");
    await page.getByRole("button", { name: "Save" }).click();
    await page.getByRole("alert").getByText("That is no e-mail address")
        .waitFor();
    await page.getByLabel("E-mail address").fill("ann@supplier.example");
    await page.getByRole("button", { name: "Save" }).click();
    await page.getByText("You are told by e-mail from now on").waitFor();
    await examine(page, "mail");
    assert.equal(await page.getByLabel("A request has finished").isChecked(),
        true);
    assert.equal(await page.getByLabel("Many devices").isChecked(), false);
    await page.getByLabel("A request has finished").uncheck();
    await page.getByRole("button", { name: "Save" }).click();
    await page.getByText("You are told nothing by e-mail").waitFor();
    await done(page);
});

/* ---- steering ---- */

async function order(page, verb, button, words) {
    await page.getByRole("button", { name: verb, exact: true }).click();
    await page.getByLabel("Why is it").fill("a test");
    await examine(page, `steer-${verb.toLowerCase()}`);
    await page.getByLabel("I confirm").check();
    await page.getByRole("button", { name: button }).click();
    await page.getByText(words).first().waitFor();
}

test("a request is held, released and stopped", async () => {
    world.setCspFaults("north", "job 503");
    world.setCspFaults("south", "job 503");
    const id = await world.send(3, "11.4", PPMID,
        world.devices(3, PPMID, "accepted", 2), "I99");
    const page = await as("desk", `/ssmi/requests/${id}`);
    await order(page, "Hold", "Hold", "held by desk since");
    await examine(page, "request-held");
    await order(page, "Release", "Release", "Release: 2 devices");
    await order(page, "Stop", "Stop", "Stop: 2 devices");
    await page.getByText("Stopped by the DCC").first().waitFor();
    await examine(page, "request-stopped");
    await page.getByRole("link", { name: "Orders" }).click();
    await page.getByRole("heading", { name: "Orders" }).waitFor();
    await examine(page, "orders");
    await done(page);
    world.setCspFaults("north", "");
    world.setCspFaults("south", "");
});

test("a request goes out in waves", async () => {
    world.setCspFaults("north", "job 503");
    world.setCspFaults("south", "job 503");
    const id = await world.send(3, "11.4", PPMID,
        world.devices(3, PPMID, "accepted", 6), "I99");
    const page = await as("desk", `/ssmi/requests/${id}`);
    await order(page, "Hold", "Hold", "held by desk since");
    await page.getByRole("button", { name: "Plan", exact: true }).click();
    await page.getByLabel("First wave").fill("1");
    await page.getByLabel("Next waves").fill("2");
    await page.getByLabel("Not before").fill("2199-12-07T22:00Z");
    await examine(page, "plan");
    await page.getByLabel("Why?").fill("a test");
    await page.getByLabel("I confirm").check();
    await page.getByRole("button", { name: "Set the plan" }).click();
    await page.getByText("waits for its start").waitFor();
    await examine(page, "request-plan");
    assert.equal(await page.locator(".wave").count(), 4);
    await order(page, "Stop", "Stop", "Stop: 6 devices");
    await done(page);
    world.setCspFaults("north", "");
    world.setCspFaults("south", "");
});

test("a CSP is held and released", async () => {
    const page = await as("desk", "/ssmi/csps");
    await order(page, "Hold north", "Hold", "Hold: 0 devices");
    await order(page, "Release north", "Release", "Release: 0 devices");
    await done(page);
});

/* ---- the reporting database ---- */

test("the age of what is shown is said", async () => {
    const page = await as("bob", "/ssi/");
    await page.route("**/api/v1/requests?*", async route => {
        const response = await route.fetch();
        await route.fulfill({ response,
            json: { ...await response.json(), dataAge: 840 } });
    });
    await page.route("**/api/v1/requests", async route => {
        const response = await route.fetch();
        await route.fulfill({ response,
            json: { ...await response.json(), dataAge: 840 } });
    });
    await page.getByRole("link", { name: "Requests", exact: true }).click();
    await page.getByText("at most 14 minutes old").waitFor();
    await examine(page, "requests-replica");
    await done(page);
});

/* As when the database is away: what the server then answers. */
test("a server that cannot be asked is no reason to sign in again", async () => {
    const page = await as("bob", "/ssi/requests");
    await page.route("**/api/v1/**", route => route.fulfill({ status: 503,
        contentType: "application/problem+json", body: JSON.stringify({
            status: 503, detail: "The database cannot be reached." }) }));
    await page.reload();
    await page.getByText("The database cannot be reached.").waitFor();
    assert.equal(await page.getByLabel("Password").count(), 0);
    await examine(page, "database-away");
    await page.unroute("**/api/v1/**");
    await page.getByRole("button", { name: "Try again" }).click();
    await page.getByRole("heading", { level: 1, name: "Requests" }).waitFor();
    await page.getByRole("button", { name: "Sign out" }).waitFor();
    await page.context().close();
});

test("an ID that cannot be offers nothing to try again", async () => {
    const page = await as("desk", "/ssmi/devices/nothing");
    await page.getByRole("heading", { level: 1 }).waitFor();
    assert.equal(await page.getByRole("button", { name: "Try again" }).count(),
        0);
    await page.context().close();
});

test("undelivered messages are tried again from their page", async () => {
    await world.setUserFault(world.supplier(3), "status 500");
    await world.send(3, "11.4", PPMID,
        world.devices(3, PPMID, "accepted", 3), "I99");
    const page = await as("desk", "/ssmi/");
    await page.waitForFunction(async () => (await (await fetch(
        "/api/v1/needs")).json()).items.some(n => n.kind === "unreachable"),
    null, { timeout: 30000 });
    await go(page, "/ssmi/");
    await page.getByRole("link", { name: /Supplier 3 does not take its/ })
        .click();
    await page.getByRole("button", { name: "Try all of this User's again now" })
        .click();
    await page.getByText(/will be tried again now/).waitFor();
    await world.setUserFault(world.supplier(3), "well");
    await done(page);
});

/* ---- every page, every job ---- */

testWatch(test, made);
testStates(test, PPMID);
testJobs(test, made, waiting(PPMID));
