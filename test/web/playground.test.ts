import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { PageServer } from "../../scripts/browsers/page-server.ts";
import { launchPlaywright } from "../../scripts/browsers/test-browser.ts";
import { servePlayground } from "./playground/built-playground.ts";
import { type ExpectedCounts, expectedCounts } from "./playground/expected-counts.ts";
import { openPlayground, type PlaygroundPage } from "./playground/playground-page.ts";

/** The playground as it is built, in real browsers, handled as people do. */

const AS_FAST_AS_IT_CAN = "14";

let server: PageServer;
let expected: ExpectedCounts;
beforeAll(async () => {
  server = await servePlayground();
  expected = await expectedCounts();
}, 120_000);
afterAll(() => server?.close());

describe.each(["Chromium", "Firefox"] as const)("%s", (name) => {
  let browser: Browser;
  const opened: PlaygroundPage[] = [];
  const open = async (folder: string, width?: number): Promise<PlaygroundPage> => {
    const page = await openPlayground(browser, `${server.origin}/${folder}/`, width);
    opened.push(page);
    return page;
  };
  const keep = (page: PlaygroundPage, what: string): Promise<void> => page.keep(`${name.toLowerCase()}-${what}`);

  beforeAll(async () => {
    browser = await launchPlaywright(name);
  }, 120_000);
  afterAll(() => browser?.close());

  /** Whatever a test was about, a page that complains is broken. */
  async function closeAll(): Promise<readonly string[]> {
    const pages = opened.splice(0);
    for (const page of pages) await page.close();
    return pages.flatMap(({ complaints }) => complaints);
  }

  test.each([
    ["isolated", true],
    ["plain", false],
  ])("%s: starts, pauses, goes on and stops", async (folder, isIsolated) => {
    const playground = await open(folder);
    expect(await playground.page.evaluate("crossOriginIsolated")).toBe(isIsolated);
    await playground.button("Start").click();
    await playground.untilPhase("running");
    await playground.untilCount("windows", 1);

    await playground.button("Pause").click();
    await playground.untilPhase("paused");
    await playground.afterSamples(5);
    const paused = await playground.count("read");
    await playground.afterSamples(5);
    expect(await playground.count("read")).toBe(paused);

    await playground.button("Resume").click();
    await playground.untilCount("read", paused + 1);
    await playground.button("Stop").click();
    await playground.untilPhase("finished");
    expect(await playground.button("Stop").isDisabled()).toBe(true);
    await playground.page.waitForFunction("document.querySelector('[data-stat=rate]').textContent === '0'");
    expect(await closeAll()).toEqual([]);
  });

  test("finds what the job finds in Node", async () => {
    const playground = await open("isolated");
    await playground.page.getByLabel("Repeat").uncheck();
    await playground.page.getByLabel("Rate of the source").fill(AS_FAST_AS_IT_CAN);
    await playground.button("Start").click();
    await playground.untilPhase("finished");
    await playground.untilCount("read", expected.records);
    const [read, windows, late, tooLate] = await Promise.all((["read", "windows", "late", "too-late"] as const).map((count) => playground.count(count)));
    expect({ records: read, windows, lateKept: late, sideOutput: tooLate }).toEqual(expected);
    expect(await closeAll()).toEqual([]);
  });

  test("runs the windows on as many workers as are chosen, also while it runs", async () => {
    const playground = await open("isolated");
    const subtasks = playground.page.locator("[data-chain]", { hasText: "hourly delays" }).locator("[data-subtask]");
    await playground.page.getByRole("radio", { name: "3" }).check({ force: true });
    await playground.button("Start").click();
    await playground.untilCount("windows", 1);
    expect(await subtasks.count()).toBe(3);
    await playground.page.getByRole("radio", { name: "4" }).check({ force: true });
    await playground.page.waitForFunction("document.querySelectorAll('[data-subtask]').length === 6");
    await playground.untilCount("windows", 1);
    await playground.page.waitForFunction("[...document.querySelectorAll('[data-subtask]')].slice(1, 5).every(({ dataset }) => 0 < Number(dataset.rate))");
    await playground.button("Cancel").click();
    await playground.untilPhase("canceled");
    expect(await closeAll()).toEqual([]);
  });

  test("is handled by keyboard alone", async () => {
    const { page, button, untilPhase, untilCount } = await open("isolated");
    const names: string[] = [];
    for (let stop = 0; stop < 6; stop += 1) {
      await page.keyboard.press("Tab");
      names.push(await page.evaluate<string>("document.activeElement.getAttribute('aria-label') ?? document.activeElement.textContent.trim() ?? ''"));
      expect(await page.evaluate("document.activeElement.matches(':focus-visible')")).toBe(true);
      if (await page.evaluate("document.activeElement.matches('input[type=range]')")) {
        await page.keyboard.press("ArrowRight");
        expect(await page.getByLabel("Rate of the source").getAttribute("aria-valuetext")).toBe("10,000 records a second");
      }
      if (await page.evaluate("document.activeElement.matches('input[type=radio]')")) {
        await page.keyboard.press("ArrowRight");
        expect(await page.getByRole("radio", { name: "3" }).isChecked()).toBe(true);
      }
    }
    expect(names[0]).toBe("Dark theme");
    expect(names[1]).toBe("Start");
    await page.evaluate("document.activeElement.blur()");
    await page.keyboard.press("Space");
    await untilPhase("running");
    await untilCount("read", 1);
    await page.getByLabel("Rate of the source").focus();
    await page.keyboard.press("Space");
    await untilPhase("paused");
    await button("Resume").focus();
    await page.keyboard.press("Space");
    await untilPhase("running");
    expect(await closeAll()).toEqual([]);
  });

  test("the focus stays on the button that was pressed, whatever becomes of it", async () => {
    const { page, button, untilPhase } = await open("isolated");
    const focused = (): Promise<string> => page.evaluate<string>("document.activeElement.textContent.trim()");
    await button("Start").focus();
    await page.keyboard.press("Enter");
    await untilPhase("loading", "running");
    expect(await focused()).toBe("Pause");
    await untilPhase("running");
    expect(await focused()).toBe("Pause");
    await button("Cancel").focus();
    await page.keyboard.press("Enter");
    await untilPhase("canceled");
    expect([await focused(), await button("Cancel").getAttribute("aria-disabled")]).toEqual(["Cancel", "true"]);
    expect(await closeAll()).toEqual([]);
  });

  test.each([
    ["wide", 1_280],
    ["narrow", 360],
  ])("%s: fits, and is accessible, in each state and both themes", async (what, width) => {
    const playground = await open("isolated", width);
    const look = async (state: string): Promise<void> => {
      for (const theme of ["dark", "light"]) {
        await playground.page.getByRole("button", { name: /theme$/ }).click();
        await playground.afterPaint();
        expect.soft(await playground.overflow(), `${state}, ${theme}: overflow`).toBeLessThanOrEqual(0);
        expect.soft(await playground.violations(), `${state}, ${theme}: axe`).toEqual([]);
        await keep(playground, `${what}-${state}-${theme}`);
      }
    };
    await look("ready");
    await playground.button("Start").click();
    await playground.untilCount("windows", 2_000);
    await look("running");
    await playground.button("Pause").click();
    await playground.untilPhase("paused");
    await look("paused");
    await playground.button("Stop").click();
    await playground.untilPhase("finished");
    await look("finished");
    expect(await closeAll()).toEqual([]);
  });

  test("says what is wrong where the flights cannot be fetched", async () => {
    const playground = await open("without-flights");
    await playground.button("Start").click();
    await playground.untilPhase("failed");
    expect(await playground.page.getByRole("alert").textContent()).toMatch(/SOURCE_FAILED.*answers 404: build the page anew/s);
    expect(await playground.violations()).toEqual([]);
    await keep(playground, "wide-failed-light");
    await closeAll();
  });

  test("says why a job is refused", async () => {
    const playground = await open("without-job");
    await playground.button("Start").click();
    await playground.untilPhase("failed");
    expect(await playground.page.getByRole("alert").textContent()).toContain("its script cannot be loaded");
    await playground.afterPaint();
    expect(await playground.page.locator("[data-phase=failed]").count()).toBe(1);
    await closeAll();
  });

  test("says that the engine is gone, and starts another", async () => {
    const playground = await open("dying-engine");
    await playground.button("Start").click();
    await playground.untilPhase("failed");
    expect(await playground.page.getByRole("alert").textContent()).toContain("out of memory");
    expect(await playground.button("Start again").isEnabled()).toBe(true);
    await closeAll();
  });
});
