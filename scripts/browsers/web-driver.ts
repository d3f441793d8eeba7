import { type ChildProcess, spawn } from "node:child_process";
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { programNamed } from "./programs.ts";
import type { TestBrowser } from "./test-browser.ts";

/** WebKit as Debian has it: its driver speaks plain W3C WebDriver, and needs a display. */

const START_MS_MAX = 30_000;
/** Longest time that a page may take. */
const PAGE_MS_MAX = 600_000;
const BINARY_ROOTS = ["/usr/lib/x86_64-linux-gnu", "/usr/lib/aarch64-linux-gnu", "/usr/libexec", "/usr/lib"];

interface Session {
  readonly sessionId: string;
  readonly capabilities: { readonly browserVersion?: string };
}

/** The WebKit browser beside its driver; undefined where Debian's packages are not installed. */
export function findMiniBrowser(): string | undefined {
  for (const root of BINARY_ROOTS.filter((each) => existsSync(each))) {
    for (const name of readdirSync(root).filter((each) => each.startsWith("webkit2gtk-"))) {
      const path = join(root, name, "MiniBrowser");
      if (existsSync(path)) return path;
    }
  }
  return undefined;
}

export async function launchWebKit(miniBrowser: string): Promise<TestBrowser> {
  const driver = programNamed("WebKitWebDriver");
  const display = programNamed("xvfb-run");
  if (driver === undefined || display === undefined) throw new Error("WebKitWebDriver and xvfb-run must be on the PATH");
  const port = await freePort();
  // A group of its own: the display, the driver and the browser end together.
  const child = spawn(display, ["-a", driver, `--port=${port}`], { stdio: "ignore", detached: true });
  const call = caller(`http://127.0.0.1:${port}`);
  try {
    const options = { binary: miniBrowser, args: ["--automation"] };
    const body = { capabilities: { alwaysMatch: { "webkitgtk:browserOptions": options } } };
    const { sessionId, capabilities } = (await untilStarted(child, () => call("/session", body))) as Session;
    const session = `/session/${sessionId}`;
    await call(`${session}/timeouts`, { script: PAGE_MS_MAX, pageLoad: PAGE_MS_MAX });
    return {
      name: "WebKit",
      version: capabilities.browserVersion ?? "",
      outcomeOf: (url) => outcomeOf(call, session, url),
      close: async () => {
        await call(session, undefined, "DELETE").catch(() => undefined);
        endGroup(child);
      },
    };
  } catch (cause) {
    endGroup(child);
    throw cause;
  }
}

type Call = (path: string, body?: unknown, method?: string) => Promise<unknown>;

/** Scripts may begin before the modules of the page have run. */
const SCRIPT = `const done = arguments[0];
const look = () => globalThis.outcome === undefined ? setTimeout(look, 10) : globalThis.outcome.then(
  (value) => done({ value }), (error) => done({ error: String(error) }));
look();`;

async function outcomeOf(call: Call, session: string, url: string): Promise<unknown> {
  await call(`${session}/url`, { url });
  const answer = (await call(`${session}/execute/async`, { script: SCRIPT, args: [] })) as { value?: unknown; error?: string };
  if (answer.error !== undefined) throw new Error(answer.error);
  return answer.value;
}

function caller(origin: string): Call {
  return async (path, body, method = "POST") => {
    const init = { method, headers: { "content-type": "application/json" }, signal: AbortSignal.timeout(PAGE_MS_MAX) };
    const response = await fetch(`${origin}${path}`, body === undefined ? init : { ...init, body: JSON.stringify(body) });
    const { value } = (await response.json()) as { readonly value: unknown };
    if (!response.ok) throw new Error(`WebKit's driver refuses ${path}: ${JSON.stringify(value)}`);
    return value;
  };
}

async function untilStarted<R>(child: ChildProcess, connect: () => Promise<R>): Promise<R> {
  for (const began = performance.now(); ; ) {
    try {
      return await connect();
    } catch (cause) {
      const isRefused = cause instanceof TypeError;
      if (!isRefused || child.exitCode !== null || START_MS_MAX < performance.now() - began) throw cause;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}

function endGroup({ pid }: ChildProcess): void {
  try {
    if (pid !== undefined) process.kill(-pid, "SIGTERM");
  } catch {
    // It has ended by itself.
  }
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer();
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    });
  });
}
