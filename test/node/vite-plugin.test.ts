import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { build, createLogger } from "vite";
import { tamias } from "../../node/vite.ts";

/** What the plugin says of addresses that it can make no worker of. What it makes of the others runs in test/web/app.test.ts. */

const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true });
});

/** Builds an app of one module; gives what Vite warns of. */
async function warnings(address: string): Promise<string> {
  const root = mkdtempSync(join(tmpdir(), "tamias-vite-"));
  folders.push(root);
  mkdirSync(join(root, "src"));
  writeFileSync(join(root, "index.html"), '<script type="module" src="/src/main.ts"></script>');
  writeFileSync(join(root, "src", "main.ts"), `interface Gone {\n  readonly by: "types";\n}\nconst name: string = location.hash;\ncluster.submit(${address});\ndeclare const cluster: { submit(job: URL): void };\n`);
  const said: string[] = [];
  const customLogger = { ...createLogger("silent"), warn: (message: string) => void said.push(message), warnOnce: (message: string) => void said.push(message) };
  await build({ root, configFile: false, logLevel: "warn", customLogger, plugins: [tamias()], build: { write: false } });
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
