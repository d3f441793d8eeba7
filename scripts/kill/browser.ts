import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { browserProgram } from "../browsers/test-browser.ts";
import { type Kill, Moment, type RunReport, type Victim } from "./victim.ts";

/** A page in a browser with a profile of its own, all processes of which SIGKILL ends together. Opened again, the profile has what had been stored, and the page goes on by itself. */
type Name = "Chromium" | "Firefox";

/** Longest time that a page may take that nobody kills. */
const PAGE_MS_MAX = 120_000;
const LOOK_MS = 5;
/** Dead processes may stay listed where nobody asks for what became of them. */
const LOOKS_MAX = 200;

const CHROMIUM_FLAGS = ["--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync", "--hide-crash-restore-bubble"];
/** Nothing is restored, asked, shown or fetched at the start. */
const FIREFOX_PREFERENCES = {
  "browser.sessionstore.resume_from_crash": false,
  "toolkit.startup.max_resumed_crashes": -1,
  "browser.shell.checkDefaultBrowser": false,
  "browser.aboutwelcome.enabled": false,
  "browser.startup.homepage_override.mstone": "ignore",
  "browser.startup.page": 0,
  "datareporting.policy.dataSubmissionEnabled": false,
  "network.captive-portal-service.enabled": false,
  "network.connectivity-service.enabled": false,
  "app.normandy.enabled": false,
  "browser.safebrowsing.downloads.remote.enabled": false,
};

export async function browserVictim(name: Name): Promise<Victim> {
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(new URL("pages/tab.ts", import.meta.url))],
    bundle: true,
    format: "esm",
    target: "es2023",
    tsconfigRaw: {},
    write: false,
    logLevel: "warning",
  });
  const program = outputFiles[0]!.text;
  const browser = await browserProgram(name);
  const page = new ServedPage(program);
  const origin = await page.listen();
  return { run: (kills) => runInProfile({ name, browser, page, origin }, kills), close: () => page.close() };
}

interface Place {
  readonly name: Name;
  /** Its path. */
  readonly browser: string;
  readonly page: ServedPage;
  readonly origin: string;
}

async function runInProfile(place: Place, kills: readonly Kill[]): Promise<RunReport> {
  const { name, page } = place;
  const profile = mkdtempSync(join(tmpdir(), "tamias-profile-"));
  const preferences = Object.entries(FIREFOX_PREFERENCES).map(([key, value]) => `user_pref(${JSON.stringify(key)}, ${JSON.stringify(value)});\n`);
  if (name === "Firefox") writeFileSync(join(profile, "user.js"), preferences.join(""));
  const killedAt: number[] = [];
  try {
    for (const kill of [...kills, undefined]) {
      const browser = startBrowser(place, profile);
      const told = await page.told(kill).finally(() => browser.kill());
      if (told.kind === "moment") killedAt.push(told.committed);
      else return { results: told.results, kills: killedAt, problems: told.problems };
    }
    throw new Error("the last run has no kill");
  } finally {
    rmSync(profile, { recursive: true, force: true, maxRetries: 10 });
  }
}

interface RunningBrowser {
  /** Ends all of its processes; resolves when they are gone. */
  kill(): Promise<void>;
}

function startBrowser({ name, browser, origin }: Place, profile: string): RunningBrowser {
  const flags = name === "Chromium" ? [...CHROMIUM_FLAGS, `--user-data-dir=${profile}`] : ["--headless", "--no-remote", "--profile", profile];
  // A group of processes of its own.
  const { pid } = spawn(browser, [...flags, origin], { detached: true, stdio: "ignore" });
  if (pid === undefined) throw new Error(`${name} does not start`);
  const end = (): boolean => isThere(pid);
  process.once("exit", end);
  return {
    async kill() {
      for (let looks = 0; isThere(pid) && looks < LOOKS_MAX; looks += 1) await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
      process.off("exit", end);
    },
  };
}

/** Kills what is there of the group. */
function isThere(group: number): boolean {
  try {
    return process.kill(-group, "SIGKILL");
  } catch {
    return false;
  }
}

type Told = { readonly kind: "moment"; readonly committed: number } | { readonly kind: "end"; readonly results: readonly string[]; readonly problems: readonly string[] };

/** The page, and what it tells of itself. */
class ServedPage {
  readonly #server: Server;
  #onTold: (path: string, body: string) => void = () => {};

  constructor(program: string) {
    this.#server = createServer((request, response) => {
      if (request.method === "POST") {
        void this.#take(request);
        response.end();
      } else if (request.url === "/page.js") response.setHeader("content-type", "text/javascript").end(program);
      else response.setHeader("content-type", "text/html").end('<!doctype html><link rel="icon" href="data:,"><script type="module" src="/page.js"></script>');
    });
  }

  async listen(): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(0, "127.0.0.1", resolve));
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** What comes first: the moment of the kill, or the end of the job. */
  told(kill: Kill | undefined): Promise<Told> {
    const moment = kill === undefined ? undefined : new Moment(kill);
    return new Promise((resolve) => {
      const ended = (results: readonly string[], problems: readonly string[]): void => {
        clearTimeout(timer);
        this.#onTold = () => {};
        resolve({ kind: "end", results, problems });
      };
      const timer = setTimeout(() => ended([], [`the page says nothing for ${PAGE_MS_MAX} ms`]), PAGE_MS_MAX);
      this.#onTold = (path, body) => {
        if (path === "/results") return ended((JSON.parse(body) as readonly unknown[]).map((result) => JSON.stringify(result)), []);
        if (path === "/failed") return ended([], [body]);
        const committed = Number(path.slice("/note/".length));
        if (moment?.note(committed) !== true) return;
        clearTimeout(timer);
        this.#onTold = () => {};
        resolve({ kind: "moment", committed });
      };
    });
  }

  close(): Promise<void> {
    this.#server.closeAllConnections();
    return new Promise((resolve) => this.#server.close(() => resolve()));
  }

  async #take(request: IncomingMessage): Promise<void> {
    const body = await text(request).catch(() => undefined);
    if (body !== undefined) this.#onTold(request.url ?? "", body);
  }
}
