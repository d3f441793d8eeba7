/** A tab closed and opened again goes on: so it does when the browser has died in the middle of a write. A page whose workers die goes on by itself. */
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { Prng } from "../../core/lib/prng.ts";
import { pageOf, servePages, type Served } from "../../scripts/browsers/page-server.ts";
import { launchBrowser } from "../../scripts/browsers/test-browser.ts";
import { browserVictim } from "../../scripts/kill/browser.ts";
import { nodeVictim } from "../../scripts/kill/node.ts";
import { problemsOf, randomKills, RESULTS } from "../../scripts/kill/victim.ts";
import { bundledForWorker, bundledPage } from "./outcome-in-node.ts";

/** The same on every host. */
const expected = (async () => {
  const { results } = await nodeVictim().run([]);
  expect(new Set(results).size).toBe(RESULTS);
  return results;
})();

test.each(["Chromium", "Firefox"] as const)("%s is killed, and opened again its page goes on: each result is there once", async (name) => {
  const victim = await browserVictim(name);
  try {
    for (const seed of [1, 2]) expect([seed, ...problemsOf(await victim.run(randomKills(new Prng(seed))), await expected)]).toEqual([seed]);
  } finally {
    await victim.close();
  }
}, 240_000);

test.each(["Chromium", "Firefox"] as const)("workers of a page in %s are terminated, and the job goes on: each result is there once", async (name) => {
  const program = 'import { serveJob } from "tamias/web"; import * as job from "./job-in-database.ts"; serveJob(job);';
  const worker = await bundledForWorker({ stdin: { contents: program, resolveDir: fileURLToPath(new URL("../../scripts/kill/pages", import.meta.url)), loader: "ts" } });
  const script = { "content-type": "text/javascript" };
  const served: Readonly<Record<string, Served>> = {
    "/": pageOf("/page.js"),
    "/page.js": { body: await bundledPage("worker-deaths-page"), headers: script },
    "/job-worker.js": { body: worker, headers: script },
  };
  const server = await servePages((path) => served[path]);
  const browser = await launchBrowser(name);
  try {
    const results = (await browser.outcomeOf(server.origin)) as readonly string[];
    expect(problemsOf({ results, kills: [0], problems: [] }, await expected)).toEqual([]);
  } finally {
    await browser.close();
    await server.close();
  }
}, 240_000);
