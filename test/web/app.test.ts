import { spawnSync } from "node:child_process";
import { rmSync } from "node:fs";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type InlineConfig, build, createServer, preview } from "vite";
import { StreamExecutionEnvironment } from "../../core/index.ts";
import { type PageServer, type Served, pageOf, servePages } from "../../scripts/browsers/page-server.ts";
import { BROWSER_NAMES, type TestBrowser, launchBrowser } from "../../scripts/browsers/test-browser.ts";
import { bundledForWorker, bundledPage } from "./outcome-in-node.ts";
import { appWithPackage } from "./packed-package.ts";
import { job } from "./app/src/job.ts";
import { ARGS, type Totals, totalsOf } from "./app/src/totals.ts";

/**
 * A cluster finds its workers, the job's module and the kernel in an app that has installed the package: under plain Node, built by Vite, from Vite's development
 * server, and with no bundler at all.
 */

let root: string;
let built: PageServer;
let builtPlainly: PageServer;
let developed: PageServer;
let unbundled: PageServer;
let expected: Totals;
beforeAll(async () => {
  expected = await inPlace();
  root = appWithPackage("app");
  built = await builtBy({ root, logLevel: "warn" });
  builtPlainly = await builtBy({ root, logLevel: "warn", configFile: false, worker: { format: "es" }, build: { outDir: "plain" } });
  const server = await createServer({ root, logLevel: "warn", server: { host: "127.0.0.1", port: 0 } });
  developed = await started(await server.listen());
  unbundled = await servedAsItIs();
}, 120_000);
afterAll(async () => {
  await Promise.all([built, builtPlainly, developed, unbundled].map((server) => server?.close()));
  if (root !== undefined) rmSync(root, { recursive: true, force: true });
});

async function builtBy(config: InlineConfig): Promise<PageServer> {
  await build(config);
  return started(await preview({ ...config, preview: { host: "127.0.0.1", port: 0 } }));
}

async function started(server: { readonly resolvedUrls: { readonly local: readonly string[] } | null; close(): Promise<void> }): Promise<PageServer> {
  return { origin: new URL(server.resolvedUrls!.local[0]!).origin, close: () => server.close() };
}

async function servedAsItIs(): Promise<PageServer> {
  const [page, module] = await Promise.all([bundledPage("unbundled-page"), bundledForWorker({ entryPoints: [fileURLToPath(new URL("app/src/job.ts", import.meta.url))] })]);
  const served: Readonly<Record<string, Served>> = {
    "/": pageOf("/page.js"),
    "/refused": pageOf("/page.js"),
    "/page.js": { body: page },
    "/job.js": { body: module },
  };
  return servePages((path) => served[path]);
}

/** What the job gives in this thread. */
async function inPlace(): Promise<Totals> {
  const env = StreamExecutionEnvironment.getExecutionEnvironment();
  job(env, ARGS);
  const explain = async (): Promise<string> => "";
  const client = await env.executeAsync();
  return totalsOf({ explain, results: (name) => client.results(name), result: () => client.result() });
}

test("plain Node", () => {
  const { stdout, stderr } = spawnSync(process.execPath, ["src/node-main.ts"], { cwd: root, encoding: "utf8" });
  expect(stderr).toBe("");
  expect(JSON.parse(stdout)).toEqual({ ...expected, kernel: "WebAssembly" });
});

/** Firefox (ESR 153) hangs in one of ten tries where a worker starts or ends others, with none of our code in them; docs/workers.md says what to do there. */
function madeInWorker(): [string, () => string][] {
  return [
    ["built by Vite, the cluster made in a worker", () => `${built.origin}/?by=engine`],
    ["from Vite's development server, the cluster made in a worker", () => `${developed.origin}/?by=engine`],
  ];
}

describe.each(BROWSER_NAMES)("%s", (name) => {
  let browser: TestBrowser;
  beforeAll(async () => {
    browser = await launchBrowser(name);
  }, 120_000);
  afterAll(() => browser?.close());

  test.each<[string, () => string]>([
    ["built by Vite, the job named by its address", () => `${built.origin}/`],
    ["built by Vite, a worker of one's own", () => `${built.origin}/?by=worker`],
    ["built by Vite without the plugin, a worker of one's own", () => `${builtPlainly.origin}/?by=worker`],
    ["from Vite's development server, the job named by its address", () => `${developed.origin}/`],
    ["from Vite's development server, a worker of one's own", () => `${developed.origin}/?by=worker`],
    ["with no bundler", () => `${unbundled.origin}/`],
    ...(name === "Firefox" ? [] : madeInWorker()),
  ])("%s", async (_title, url) => {
    expect(await browser.outcomeOf(url())).toEqual({ ...expected, kernel: "WebAssembly" });
  });

  test("built by Vite without the plugin, a job named by its address is refused with what to do", async () => {
    const outcome = await browser.outcomeOf(`${builtPlainly.origin}/`);
    expect(outcome).toContain("/web/worker.js cannot be loaded");
    expect(outcome).toContain("in a bundled page, workers come of the plugin tamias/vite, which reads the address where it is written in the call");
  });

  test.each([
    ["built by Vite", () => built.origin],
    ["from Vite's development server", () => developed.origin],
  ])("%s, what is no job module is refused with what is wrong", async (_title, origin) => {
    expect(await browser.outcomeOf(`${origin()}/?by=script`)).toMatch(/^JobError: \[JOB_MODULE_INVALID\] \.\/script\.ts runs its job while it is imported[\s\S]*\+ export function job\(env/);
    expect(await browser.outcomeOf(`${origin()}/?by=throwing`)).toMatch(/^JobError: \[JOB_MODULE_INVALID\] \.\/throwing\.ts could not be imported: TypeError: [^\n]*\n {2}at http/);
  });

  test("what is no job is refused with what to write", async () => {
    const said = (await browser.outcomeOf(`${unbundled.origin}/refused`)) as readonly string[];
    expect(said).toHaveLength(3);
    for (const text of said) expect(text).toContain('cluster.submit(new URL("./job.ts", import.meta.url))');
    expect(said[0]).toMatch(/INVALID_ARGUMENT.* but got undefined$/);
    expect(said[1]).toMatch(/INVALID_ARGUMENT.* a function that returned undefined, but takes only one that makes a worker/);
    expect(said[2]).toMatch(/INVALID_ARGUMENT.* a function that threw TypeError: /);
  });
});
