import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import process from "node:process";

/** The folder of package.json. */
export const ROOT = fileURLToPath(new URL("..", import.meta.url));

/** Every TypeScript project of the repository: what it holds, for people, and its file. Together they cover every .ts file. */
export const PROJECTS = [
  { title: "core, without DOM and Node", config: "tsconfig.core.json" },
  { title: "formats", config: "tsconfig.formats.json" },
  { title: "storages", config: "tsconfig.storages.json" },
  { title: "node", config: "tsconfig.node.json" },
  { title: "web", config: "tsconfig.web.json" },
  { title: "edge", config: "tsconfig.edge.json" },
  { title: "tests, examples, scripts", config: "tsconfig.json" },
  { title: "pages and edge workers of tests and benchmark", config: "tsconfig.pages.json" },
  { title: "the playground, but for its components", config: "tsconfig.playground.json" },
] as const;

/** Runs the compiler on one project, its messages on standard output; says whether it found nothing wrong. */
export function compile(config: string, ...flags: readonly string[]): boolean {
  const compiler = fileURLToPath(new URL("../node_modules/typescript/bin/tsc", import.meta.url));
  const { status, error } = spawnSync(process.execPath, [compiler, "-p", config, ...flags], { cwd: ROOT, stdio: ["ignore", "inherit", "inherit"] });
  if (error !== undefined) throw error;
  return status === 0;
}

/** Checks the types of one project after the other and prints a line for each; returns how many are right and wrong. */
export function checkTypes(): { passed: number; failed: number } {
  const counts = { passed: 0, failed: 0 };
  const count = (right: boolean, what: string): void => {
    counts[right ? "passed" : "failed"] += 1;
    console.log(` ${right ? "✓" : "✗"} types of ${what}`);
  };
  for (const { title, config } of PROJECTS) count(compile(config, "--noEmit"), `${title} (${config})`);
  count(checkComponents(), "the playground's components (svelte-check)");
  return counts;
}

/** What it finds goes to standard output, and nothing where it finds nothing. */
function checkComponents(): boolean {
  const script = fileURLToPath(new URL("svelte-check.ts", import.meta.url));
  const { status, stdout } = spawnSync(process.execPath, [script], { cwd: ROOT, stdio: ["ignore", "pipe", "inherit"], encoding: "utf8" });
  if (status !== 0) process.stdout.write(stdout);
  return status === 0;
}
