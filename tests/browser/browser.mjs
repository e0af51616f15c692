/* A browser that notices what a person would not: errors on the console, what
 * the Content-Security-Policy forbade, findings of axe-core, pages wider than
 * a phone. */
import assert from "node:assert/strict";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { resolve } from "node:path";
import { PASSWORD } from "./world.mjs";

const fromModules = createRequire(resolve("build/browser/modules") + "/");
const { chromium } = fromModules("playwright-core");
const axe = readFileSync(fromModules.resolve("axe-core/axe.min.js"), "utf8");

const SHOTS = "build/screenshots";
const SIZES = { desktop: { width: 1280, height: 900 },
    phone: { width: 390, height: 844 } };

let browser, base;

export async function open(address) {
    base = address;
    mkdirSync(SHOTS, { recursive: true });
    browser = await chromium.launch({ args: ["--no-sandbox", "--lang=en-GB"],
        executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium" });
}

export const close = () => browser?.close();

/* Refusals that a test provokes are on the console too. */
const EXPECTED = /^Failed to load resource: .* with a status of 4/;

/* A page of its own session. */
export async function newPage(path = "/ssi/") {
    const context = await browser.newContext({ viewport: SIZES.desktop,
        baseURL: base, acceptDownloads: true, timezoneId: "Europe/London",
        locale: "en-GB" });
    const page = await context.newPage();
    page.setDefaultTimeout(10000);
    page.mistakes = [];
    page.on("pageerror", e => page.mistakes.push(e.message));
    page.on("console", m => {
        if (m.type() === "error" && !EXPECTED.test(m.text()))
            page.mistakes.push(m.text());
    });
    await page.goto(base + path);
    await page.locator("main h1").waitFor();
    return page;
}

/* As a browser that runs no JavaScript shows it, at both sizes, light and dark. */
export async function withoutScripts(path) {
    const context = await browser.newContext({ baseURL: base,
        javaScriptEnabled: false });
    const page = await context.newPage();
    await page.goto(base + path);
    for (const [size, viewport] of Object.entries(SIZES))
        for (const colorScheme of ["light", "dark"]) {
            await page.setViewportSize(viewport);
            await page.emulateMedia({ colorScheme });
            await page.screenshot({
                path: `${SHOTS}/no-script-${size}-${colorScheme}.png` });
        }
    return page;
}

export async function signIn(page, name, password = PASSWORD) {
    await page.getByLabel("Name").fill(name);
    await page.getByLabel("Password").fill(password);
    await page.getByRole("button", { name: "Sign in" }).click();
}

/* Signed in, at a path. */
export async function as(name, path) {
    const page = await newPage(path);
    await signIn(page, name);
    await page.getByRole("button", { name: "Sign out" }).waitFor();
    return page;
}

export async function go(page, path) {
    await page.goto(base + path);
    await page.locator("main h1").waitFor();
}

export async function done(page) {
    assert.deepEqual(page.mistakes, []);
    await page.context().close();
}

/* ---- what is wrong with a page ---- */

async function accessible(page, name) {
    await page.evaluate(axe);
    const { violations } = await page.evaluate(() => axe.run(document, {
        runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa",
            "best-practice"] }));
    assert.deepEqual(violations.map(v => [name, v.id, v.impact,
        v.nodes.map(n => n.target.join(" "))]), []);
}

async function fits(page, name) {
    const [needed, there] = await page.evaluate(() =>
        [document.documentElement.scrollWidth, innerWidth]);
    assert.ok(needed <= there, `${name}: ${needed} pixels wide of ${there}`);
}

/* Examines a page at both sizes, light and dark, and keeps a picture of each. */
export async function examine(page, name) {
    for (const [size, viewport] of Object.entries(SIZES))
        for (const colorScheme of ["light", "dark"]) {
            const what = `${name}-${size}${colorScheme === "dark" ? "-dark" : ""}`;
            await page.setViewportSize(viewport);
            await page.emulateMedia({ colorScheme });
            await page.screenshot({ fullPage: true,
                path: `${SHOTS}/${what}.png` });
            await accessible(page, what);
            await fits(page, what);
        }
    await page.setViewportSize(SIZES.desktop);
    await page.emulateMedia({ colorScheme: "light" });
}

/* The same without pictures. */
export async function quick(page, name) {
    await page.locator("main:not([aria-busy])").waitFor();
    for (const [size, viewport] of Object.entries(SIZES))
        for (const colorScheme of ["light", "dark"]) {
            await page.setViewportSize(viewport);
            await page.emulateMedia({ colorScheme });
            await accessible(page, `${name} ${size} ${colorScheme}`);
            await fits(page, `${name} ${size} ${colorScheme}`);
        }
}

/* The lines of what a click downloads. */
export async function download(page, name) {
    const [file] = await Promise.all([page.waitForEvent("download"),
        page.getByRole("link", { name }).click()]);
    return readFileSync(await file.path(), "utf8").trimEnd().split("\r\n");
}

/* How many pages its print has; the print is kept as well. */
export async function printedPages(page, name) {
    const pdf = await page.pdf({ preferCSSPageSize: true });
    writeFileSync(`${SHOTS}/${name}.pdf`, pdf);
    return pdf.toString("latin1").match(/\/Type\s*\/Page\b/g).length;
}
