import { readFileSync } from "node:fs";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type JobArgs, StreamExecutionEnvironment } from "../../core/index.ts";
import { launchPlaywright } from "../../scripts/browsers/test-browser.ts";
import { type JobsPages, serveJobsPages } from "./jobs-pages.ts";
import { job } from "./jobs/paced-totals.ts";

/** A job is stopped in a tab and goes on in Node at another parallelism, and the other way around. */

const ENOUGH = 100;
const FAST: JobArgs = { orders: 4_000, ordersPerSecond: 1_000_000 };
/** Takes eight seconds, of which one or two go by until it is stopped. */
const PACED: JobArgs = { orders: 4_000, ordersPerSecond: 500 };

let expected: readonly string[];
let pages: JobsPages;
beforeAll(async () => {
  expected = linesOf((await inNode(FAST, 1)).results);
  pages = await serveJobsPages();
}, 120_000);
afterAll(() => pages?.close());

function linesOf(results: readonly unknown[]): readonly string[] {
  return results.map((result) => JSON.stringify(result)).sort();
}

interface NodeRun {
  readonly savepoint?: Uint8Array;
  /** Whether it stops with a savepoint when it has said enough. */
  readonly stops?: boolean;
}

async function inNode(args: JobArgs, parallelism: number, { savepoint, stops = false }: NodeRun = {}): Promise<{ readonly results: readonly unknown[]; readonly bytes: Uint8Array | undefined }> {
  const env = StreamExecutionEnvironment.getExecutionEnvironment({ parallelism, ...(savepoint === undefined ? {} : { "execution.state-recovery.path": savepoint }) });
  job(env as never, args);
  const client = await env.executeAsync();
  const results: unknown[] = [];
  let stopped: ReturnType<typeof client.stopWithSavepoint> | undefined;
  for await (const batch of client.results("results")) {
    results.push(...batch);
    if (stops && ENOUGH <= results.length) stopped ??= client.stopWithSavepoint();
  }
  await client.result();
  return { results, bytes: (await stopped)?.bytes };
}

describe.each(["Chromium", "Firefox"] as const)("%s", (name) => {
  let browser: Browser;
  let page: Page;
  beforeAll(async () => {
    browser = await launchPlaywright(name);
    page = await browser.newPage();
    await page.goto(`${pages.origins.plain}/savepoint-page`);
    await page.waitForFunction("globalThis.up !== undefined");
  }, 120_000);
  afterAll(() => browser?.close());

  // Of downloads in the Firefox of a system, Playwright is not told: it would be handed no file.
  if (name === "Chromium") {
    test("a savepoint that is downloaded resumes in Node at another parallelism", async () => {
      const downloaded = page.waitForEvent("download");
      const before = (await page.evaluate(`down(${JSON.stringify(PACED)})`)) as readonly unknown[];
      expect(before.length).toBeLessThan(expected.length);
      const savepoint = new Uint8Array(readFileSync(await (await downloaded).path()));
      const { results: after } = await inNode(FAST, 3, { savepoint });
      expect(linesOf([...before, ...after])).toEqual(expected);
    }, 120_000);
  }

  test("a savepoint that was made in Node resumes where it is uploaded", async () => {
    const { results: before, bytes } = await inNode(PACED, 3, { stops: true });
    expect(before.length).toBeLessThan(expected.length);
    await page.setInputFiles("input", { name: "totals.savepoint", mimeType: "application/octet-stream", buffer: Buffer.from(bytes!) });
    const after = (await page.evaluate(`up(${JSON.stringify(FAST)})`)) as readonly unknown[];
    expect(linesOf([...before, ...after])).toEqual(expected);
  }, 120_000);
});
