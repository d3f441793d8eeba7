import type { Browser, BrowserContext, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { launchPlaywright } from "../../scripts/browsers/test-browser.ts";
import { type JobsPages, serveJobsPages } from "./jobs-pages.ts";

/** Several tabs of real browsers, of which one runs the job: it sums up numbers that the tabs append to a log, each once, whatever befalls the tabs. */

/** Of numbers. */
const SOME = 150;
const REMAINDERS = 7;
const WAIT_MS_MAX = 120_000;

let pages: JobsPages;
beforeAll(async () => {
  pages = await serveJobsPages();
}, 120_000);
afterAll(() => pages?.close());

/** The tabs of one user, and how many numbers they have appended. */
class Tabs {
  readonly #context: BrowserContext;
  #numbers = 0;

  constructor(context: BrowserContext) {
    this.#context = context;
  }

  static async opened(browser: Browser, count: number): Promise<readonly [Tabs, readonly Page[]]> {
    const tabs = new Tabs(await browser.newContext());
    const opened: Page[] = [];
    for (let index = 0; index < count; index += 1) opened.push(await tabs.open());
    return [tabs, opened];
  }

  async open(leaderTimeoutMs = 60_000): Promise<Page> {
    const page = await this.#context.newPage();
    page.setDefaultTimeout(WAIT_MS_MAX);
    await page.goto(`${pages.origins.plain}/shared-page?leaderTimeoutMs=${leaderTimeoutMs}`);
    await page.waitForFunction("globalThis.tab !== undefined");
    return page;
  }

  async append(by: Page): Promise<void> {
    await by.evaluate(`tab.append(${this.#numbers + 1}, ${SOME})`);
    this.#numbers += SOME;
  }

  /** All that was appended has been summed up, each number once and behind those before it. */
  async expectAll(by: Page): Promise<void> {
    while (Number(await by.evaluate("tab.count()")) < this.#numbers);
    const rows = (await by.evaluate("tab.rows()")) as readonly { readonly n: number }[];
    expect([...rows].sort((a, b) => a.n - b.n)).toEqual(expectedRows(this.#numbers));
  }

  close(): Promise<void> {
    return this.#context.close();
  }
}

function expectedRows(numbers: number): readonly { readonly n: number; readonly sum: number }[] {
  const sums = new Array<number>(REMAINDERS).fill(0);
  return Array.from({ length: numbers }, (_none, index) => ({ n: index + 1, sum: (sums[(index + 1) % REMAINDERS]! += index + 1) }));
}

/** The tab that leads, once there is one, and the others. */
async function leaderOf(tabs: readonly Page[]): Promise<{ readonly leader: Page; readonly followers: readonly Page[] }> {
  const leader = await Promise.any(tabs.map(async (tab) => (await tab.waitForFunction('tab.job.role === "leader"'), tab)));
  const followers = tabs.filter((tab) => tab !== leader);
  for (const follower of followers) expect(await follower.evaluate("[tab.job.role, tab.job.client]")).toEqual(["follower", undefined]);
  return { leader, followers };
}

/** Results that come from now on are shown there. */
async function expectShown(tabs: Tabs, ...shown: readonly Page[]): Promise<void> {
  for (const tab of shown) await tab.evaluate("tab.seen = 0; tab.reports = 0");
  await tabs.append(shown[0]!);
  for (const tab of shown) await tab.waitForFunction("0 < tab.seen && 0 < tab.reports");
}

async function expectOutcome(tab: Page, outcome: string): Promise<void> {
  await tab.waitForFunction("tab.outcome !== undefined");
  expect(await tab.evaluate("tab.outcome")).toContain(outcome);
}

describe.each(["Chromium", "Firefox"] as const)("a shared job in %s", (name) => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await launchPlaywright(name);
  }, 120_000);
  afterAll(() => browser?.close());

  test("runs in one of three tabs and is shown in all; when that one is closed or leaves, another goes on", async () => {
    const [tabs, all] = await Tabs.opened(browser, 3);
    const first = await leaderOf(all);
    await expectShown(tabs, ...all);
    await tabs.expectAll(first.leader);
    await tabs.append(first.leader);
    await first.leader.close();
    const second = await leaderOf(first.followers);
    await expectShown(tabs, ...first.followers);
    await tabs.expectAll(second.leader);
    await second.leader.evaluate("tab.job.close()");
    await expectOutcome(second.leader, "CLUSTER_CLOSED");
    const { leader: last } = await leaderOf(second.followers);
    await tabs.append(second.leader);
    await tabs.expectAll(last);
    await tabs.close();
  }, 240_000);

  test("goes on where it was when the only tab is closed and opened again; when it ends, all tabs know, also those that are opened then", async () => {
    const [tabs, [tab]] = await Tabs.opened(browser, 1);
    await tabs.append(tab!);
    await tabs.expectAll(tab!);
    await tabs.append(tab!);
    await tab!.close();
    const again = await tabs.open();
    await expectShown(tabs, again);
    await tabs.expectAll(again);
    const other = await tabs.open();
    await again.evaluate("tab.job.client.stop()");
    const late = await tabs.open();
    for (const each of [again, other, late]) await expectOutcome(each, "finished");
    await tabs.expectAll(late);
    await tabs.close();
  }, 240_000);
});

/** Stops the page's own thread wherever it is, as the browser does when it freezes a page; its workers go on, which is the harder case. What it returns lets it go on. */
async function freeze(tab: Page): Promise<() => Promise<void>> {
  await tab.evaluate('void document.dispatchEvent(new Event("freeze"))');
  const session = await tab.context().newCDPSession(tab);
  await session.send("Debugger.enable");
  const paused = new Promise((resolve) => session.once("Debugger.paused", resolve));
  await session.send("Debugger.pause");
  void session.send("Runtime.evaluate", { expression: 'document.dispatchEvent(new Event("resume"))' });
  await paused;
  return async () => {
    await session.send("Debugger.disable");
  };
}

test("a leader in Chromium whose page is frozen is replaced, and follows when it thaws; nothing is lost or doubled", async () => {
  const browser = await launchPlaywright("Chromium");
  try {
    const [tabs, [leader]] = await Tabs.opened(browser, 1);
    await expectShown(tabs, leader!);
    const other = await tabs.open(2_000);
    const thaw = await freeze(leader!);
    await tabs.append(other);
    await leaderOf([other]);
    await tabs.append(other);
    await tabs.expectAll(other);
    await thaw();
    await leader!.waitForFunction('tab.job.role === "follower"');
    await expectShown(tabs, leader!, other);
    await tabs.expectAll(other);
  } finally {
    await browser.close();
  }
}, 240_000);
