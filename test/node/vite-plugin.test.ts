import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { build, createLogger, createServer, type InlineConfig } from "vite";
import { tamias } from "../../node/vite.ts";

/** What the plugin says of addresses that it can make no worker of. What it makes of the others runs in test/web/app.test.ts. */

const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true });
});

/** An app of one module, which hands this address to a cluster, and what Vite warns of it. */
function appOf(address: string): { readonly config: InlineConfig; readonly said: readonly string[] } {
  const root = mkdtempSync(join(tmpdir(), "tamias-vite-"));
  folders.push(root);
  mkdirSync(join(root, "src"));
  writeFileSync(join(root, "index.html"), '<script type="module" src="/src/main.ts"></script>');
  const lines = ["interface Gone {", '  readonly by: "types";', "}", "const name: string = location.hash;", `cluster.submit(${address});`, "declare const cluster: { submit(job: URL): void };"];
  writeFileSync(join(root, "src", "main.ts"), `${lines.join("\n")}\n`);
  const said: string[] = [];
  const warn = (message: string): void => void said.push(message);
  const customLogger = { ...createLogger("silent"), warn, warnOnce: warn };
  return { config: { root, configFile: false, logLevel: "warn", customLogger, plugins: [tamias()] }, said };
}

async function warnings(address: string): Promise<string> {
  const { config, said } = appOf(address);
  await build({ ...config, build: { write: false } });
  return said.join("\n");
}

test.each(["new URL(name, import.meta.url)", "new URL(`./${name}.ts`, import.meta.url)", 'new URL("/job.ts", import.meta.url)'])(
  "%s is warned of, with its line",
  async (address) => {
    const said = await warnings(address);
    expect(said).toContain('write a path in quotes that begins with a dot, as in cluster.submit(new URL("./job.ts", import.meta.url))');
    expect(said).toContain("src/main.ts:5: ");
  },
);

test("an address of another kind is nobody's business", async () => {
  expect(await warnings("new URL(name, location.href)")).toBe("");
});

test("a job that is not there fails the build, with its line", async () => {
  const built = warnings('new URL("./nowhere.ts", import.meta.url)');
  await expect(built).rejects.toThrow(/src\/main\.ts:5: cluster\.submit names a job that is not there, .*src\/nowhere\.ts: write its path as it is seen from this file/);
});

test("so it is in the development server", async () => {
  const unreadable = appOf("new URL(name, import.meta.url)");
  const missing = appOf('new URL("./nowhere.ts", import.meta.url)');
  const servers = await Promise.all([unreadable, missing].map(({ config }) => createServer({ ...config, server: { middlewareMode: true, ws: false } })));
  await servers[0]!.transformRequest("/src/main.ts");
  expect(unreadable.said.join("\n")).toContain("src/main.ts:5: the plugin of tamias/vite cannot read the address");
  await expect(servers[1]!.transformRequest("/src/main.ts")).rejects.toThrow("src/main.ts:5: cluster.submit names a job that is not there");
  await Promise.all(servers.map((server) => server.close()));
});
