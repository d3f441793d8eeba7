import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type PageServer, type Served, ISOLATED, pageOf, servePages } from "../../scripts/browsers/page-server.ts";
import { BROWSER_NAMES, type TestBrowser, launchBrowser } from "../../scripts/browsers/test-browser.ts";
import { HOST_CASES } from "../host/host.case.ts";
import { WORKER_CASES } from "../host/worker.case.ts";
import { wholePage } from "./outcome-in-node.ts";

/** What hosts promise, on pages of real browsers and the workers of those, with and without cross-origin isolation. */

let server: PageServer;
beforeAll(async () => {
  const [[page], [thread]] = await Promise.all([wholePage("host-page"), wholePage("host-thread")]);
  const served: Readonly<Record<string, Served>> = {
    "/plain": pageOf("/page.js"),
    "/isolated": pageOf("/page.js", ISOLATED),
    "/page.js": { body: page!.contents },
    "/thread.js": { body: thread!.contents, headers: ISOLATED },
  };
  server = await servePages((path) => served[path]);
});
afterAll(() => server?.close());

describe.each(BROWSER_NAMES)("%s", (name) => {
  let browser: TestBrowser;
  beforeAll(async () => {
    browser = await launchBrowser(name);
  }, 120_000);
  afterAll(() => browser?.close());

  // WebKit as Debian has it isolates, and has no shared memory.
  describe.each([["plain", false], ["isolated", name !== "WebKit"]] as const)("on a page that is %s", (page, sharesMemory) => {
    let outcomes: Readonly<Record<string, unknown>>;
    beforeAll(async () => {
      outcomes = (await browser.outcomeOf(`${server.origin}/${page}`)) as typeof outcomes;
    }, 120_000);

    test.each([...HOST_CASES, ...WORKER_CASES])("$title", ({ title, expected }) => expect(outcomes[title]).toEqual(expected));

    test("memory is shared between threads where the page is isolated and the browser has such memory", () => {
      expect(outcomes["sharesMemory"]).toBe(sharesMemory);
    });
  });
});
