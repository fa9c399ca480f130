// What a person does with the page, in Debian's Chromium: looks as a viewer, logs in, places an order by keyboard,
// amends another, cancels it, meets a refusal, turns pages of what has ended, and cancels all. Each look of the page is
// searched by axe, and must not be wider than the window, nor a panel wider than its place. Usage: node screen.mjs URL
// PASSWORD FOLDER; prints `order ID`.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { chromium } from "playwright-core";

const [, , url, password, folder] = process.argv;
const axe = await readFile(new URL("../node_modules/axe-core/axe.min.js", import.meta.url), "utf8");
const browser = await chromium.launch({
  executablePath: "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-dev-shm-usage", "--force-color-profile=srgb"],
});

/** A window of this size; whatever the page complains of fails the test. */
async function open(width, height, colorScheme) {
  const context = await browser.newContext({ viewport: { width, height }, colorScheme });
  // Not as a script of the page, whose policy lets none in but its own.
  await context.addInitScript({ content: axe });
  const page = await context.newPage();
  page.setDefaultTimeout(60_000);
  const complaints = [];
  page.on("pageerror", (error) => complaints.push(String(error)));
  page.on("console", (message) => {
    // A refusal is an answer of HTTP that the browser itself also tells of.
    if (message.type() === "error" && !message.text().startsWith("Failed to load resource"))
      complaints.push(message.text());
  });
  await page.goto(url);
  await page.locator("#tape tbody tr").nth(3).waitFor();
  return { page, complaints };
}

/** Nothing that axe finds, nothing beside the window. */
async function check(page, look) {
  const found = await page.evaluate(async () => {
    const { violations } = await window.axe.run();
    const told = (node) => `${node.html.slice(0, 120)} ${node.any.map((one) => one.message).join(" ")}`;
    return violations.map(({ id, nodes }) => `${id}: ${nodes.map(told).join(" | ")}`);
  });
  assert.deepEqual(found, [], look);
  const [wide, window_] = await page.evaluate(() => [document.documentElement.scrollWidth, innerWidth]);
  assert.ok(wide <= window_, `${look}: ${wide} px in a window of ${window_}`);
  const clipped = await page.evaluate(() => {
    const places = [...document.querySelectorAll(".panel .body, .ladder td, .field, .tabpanel td")];
    return places.filter((one) => one.scrollWidth > one.clientWidth + 1).map((one) => one.outerHTML.slice(0, 120));
  });
  assert.deepEqual(clipped, [], `${look}: clipped`);
}

async function logIn(page) {
  await page.locator("#log").click();
  await page.locator("dialog input[name=login]").fill("ann");
  await page.locator("dialog input[name=password]").fill(password);
  await page.keyboard.press("Enter");
  await page.locator("#who", { hasText: "ann" }).waitFor();
}

/** From the top of the page by Tab to an element; fails when it cannot be reached. */
async function tabTo(page, selector) {
  for (let step = 0; step < 120; step++) {
    if (await page.evaluate((wanted) => document.activeElement?.matches(wanted) ?? false, selector)) return;
    await page.keyboard.press("Tab");
  }
  assert.fail(`${selector} is not reached by Tab`);
}

async function trade(page) {
  await page.locator("#theme").focus();
  await tabTo(page, "select[name=order_type]");
  await tabTo(page, "input[name=price]");
  await page.keyboard.type("95.12");
  await tabTo(page, "input[name=amount]");
  await page.keyboard.type("0.123456");
  await page.locator(".preview dl").waitFor();
  assert.match(await page.locator(".preview").innerText(), /Locks\s+11\.76662099 USD/);
  await tabTo(page, ".submit");
  await page.keyboard.press("Enter");
  const done = page.locator(".answer .done");
  await done.waitFor();
  const id = await done.getAttribute("data-order");
  await page.locator("#panel-orders tbody tr", { hasText: "95.12" }).waitFor();
  await page.locator("input[name=price]").fill("95.123");
  await page.locator(".submit").click();
  await page.locator(".answer .refused").waitFor();
  assert.match(await page.locator(".answer .refused").innerText(), /22023.*\s*Round the price/s);
  await page.locator("input[name=price]").fill("93.77");
  await page.locator(".submit").click();
  const row = page.locator("#panel-orders tbody tr", { hasText: "93.77" }).first();
  await row.getByRole("button", { name: "Amend" }).click();
  await page.locator("dialog input[name=price]").fill("93.88");
  await page.locator("dialog button[type=submit]").click();
  await page.locator("#panel-orders tbody tr", { hasText: "93.88" }).getByRole("button", { name: "Cancel" }).click();
  await page.locator("#panel-orders tbody tr", { hasText: "93.88" }).waitFor({ state: "detached" });
  return id;
}

