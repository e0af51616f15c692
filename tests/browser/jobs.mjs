/* The jobs of people, each as the table of docs/people.md says: a step is a
 * click, or a form that is filled in and sent. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { as, done, download, go } from "./browser.mjs";
import * as world from "./world.mjs";

/* name -> steps */
const TABLE = new Map([...readFileSync("docs/people.md", "utf8").matchAll(
    /^\| ([^|]+?) \|[^|]*\|[^|]*\| (\d+) \|$/gm)].map(row =>
    [row[1], Number(row[2])]));

/* step(what) does one; those that were done are counted. */
function counted(page) {
    let steps = 0;
    const step = async what => {
        steps++;
        await what();
        await page.locator("main:not([aria-busy])").waitFor();
    };
    const click = (role, name) => step(() =>
        page.getByRole(role, { name }).first().click());
    return { step, click, count: () => steps };
}

const why = page => page.getByLabel(/^Why/).fill("a test");
const sure = page => page.getByLabel("I confirm").check();

/* The lists, each had as a file. */
const LISTS = ["requests", "alarms", "stuck", "undelivered", "steering",
    "quarantine", "audit", "outcomes", "neighbours", "results", "rsat-004",
    "volumes",
    `ledger?user=${world.supplier(1)}`];

/* made: what screens_test.mjs made; spare(): a request that goes on. */
export function testJobs(test, made, spare) {
    const left = new Map(TABLE);
    const job = (name, what) => {
        const steps = left.get(name);
        left.delete(name);
        test(`in ${steps} steps: ${name}`, async () => {
            const page = await as("desk", "/ssmi/");
            const counter = counted(page);
            await what(page, counter);
            assert.equal(counter.count(), steps);
            await done(page);
        });
    };

    job("where is a device, and why", async (page, { step }) => {
        await step(async () => {
            await page.getByLabel("Device ID").fill(made.mixedDevices[0]);
            await page.keyboard.press("Enter");
        });
        await page.locator(".state-title").waitFor();
        await page.getByText("Said by").first().waitFor();
    });

    job("which failed, and why", async (page, { step }) => {
        await go(page, `/ssmi/requests/${made.mixed}`);
        await page.getByRole("heading", { name: "Failures by reason" })
            .waitFor();
        await step(() => page.locator(".figure a[href*='outcome=failed']")
            .first().click());
        await page.getByText("HUB_NOT_REACHABLE").first().waitFor();
    });

    job("stop this campaign", async (page, { click, step }) => {
        await go(page, `/ssmi/requests/${await spare()}`);
        await click("button", "Stop");
        await step(async () => {
            await why(page);
            await sure(page);
            await page.getByRole("button", { name: "Stop" }).click();
        });
        await page.getByText(/^Stop: /).first().waitFor();
    });

    job("pause North", async (page, { click, step }) => {
        await go(page, "/ssmi/csps");
        await click("button", "Hold north");
        await step(async () => {
            await why(page);
            await sure(page);
            await page.getByRole("button", { name: "Hold", exact: true })
                .click();
        });
        await page.getByText(/^Hold: /).first().waitFor();
        await go(page, "/ssmi/csps/north/steer/release");
        await why(page);
        await sure(page);
        await page.getByRole("button", { name: "Release" }).click();
        await page.getByText(/^Release: /).first().waitFor();
    });

    job("Monday 22:00 in waves", async (page, { click, step }) => {
        const id = await spare();
        world.order("hold", id);
        await go(page, `/ssmi/requests/${id}`);
        await click("button", "Plan");
        await step(async () => {
            await page.getByLabel("First wave").fill("1");
            await page.getByLabel("Next waves").fill("2");
            await page.getByLabel("Not before").fill("2199-12-07T22:00Z");
            await why(page);
            await sure(page);
            await page.getByRole("button", { name: "Set the plan" }).click();
        });
        await page.getByText("waits for its start").waitFor();
    });

    job("a device on 3 March", async (page, { click, step }) => {
        await click("link", "Audit trail");
        await step(async () => {
            const today = new Date().toISOString().slice(0, 10);
            await page.getByLabel("Device ID").fill(made.mixedDevices[0]);
            await page.getByLabel("From (UTC)").fill(today);
            await page.getByLabel("To, that day").fill(today);
            await page.keyboard.press("Enter");
        });
        await page.getByRole("table", { name: "Audit trail" }).waitFor();
    });

    job("was every supplier told of a device", async (page, { step }) => {
        const device = await page.evaluate(async id => (await (await fetch(
            `/api/v1/requests/${id}/devices?limit=1` +
            "&status=SUCCESSFUL_HAN_TRANSFER")).json()).items[0].deviceId,
        made.mixed);
        await step(async () => {
            await page.getByLabel("Device ID").fill(device);
            await page.keyboard.press("Enter");
        });
        await page.getByRole("table", { name: "Messages about it" })
            .getByText("N62").first().waitFor();
    });

    job("what goes wrong, and what to do", async (page, { click }) => {
        await click("link", /^Alarms$/);
        await page.getByRole("heading", { level: 1, name: "Alarms" }).waitFor();
        await page.getByRole("cell", { name: /^See on the page of the device/ })
            .first().waitFor();
    });

    job("when is it done", async (page, { click }) => {
        await spare();
        await click("link", "Requests");
        await page.getByRole("columnheader", { name: "90% done" }).waitFor();
    });

    job("what may I send again", async (page, { click }) => {
        await go(page, `/ssmi/requests/${made.mixed}`);
        await click("link", "Retry the failed");
        await page.getByRole("table", { name: "Devices that did not succeed" })
            .waitFor();
    });

    job("which models fail, over all requests", async (page, { click }) => {
        await click("link", "Outcomes");
        await page.getByRole("table", { name: "Outcomes by model" }).waitFor();
    });

    job("what a device was at a moment", async (page, { click, step }) => {
        await click("link", "Audit trail");
        await step(async () => {
            await page.getByLabel("Device ID").fill(made.mixedDevices[0]);
            await page.getByLabel("As known at").fill(
                new Date().toISOString());
            await page.keyboard.press("Enter");
        });
        await page.getByRole("heading", { name: "What its update was then" })
            .waitFor();
    });

    job("was a supplier told of everything", async (page, { click, step }) => {
        await click("link", "Ledger");
        await step(async () => {
            await page.getByLabel("User").fill(world.supplier(2));
            await page.keyboard.press("Enter");
        });
        await page.getByText("Confirmed").first().waitFor();
        await page.getByRole("table", { name: "Messages by code and request" })
            .waitFor();
    });

    job("all of it as a file", async (page, { step }) => {
        await go(page, `/ssmi/requests/${made.mixed}/devices?outcome=failed`);
        let lines;
        await step(async () => {
            lines = await download(page, "Download as CSV");
        });
        assert.match(lines[0], /^deviceId,/);
        assert.ok(lines.length > 10);
        for (const list of [...LISTS, `requests/${made.mixed}/retry`]) {
            await go(page, `/ssmi/${list}`);
            const [head] = await download(page, "Download as CSV");
            assert.match(head, /^\w+,/, list);
        }
    });

    test("each job of docs/people.md is tried", () =>
        assert.deepEqual([...left.keys()], []));
}

/* A request of three devices that no CSP takes yet. */
export const waiting = image => async () => {
    for (const csp of ["north", "south"])
        world.setCspFaults(csp, "job 503");
    return world.send(3, "11.4", image,
        world.devices(3, image, "accepted", 3), "I99");
};
