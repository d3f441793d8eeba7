import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type PageServer, type Served, pageOf, servePages } from "../../scripts/browsers/page-server.ts";
import { BROWSER_NAMES, type TestBrowser, launchBrowser, launchPlaywright } from "../../scripts/browsers/test-browser.ts";
import { STORAGE_CASES } from "../host/storage.case.ts";
import { INDEXED_DB_CASES } from "./indexed-db.case.ts";
import { wholePage } from "./outcome-in-node.ts";

let server: PageServer;
beforeAll(async () => {
  const [page] = await wholePage("storage-page");
  const served: Readonly<Record<string, Served>> = { "/": pageOf("/page.js"), "/full": pageOf("/page.js"), "/page.js": { body: page!.contents } };
  server = await servePages((path) => served[path]);
});
afterAll(() => server?.close());

describe.each(BROWSER_NAMES)("a storage in IndexedDB in %s", (name) => {
  let browser: TestBrowser;
  let outcomes: Readonly<Record<string, unknown>>;
  beforeAll(async () => {
    browser = await launchBrowser(name);
    outcomes = (await browser.outcomeOf(server.origin)) as typeof outcomes;
  }, 240_000);
  afterAll(() => browser?.close());

  test.each([...STORAGE_CASES, ...INDEXED_DB_CASES])("$title", ({ title, expected }) => expect(outcomes[title]).toEqual(expected));
});

test("where the browser gives no more space it says what to do", async () => {
  const browser = await launchPlaywright("Chromium");
  try {
    const page = await browser.newPage();
    const session = await page.context().newCDPSession(page);
    await session.send("Storage.overrideQuotaForOrigin", { origin: server.origin, quotaSize: 1_000_000 });
    await page.goto(`${server.origin}/full`);
    expect(await page.evaluate("globalThis.outcome")).toMatch(/no more space; remove savepoints .* \(QuotaExceededError\)/);
  } finally {
    await browser.close();
  }
});
