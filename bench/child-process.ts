import { type ChildProcess, spawn } from "node:child_process";
import { mkdirSync, readdirSync } from "node:fs";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { type Plugin, build } from "esbuild";
import { MODULES } from "../scripts/built-package.ts";

/** Runs of the benchmark, each in a process of its own. */

export const ROOT: string = fileURLToPath(new URL("..", import.meta.url));
const BUILT = `${ROOT}/.cache/bench`;

const PROGRAMS = ["run-variant", "first-result-job", "snapshot-run", "memory-floor", "clusters/node-run", "clusters/cloner"] as const;
export type Program = (typeof PROGRAMS)[number];

/** Longest time that a run may take, preparation included; then it is ended and has failed. */
const RUN_MS_LIMIT = 600_000;

/**
 * Compiles what the processes run, so that neither start nor memory of a run has the type stripper in it. Packages stay outside:
 * runs load `tamias` as users do, from the built package; or from its single modules, which a profile tells apart.
 */
export async function buildPrograms(form: "package" | "modules" = "package"): Promise<void> {
  mkdirSync(BUILT, { recursive: true });
  // What programs import by names that they are given, or start as threads.
  const modules = ["bench/variants", "bench/clusters/jobs"].flatMap((folder) => readdirSync(`${ROOT}/${folder}`).map((name) => `${folder}/${name}`));
  await build({
    absWorkingDir: ROOT,
    entryPoints: [...PROGRAMS.map((name) => `bench/${name}.ts`), ...modules],
    outbase: "bench",
    outdir: BUILT,
    bundle: true,
    splitting: true,
    format: "esm",
    platform: "node",
    target: "node22",
    packages: "external",
    plugins: form === "modules" ? [SINGLE_MODULES] : [],
    tsconfigRaw: {},
    logLevel: "warning",
  });
}

const SINGLE_MODULES: Plugin = {
  name: "single-modules",
  setup(bundler) {
    bundler.onResolve({ filter: /^tamias(\/|$)/ }, ({ path }) => {
      const entry = path === "tamias" ? "core" : path === "tamias/testing" ? "core/testing" : path.slice("tamias/".length);
      return { path: `${MODULES}/${entry}/index.js`, external: true };
    });
  },
};

/** What a program that `buildPrograms` has built writes to standard output. */
export function runProgram(program: Program, arguments_: readonly string[], nodeFlags: readonly string[] = []): Promise<string> {
  return outputOf(process.execPath, [...nodeFlags, programPath(program), ...arguments_]);
}

/** Starts a program and waits for its end. Rejects where it fails, with what it wrote to standard error. */
export function outputOf(command: string, arguments_: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = started(spawn(command, arguments_, { cwd: ROOT, stdio: ["ignore", "pipe", "pipe"], timeout: RUN_MS_LIMIT }));
    const text = { out: "", err: "" };
    child.stdout.setEncoding("utf8").on("data", (data: string) => (text.out += data));
    child.stderr.setEncoding("utf8").on("data", (data: string) => (text.err += data));
    child.on("error", reject);
    child.on("close", (code, signal) => {
      if (code === 0) resolve(text.out);
      else reject(new Error(`ended with ${signal ?? `code ${code}`}: ${lastLinesOf(text.err)}`));
    });
  });
}

/** Time from the start of a process until it first writes, ms; the process is ended then. */
export function timeToFirstOutput(command: string, arguments_: readonly string[]): Promise<number> {
  return new Promise((resolve, reject) => {
    const began = performance.now();
    const child = started(spawn(command, arguments_, { cwd: ROOT, stdio: ["ignore", "pipe", "ignore"], timeout: RUN_MS_LIMIT }));
    let ms: number | undefined;
    child.stdout.once("data", () => {
      ms = performance.now() - began;
      child.kill("SIGKILL");
    });
    child.on("error", reject);
    // Only when it has ended: otherwise it would run beside what is measured next.
    child.on("close", () => (ms === undefined ? reject(new Error(`${command} ended without output`)) : resolve(ms)));
  });
}

const running = new Set<ChildProcess>();

function started<C extends ChildProcess>(child: C): C {
  running.add(child);
  child.once("close", () => running.delete(child));
  return child;
}

/** Ends what runs, for whoever interrupts the benchmark. */
export function endPrograms(): void {
  for (const child of running) child.kill("SIGKILL");
}

export function programPath(program: Program): string {
  return `${BUILT}/${program}.js`;
}

export function lastLineOf(output: string): string {
  return output.trimEnd().split("\n").at(-1) ?? "";
}

function lastLinesOf(text: string): string {
  return text.trimEnd().split("\n").slice(-4).join(" | ");
}
