import { afterAll, beforeAll, expect, test } from "vitest";
import { type PageServer, type Served, pageOf, servePages } from "../../scripts/browsers/page-server.ts";
import { BROWSER_NAMES, launchBrowser } from "../../scripts/browsers/test-browser.ts";
import { wholePage } from "./outcome-in-node.ts";

let server: PageServer;
beforeAll(async () => {
  const [page] = await wholePage("connectors-page");
  const served: Readonly<Record<string, Served>> = { "/": pageOf("/page.js"), "/page.js": { body: page!.contents } };
  server = await servePages((path) => served[path]);
});
afterAll(() => server?.close());

test.each(BROWSER_NAMES)("sink and log in IndexedDB keep what they promise, case by case, in %s", async (name) => {
  const browser = await launchBrowser(name);
  try {
    const { given, expected } = (await browser.outcomeOf(server.origin)) as Readonly<Record<"given" | "expected", object>>;
    expect(given).toEqual(expected);
    expect(Object.keys(given).length).toBeGreaterThanOrEqual(15);
  } finally {
    await browser.close();
  }
}, 240_000);
