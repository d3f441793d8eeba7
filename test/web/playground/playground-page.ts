import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import type { Browser, Locator, Page } from "playwright-core";
import { ROOT } from "../../../scripts/type-check.ts";

/** The playground in a browser, as a person handles it. */
export interface PlaygroundPage {
  readonly page: Page;
  /** What the console and uncaught errors have said since the page was opened. */
  readonly complaints: readonly string[];
  button(name: string): Locator;
  untilPhase(...phases: readonly string[]): Promise<void>;
  /** The counter of this name, as the newest sample has it. */
  count(name: "read" | "windows" | "late" | "too-late"): Promise<number>;
  /** Waits until so many samples more have been drawn: five of them come in a second. */
  afterSamples(samples: number): Promise<void>;
  untilCount(name: "read" | "windows", least: number): Promise<void>;
  /** Waits until what has changed is drawn. */
  afterPaint(): Promise<void>;
  /** What axe-core finds wrong. */
  violations(): Promise<readonly string[]>;
  /** How many pixels the page is wider than the window. */
  overflow(): Promise<number>;
  /** Keeps a picture among the artifacts of the tests. */
  keep(name: string): Promise<void>;
  close(): Promise<void>;
}

const WAIT_MS = 120_000;
const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

export async function openPlayground(browser: Browser, url: string, width = 1_280): Promise<PlaygroundPage> {
  const context = await browser.newContext({ viewport: { width, height: 900 } });
  const page = await context.newPage();
  page.setDefaultTimeout(WAIT_MS);
  const complaints: string[] = [];
  page.on("pageerror", (error) => complaints.push(String(error)));
  page.on("console", (message) => {
    if (message.type() === "error" || message.type() === "warning") complaints.push(message.text());
  });
  await page.goto(url);
  const until = async (expression: string): Promise<void> => void (await page.waitForFunction(expression));
  const valueOf = (name: string): string => `Number(document.querySelector("[data-stat='${name}']")?.dataset.value ?? -1)`;
  const SAMPLE = `Number(document.querySelector("[data-sample]")?.dataset.sample ?? -1)`;
  return {
    page,
    complaints,
    button: (name) => page.getByRole("button", { name, exact: true }),
    untilPhase: (...phases) => until(`${JSON.stringify(phases)}.includes(document.querySelector("[data-phase]")?.dataset.phase)`),
    count: (name) => page.evaluate<number>(valueOf(name)),
    async afterSamples(samples) {
      const now = await page.evaluate<number>(SAMPLE);
      await until(`${now + samples} <= ${SAMPLE}`);
    },
    untilCount: (name, least) => until(`${least} <= ${valueOf(name)}`),
    afterPaint: () => page.evaluate<void>("new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(() => resolve())))"),
    async violations() {
      await page.evaluate(AXE);
      const found = await page.evaluate<readonly { id: string; nodes: readonly { html: string; failureSummary: string }[] }[]>("axe.run().then((outcome) => outcome.violations)");
      return found.flatMap(({ id, nodes }) => nodes.map(({ html, failureSummary }) => `${id}: ${html.slice(0, 120)} ${failureSummary}`));
    },
    overflow: () => page.evaluate<number>("document.documentElement.scrollWidth - innerWidth"),
    keep: async (name) => void (await page.screenshot({ path: join(ROOT, "test-artifacts/playground", `${name}.png`), fullPage: true })),
    close: () => context.close(),
  };
}
