import { afterAll, beforeAll, expect, test } from "vitest";
import { type PageServer, type Served, pageOf, servePages } from "../../scripts/browsers/page-server.ts";
import { BROWSER_NAMES, launchBrowser } from "../../scripts/browsers/test-browser.ts";
import { wholePage } from "./outcome-in-node.ts";

/** Calls over Comlink settle however their worker ends; Comlink alone would wait for ever. */

let server: PageServer;
beforeAll(async () => {
  const [[page], [thread]] = await Promise.all([wholePage("wrapped-worker-page"), wholePage("wrapped-thread")]);
  const served: Readonly<Record<string, Served>> = {
    "/": pageOf("/page.js"),
    "/page.js": { body: page!.contents },
    "/thread.js": { body: thread!.contents },
  };
  server = await servePages((path) => served[path]);
});
afterAll(() => server?.close());

test.each(BROWSER_NAMES)("in %s", async (name) => {
  const browser = await launchBrowser(name);
  try {
    const bug = expect.stringContaining("a bug in it") as string;
    expect(await browser.outcomeOf(server.origin)).toEqual({
      "answers come, errors too": { calls: ["42", "RangeError: no"], told: [] },
      "terminated": { calls: ["2", "Error: enough", "Error: enough"], told: ["enough"] },
      "terminated while it spins": { calls: ["2", "Error: the worker was terminated", "Error: the worker was terminated"], told: ["the worker was terminated"] },
      "terminated twice, called afterwards": { calls: ["Error: first"], told: ["first"] },
      "a bug that nobody caught": { calls: [bug, "undefined"], told: [bug] },
      "no such script": { calls: ["Error: the worker's script could not be loaded"], told: ["the worker's script could not be loaded"] },
    });
  } finally {
    await browser.close();
  }
});
