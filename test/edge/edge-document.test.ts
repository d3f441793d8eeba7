import { execFile, spawn, type ChildProcess } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ROOT } from "../../scripts/type-check.ts";
import { type EdgeServer, serveWorker } from "../../scripts/workerd.ts";

/** docs/edge.md, as whoever reads it would follow it. */
const document = readFileSync(join(ROOT, "docs", "edge.md"), "utf8");
const section = (title: string): string => new RegExp(`^## ${title}\n(.*?)(?=^## )`, "ms").exec(document)![1]!;
const blocks = (text: string, language: string): string[] => [...text.matchAll(new RegExp(`^\`\`\`${language}\n(.*?)^\`\`\`$`, "gms"))].map(([, code]) => code!);

describe("the flights, served on this machine", () => {
  const [start = "", ...commands] = blocks(section("Try it here"), "sh");
  let server: ChildProcess;
  let origin = "";

  beforeAll(async () => {
    expect(start.trim()).toBe("npm run edge");
    server = spawn(process.execPath, ["scripts/edge.ts", "--port", "0"], { cwd: ROOT, stdio: ["ignore", "pipe", "inherit"] });
    origin = await new Promise((resolve) => {
      let output = "";
      server.stdout!.setEncoding("utf8").on("data", (text: string) => {
        output += text;
        const served = /at (http:\S+)\. In/.exec(output)?.[1];
        if (served !== undefined) resolve(served);
      });
    });
  });
  afterAll(() => server.kill());

  test("the commands do what is said of them", async () => {
    const script = commands.join("echo ---\n").replaceAll("http://127.0.0.1:8787", origin);
    const { stdout } = await promisify(execFile)("bash", ["-euc", script], { cwd: ROOT });
    const [, sent = "", results = "", shown = ""] = stdout.split("---\n");
    expect(sent.trim()).toBe(blocks(section("Try it here"), "text")[0]!.trim());
    expect(results).toMatch(/^event: gone\ndata: .*\n\nid: \d+\ndata: \{"origin":"[A-Z]{3}","hour":\d+,"flights":\d+,"mean":.*\}\n$/);
    expect(shown).toMatch(/^\{"id":.*"status":"RUNNING".*"subtasks":\[.*\}\{"id":.*"status":"CANCELED"/);
  });
});

describe("a worker of one's own", () => {
  const SECRET = "of-this-test";
  let folder: string;
  let server: EdgeServer;

  beforeAll(async () => {
    const parent = join(ROOT, ".cache", "documents");
    mkdirSync(parent, { recursive: true });
    folder = mkdtempSync(join(parent, "edge-"));
    const [code] = blocks(section("A worker of your own"), "ts");
    const [config] = blocks(section("A worker of your own"), "json");
    writeFileSync(join(folder, "worker.ts"), code!);
    writeFileSync(join(folder, "wrangler.json"), config!);
    // The package as it is built, not its sources.
    writeFileSync(join(folder, "tsconfig.json"), "{}");
    server = await serveWorker(join(folder, "wrangler.json"), { vars: { TAMIAS_SECRET: SECRET } });
  });
  afterAll(() => {
    server?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  test("runs its job for those who have its secret", async () => {
    const text = section("A worker of your own");
    const script = blocks(text, "sh")[0]!.replace("https://clicks.example.workers.dev", server.origin);
    // The stream of results stays open; nobody waits for its end here.
    const ending = script.replace(/^curl -sN.*$/m, (reading) => `head -n 2 < <(${reading} 2> /dev/null)`);
    const { stdout } = await promisify(execFile)("bash", ["-euc", ending], { cwd: folder, env: { ...process.env, TAMIAS_SECRET: SECRET } });
    expect(stdout.replace("}id:", "}\nid:")).toBe(blocks(text, "text")[0]);
  });

  test("is stopped with a savepoint, which is fetched and brought again, and goes on from it", async () => {
    const { origin } = server;
    const headers = { authorization: `Bearer ${SECRET}` };
    const { jobs } = (await (await fetch(`${origin}/jobs`, { headers })).json()) as { readonly jobs: readonly { readonly id: string }[] };
    const given = `worker=${origin}; bearer="authorization: Bearer ${SECRET}"; job=$worker/jobs/${jobs[0]!.id}\n`;
    const { stdout } = await promisify(execFile)("bash", ["-euc", given + blocks(section("Savepoints"), "sh").join("")], { cwd: folder });
    expect(stdout).toMatch(/^\{"path":"do:savepoints\/brought","bytes":\d+\}\{"id":"[0-9a-f]{12}","module":"clicks",/);
  });
});
