import { existsSync } from "node:fs";
import process from "node:process";
import type { Browser, BrowserType } from "playwright-core";
import { programNamed } from "./programs.ts";
import { findMiniBrowser, launchWebKit } from "./web-driver.ts";

/** A real browser, driven as far as tests and benchmark need it. */
export interface TestBrowser {
  readonly name: string;
  readonly version: string;
  /** Opens a page of its own and gives what the promise in its `globalThis.outcome` gives, which is JSON. */
  outcomeOf(url: string): Promise<unknown>;
  close(): Promise<void>;
}

export const BROWSER_NAMES = ["Chromium", "Firefox", "WebKit"] as const;
export type BrowserName = (typeof BROWSER_NAMES)[number];

/** Longest time that a page may take. */
const PAGE_MS_MAX = 600_000;
const CHROMIUM_FLAGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/**
 * Starts the browser of the system, or the one that Playwright has installed. Rejects with what to install where there is none.
 */
export async function launchBrowser(name: BrowserName): Promise<TestBrowser> {
  if (name !== "WebKit") return driven(name, await launchPlaywright(name));
  const miniBrowser = programNamed("WebKitWebDriver") === undefined ? undefined : findMiniBrowser();
  if (miniBrowser !== undefined) return launchWebKit(miniBrowser);
  const { webkit } = await import("playwright-core");
  return driven(name, await launched(name, webkit, undefined, {}));
}

/** The same for those who click and type, with all that Playwright can do; it cannot drive the WebKit of a system. */
export async function launchPlaywright(name: Exclude<BrowserName, "WebKit">): Promise<Browser> {
  // Loaded when it is needed: unlike our modules it does much at once.
  const { chromium, firefox } = await import("playwright-core");
  const system = systemBrowser(name);
  if (name === "Chromium") return launched(name, chromium, system, { args: CHROMIUM_FLAGS });
  // A browser of the system speaks BiDi; Playwright's own is patched.
  return launched(name, firefox, system, system === undefined ? {} : { channel: "moz-firefox" });
}

/** For those who start it themselves. */
export async function browserProgram(name: Exclude<BrowserName, "WebKit">): Promise<string> {
  const { chromium, firefox } = await import("playwright-core");
  const type = name === "Chromium" ? chromium : firefox;
  const program = systemBrowser(name) ?? type.executablePath();
  if (existsSync(program)) return program;
  throw missing(name, type);
}

function systemBrowser(name: Exclude<BrowserName, "WebKit">): string | undefined {
  if (name === "Chromium") return process.env["TAMIAS_CHROMIUM"] ?? programNamed("chromium", "chromium-browser", "google-chrome");
  return process.env["TAMIAS_FIREFOX"] ?? programNamed("firefox-esr", "firefox");
}

interface Flags {
  readonly args?: string[];
  readonly channel?: string;
}

async function launched(name: BrowserName, type: BrowserType, system: string | undefined, flags: Flags): Promise<Browser> {
  if (system !== undefined) return type.launch({ ...flags, executablePath: system });
  if (existsSync(type.executablePath())) return type.launch(flags);
  throw missing(name, type);
}

function missing(name: BrowserName, type: BrowserType): Error {
  return new Error(`${name} is missing: "npm run browsers" installs it with apt-get, "npx playwright-core install ${type.name()}" elsewhere`);
}

function driven(name: BrowserName, browser: Browser): TestBrowser {
  return {
    name,
    version: browser.version(),
    async outcomeOf(url) {
      const context = await browser.newContext();
      const page = await context.newPage();
      page.setDefaultTimeout(PAGE_MS_MAX);
      const failures: string[] = [];
      page.on("pageerror", (error) => failures.push(String(error)));
      try {
        await page.goto(url);
        await page.waitForFunction("globalThis.outcome !== undefined");
        return (await page.evaluate("globalThis.outcome")) as unknown;
      } catch (cause) {
        throw new Error([`${name} at ${url}: ${String(cause)}`, ...failures].join("\n"), { cause });
      } finally {
        await context.close();
      }
    },
    close: () => browser.close(),
  };
}
