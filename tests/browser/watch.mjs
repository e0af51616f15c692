/* What people watch: alarms and their rules, stuck devices, what may be sent
 * again, the forecast of a request. */
import assert from "node:assert/strict";
import { as, done, download, examine, go } from "./browser.mjs";
import * as world from "./world.mjs";

/* made: what screens_test.mjs made. */
export function testWatch(test, made) {
    test("alarms that stand are on the start page, and lead to what they are " +
        "about", async () => {
        const [device] = made.mixedDevices;
        world.addAlarms(made.mixed, device);
        const page = await as("desk", "/ssmi/");
        await page.getByRole("link", { name: /^A CSP is silent: 2 jobs/ })
            .click();
        await page.getByRole("heading", { level: 1, name: "Alarms" }).waitFor();
        const table = page.getByRole("table", { name: "Alarms" });
        assert.equal(await table.getByRole("row").count(), 2);
        await table.getByRole("link", { name: "its stuck devices" }).waitFor();
        await page.getByLabel("Rule").selectOption("");
        await page.getByLabel("State").selectOption("");
        await page.getByRole("button", { name: "Apply" }).click();
        await table.getByText("Ended").waitFor();
        for (const name of ["its history", "the last request", "order 7",
            "held requests", "Supplier 1", "stuck devices"])
            await table.getByRole("link", { name, exact: true }).first()
                .waitFor();
        await table.getByText("its supplier decides whether").waitFor();
        await examine(page, "alarms");
        const rows = await download(page, "Download as CSV");
        assert.match(rows[0], /^id,rule,title,about,deviceId,csp,requestId,/);
        assert.equal(rows.length, 8);
        await page.getByLabel("State").selectOption("ended");
        await page.getByRole("button", { name: "Apply" }).click();
        await page.waitForURL(/state=ended/);
        await page.locator("main:not([aria-busy])").waitFor();
        assert.equal(await table.getByRole("row").count(), 2);
        await page.getByLabel("Rule").selectOption("breaker");
        await page.getByRole("button", { name: "Apply" }).click();
        await page.getByText("There is no such alarm.").waitFor();
        await go(page, "/ssmi/alarms?rule=device_failures&state=standing");
        await table.getByRole("link", { name: device }).click();
        await page.getByText(device).first().waitFor();
        await page.goBack();
        await table.getByRole("link", { name: "its history" }).click();
        await page.getByRole("heading", { level: 1, name: "Audit trail" })
            .waitFor();
        assert.equal(await page.getByLabel("Device ID").inputValue(), device);
        await done(page);
    });

    test("an administrator sets a rule of alarms, nobody else", async () => {
        const page = await as("root", "/ssmi/alarm-rules");
        await examine(page, "alarm-rules");
        await page.getByRole("link", { name: "A CSP is silent" }).click();
        await page.getByLabel("Threshold, in minutes").fill("none");
        await page.getByRole("button", { name: "Set the rule" }).click();
        await page.getByRole("alert").getByText("Enter why").waitFor();
        await examine(page, "alarm-rule");
        await page.getByLabel("Threshold, in minutes").fill("90");
        await page.getByLabel("Why?").fill("a test");
        await page.getByLabel("I confirm").check();
        await page.getByRole("button", { name: "Set the rule" }).click();
        await page.getByText("A CSP is silent: the rule is on.").waitFor();
        await page.getByText("90 minutes").waitFor();
        assert.equal(await page.getByRole("link",
            { name: "Alarms", exact: true }).count(), 0);
        await done(page);
        const other = await as("desk", "/ssmi/alarm-rules");
        await other.getByText("90 minutes").waitFor();
        assert.equal(await other.getByRole("link", { name: "A CSP is silent" })
            .count(), 0);
        await done(other);
    });

    test("no supplier sees alarms, nor may wish for them", async () => {
        const page = await as("bob", "/ssi/");
        assert.equal(await page.getByRole("link",
            { name: "Alarms", exact: true }).count(), 0);
        await go(page, "/ssi/mail");
        await page.getByLabel("A request has finished").waitFor();
        assert.equal(await page.getByLabel("An alarm begins").count(), 0);
        await go(page, "/ssi/alarms");
        await page.getByText("You cannot use this page").waitFor();
        await done(page);
        const desk = await as("desk", "/ssmi/mail");
        await desk.getByLabel("An alarm begins or ends").waitFor();
        await done(desk);
    });

    test("stuck devices are counted, and each says what to do", async () => {
        world.makeStuck();
        const page = await as("desk", "/ssmi/stuck");
        const counts = page.getByRole("table", { name: "How many are stuck" });
        await counts.getByText("At its hub").first().waitFor();
        const table = page.getByRole("table", { name: "Stuck devices" });
        await table.getByText(/has had the image for/).first().waitFor();
        await table.getByText("A reset frees the device").first().waitFor();
        await table.getByRole("link", { name: "its request" }).first()
            .waitFor();
        await examine(page, "stuck");
        const rows = await download(page, "Download as CSV");
        assert.match(rows[0], /^deviceId,deviceType,csp,stage,since,/);
        assert.ok(rows.length > 2, `${rows.length} lines`);
        await page.getByLabel("CSP").fill("elsewhere");
        await page.getByRole("button", { name: "Apply" }).click();
        await page.getByText("No device is stuck.").waitFor();
        await go(page, "/ssmi/");
        await page.getByRole("link", { name: /later than 99 of 100 were/ })
            .first().click();
        await page.getByRole("heading", { name: "Stuck devices" }).waitFor();
        await done(page);
        // those of its own requests alone
        const other = await as("dora", "/ssi/stuck");
        await other.getByText("No device is stuck.").waitFor();
        await done(other);
        world.unmakeStuck();
    });

    test("what failed of a request may be sent again, or it is said why not",
        async () => {
            const page = await as("bob", `/ssi/requests/${made.mixed}`);
            await page.getByRole("link", { name: /Retry the failed/ }).click();
            await page.getByRole("heading", { name: "Retry the failed" })
                .waitFor();
            const table = page.getByRole("table",
                { name: "Devices that did not succeed" });
            await table.getByText("Not now").first().waitFor();
            await examine(page, "retry");
            const rows = await download(page, "Download as CSV");
            assert.ok(rows.length > 2, `${rows.length} lines`);
            const all = await table.getByRole("row").count();
            await page.getByLabel("Status or reason")
                .fill("FAILED_HAN_TRANSFER");
            await page.getByRole("button", { name: "Apply" }).click();
            await page.waitForURL(/reason=FAILED_HAN_TRANSFER/);
            await page.locator("main:not([aria-busy])").waitFor();
            const some = await table.getByRole("row").count();
            assert.ok(some > 1 && some < all, `${some} of ${all}`);
            await page.getByLabel("Status or reason").fill("NO_SUCH");
            await page.getByRole("button", { name: "Apply" }).click();
            await page.getByText("No such device has failed.").waitFor();
            await done(page);
            const other = await as("ann", `/ssi/requests/${made.mixed}/retry`);
            await other.getByRole("heading", { name: "Not found" }).waitFor();
            await done(other);
        });

    test("the page of a request says when its devices will be done",
        async () => {
            const path = `/ssmi/requests/${made.mixed}`;
            const page = await as("desk", path);
            const forecast = page.getByRole("region", { name: "Forecast" });
            world.addForecast(made.mixed, false);
            await go(page, path);
            await forecast.getByText(/too little history/).first().waitFor();
            await examine(page, "forecast-none");
            world.addForecast(made.mixed, true);
            await go(page, path);
            await forecast.getByText(/; nine of ten/).first().waitFor();
            await forecast.getByRole("table", { name: /^Forecast by CSP/ })
                .waitFor();
            await forecast.getByText("75% of 4 devices of north, ESME")
                .waitFor();
            await examine(page, "forecast");
            await done(page);
        });
}
