import { pathToFileURL } from "node:url";
import process from "node:process";
import { format } from "node:util";

/**
 * Runs the modules named on the command line one after the other, as a program of its own, and writes for each a line of JSON: what it printed, and how it failed.
 */
export interface ModuleResult {
  readonly path: string;
  readonly printed: readonly string[];
  readonly failure: string | undefined;
}

const MODULE_MS_MAX = 30_000;

async function run(path: string): Promise<ModuleResult> {
  const printed: string[] = [];
  console.log = (...values: readonly unknown[]) => void printed.push(format(...values));
  let failure: string | undefined;
  const fail = (cause: unknown): void => {
    failure ??= cause instanceof Error ? (cause.stack ?? cause.message) : String(cause);
  };
  process.on("uncaughtException", fail);
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`has not ended after ${MODULE_MS_MAX} ms`)), MODULE_MS_MAX);
  });
  await Promise.race([import(pathToFileURL(path).href), timeout]).catch(fail);
  clearTimeout(timer);
  process.off("uncaughtException", fail);
  return { path, printed, failure };
}

for (const path of process.argv.slice(2)) process.stdout.write(`${JSON.stringify(await run(path))}\n`);
// A module that left something running must not keep the others waiting.
process.exit(0);