/** A tab with pages: fifty rows, then others, and back. */
async function turnPages(page, tab) {
  await page.locator(`#tab-${tab}`).click();
  const rows = page.locator(`#panel-${tab} tbody tr`);
  await page.locator(`#panel-${tab} table`).waitFor();
  const older = page.locator(`#panel-${tab}`).getByRole("button", { name: "Older" });
  const newer = page.locator(`#panel-${tab}`).getByRole("button", { name: "Newer" });
  const first = await rows.first().innerText();
  assert.equal(await rows.count(), 50, tab);
  assert.ok(await newer.isDisabled());
  await older.focus();
  await page.keyboard.press("Enter");
  await page.waitForFunction(
    ([tab, first]) => document.querySelector(`#panel-${tab} tbody tr`)?.innerText !== first,
    [tab, first],
  );
  assert.equal(await rows.count(), 50, `${tab}, second page`);
  await newer.click();
  await page.waitForFunction(() => document.activeElement?.textContent === "Older");
  assert.equal(await rows.first().innerText(), first, `${tab}, first page again`);
}

/** Cancels what is open, by keyboard alone: of the chosen market, then of all. */
async function cancelAll(page) {
  await page.locator("#tab-orders").click();
  const rows = page.locator("#panel-orders tbody tr");
  await rows.first().waitFor();
  const open = async () => {
    await page.locator("#tab-orders").focus();
    await tabTo(page, "#panel-orders .pages button");
    await page.keyboard.press("Enter");
    await tabTo(page, "dialog select");
  };
  await open();
  await check(page, "cancel all");
  await page.keyboard.press("Escape");
  await page.locator("dialog").waitFor({ state: "hidden" });
  assert.ok((await rows.count()) > 2, "nothing is cancelled without a confirmation");
  await open();
  await tabTo(page, "dialog button[type=submit]");
  await page.keyboard.press("Enter");
  await page.locator("#panel-orders tbody tr", { hasText: "BTC-USD" }).first().waitFor({ state: "detached" });
  assert.equal(await rows.count(), 2, "orders of another market stand");
  await open();
  await page.keyboard.press("End");
  await tabTo(page, "dialog button[type=submit]");
  await page.keyboard.press("Enter");
  await page.locator("#panel-orders .none").waitFor();
  assert.match(await page.locator("#panel-orders .done").innerText(), /Cancelled: 2/);
}

const wide = await open(1440, 900, "dark");
await check(wide.page, "viewer, dark");
// A book with long sizes.
await wide.page.locator("#markets button", { hasText: "SOL-USD" }).click();
await wide.page.locator("#ladder .ask button", { hasText: "50.03" }).waitFor();
await check(wide.page, "long sizes");
await wide.page.locator("#markets button", { hasText: "BTC-USD" }).click();
await wide.page.locator("#tape tbody tr").nth(3).waitFor();
await logIn(wide.page);
console.log(`order ${await trade(wide.page)}`);
for (const tab of ["history", "trades"]) await turnPages(wide.page, tab);
for (const tab of ["history", "trades", "refused", "bots", "accounts", "platform"]) {
  await wide.page.locator(`#tab-${tab}`).click();
  await wide.page.locator(`#panel-${tab} table, #panel-${tab} .none`).first().waitFor();
  await check(wide.page, `${tab}, dark`);
}
// What is to be done about an alert is read whole.
const [told, room] = await wide.page
  .locator("#panel-platform")
  .evaluate((panel) => [panel.scrollWidth, panel.clientWidth]);
assert.ok(told <= room, `platform: ${told} px in a panel of ${room}`);
await wide.page.locator("#tab-platform").focus();
await wide.page.keyboard.press("Home");
await wide.page.locator("#panel-orders table").waitFor();
// An order near the market shows in the ladder, and a picture wants one.
await wide.page.locator("#ladder .bid button").nth(8).click();
await wide.page.locator("input[name=amount]").fill("0.75");
await wide.page.locator(".submit").click();
// Unless somebody was quick to take it.
await wide.page
  .locator("#ladder .mine")
  .first()
  .waitFor({ timeout: 5000 })
  .catch(() => undefined);
await wide.page.locator("input[name=amount]").fill("1.5");
await wide.page.locator(".preview dl").waitFor();
await wide.page.mouse.move(700, 300);
await wide.page.waitForTimeout(1500);
await wide.page.screenshot({ path: `${folder}/screen.png` });
await wide.page.locator("#theme").click();
await check(wide.page, "logged in, light");
await wide.page.waitForTimeout(500);
await wide.page.screenshot({ path: `${folder}/light.png` });
await cancelAll(wide.page);
await wide.page.reload();
assert.equal(await wide.page.evaluate(() => document.documentElement.dataset.theme), "light");

const light = await open(1440, 900, "light");
assert.equal(await light.page.evaluate(() => document.documentElement.dataset.theme), "light");
const narrow = await open(390, 844, "dark");
await check(narrow.page, "viewer, 390 px");
// Another market is chosen without a search for it.
const markets = await narrow.page.locator(".markets").boundingBox();
assert.ok(markets !== null && markets.y + markets.height < 844, JSON.stringify(markets));
await logIn(narrow.page);
await check(narrow.page, "logged in, 390 px");
for (const tab of ["history", "trades", "refused", "bots", "accounts", "platform", "orders"]) {
  await narrow.page.locator(`#tab-${tab}`).click();
  await narrow.page.locator(`#panel-${tab} table, #panel-${tab} .none`).first().waitFor();
  await check(narrow.page, `${tab}, 390 px`);
}
await narrow.page.screenshot({ path: `${folder}/narrow.png`, fullPage: true });
for (const { complaints } of [wide, light, narrow]) assert.deepEqual(complaints, []);
await browser.close();
