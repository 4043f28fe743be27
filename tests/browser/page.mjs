// Opens the page as a shopkeeper does who follows the address that `rapport serve` prints, and looks at what it shows.
import { chromium } from "playwright-core";
import assert from "node:assert/strict";

const { CHROMIUM: executablePath, RAPPORT_URL: url, RAPPORT_KEY: key, PICTURE: path } = process.env;
/** How long the demo shop may take to be open, trained and served, in milliseconds. */
const PATIENCE = 60_000;

const browser = await chromium.launch({ executablePath, args: ["--headless", "--no-sandbox", "--disable-gpu"] });
try {
  const page = await browser.newPage({ viewport: { width: 1200, height: 900 } });
  const errors = [];
  page.on("console", (message) => message.type() === "error" && errors.push(message.text()));
  page.on("pageerror", (error) => errors.push(String(error)));

  // The shop may still be opening: the page is asked for again until a model is live.
  const deadline = Date.now() + PATIENCE;
  for (;;) {
    await page.goto(`${url}/#k=${key}`);
    await page.reload();
    await page.waitForFunction(() => /items|!/.test(document.getElementById("said").textContent) || document.querySelector("#cards li"));
    if (!(await page.textContent("#said")).includes("fallback") || Date.now() > deadline) break;
    await page.waitForTimeout(500);
  }
  await shows(page, "home");

  // A click on a card asks for what goes with it.
  const looked_at = await page.textContent("#cards li strong");
  await page.click("#cards li button");
  // The click itself makes the page say that it asks; what it says next is the answer.
  await page.waitForFunction(() => !document.getElementById("said").textContent.startsWith("Asking"));
  const titles = await shows(page, "product");
  assert.match(await page.textContent("#said"), /strategy contextual/, "the item was asked about");
  assert(!titles.includes(looked_at), `what is looked at is not recommended: ${looked_at}`);

  await page.screenshot({ path, fullPage: true });
  assert.deepEqual(errors, [], "the console is quiet");
} finally {
  await browser.close();
}

/** Every card has a title and a reason; gives the titles. */
async function shows(page, placement) {
  const said = await page.textContent("#said");
  const texts = async (selector) => (await page.locator(selector).allTextContents()).map((text) => text.trim());
  const [titles, reasons] = [await texts("#cards li strong"), await texts("#cards li .why")];
  assert.equal(titles.length, 10, `${placement}: ten items; the page says: ${said}`);
  assert(!said.includes("fallback"), `${placement}: ${said}`);
  assert(titles.every(Boolean) && reasons.length === titles.length && reasons.every(Boolean), `${placement}: an item without title or reason`);
  console.log(`${placement}: ${said} ${titles[0]}: ${reasons[0]}`);
  return titles;
}
