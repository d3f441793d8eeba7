import { existsSync, statSync } from "node:fs";
import { extname, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { isJobModule, JobError, type JobModule } from "../../core/index.ts";
import { registerJobHooks } from "../job-hooks.ts";
import { UsageError } from "./report.ts";

const MODULE_ENDINGS: readonly string[] = [".ts", ".mts", ".js", ".mjs"];

/**
 * Imports a job module. A module without a `job` function is a script: it has begun to run by the time this returns, and
 * `undefined` comes back. A script finds `argv` where it would find it if Node ran it.
 *
 * @throws UsageError where there is no such file; whatever the module throws while it is imported.
 */
export async function loadJob(file: string, argv: readonly string[]): Promise<JobModule | undefined> {
  const path = resolve(file);
  if (!existsSync(path)) throw new UsageError(`there is no file ${file} (looked from ${process.cwd()})`);
  if (!statSync(path).isFile()) throw new UsageError(`${file} is not a file: give the module of a job, such as jobs/clicks.ts`);
  if (!MODULE_ENDINGS.includes(extname(path))) throw new UsageError(`${file} is no module: a job is a file that ends in ${MODULE_ENDINGS.join(", ")}`);
  registerJobHooks();
  process.argv.splice(1, Infinity, path, ...argv);
  const module: unknown = await import(pathToFileURL(path).href);
  if (isJobModule(module)) return module;
  if (typeof module === "object" && module !== null && "job" in module)
    throw invalidModule(`${file} exports "job", but it is no function`);
  return undefined;
}

export function invalidModule(reason: string): JobError {
  const form = "export function job(env: StreamExecutionEnvironment, args: JobArgs) { … }";
  return new JobError("JOB_MODULE_INVALID", `${reason}: write ${form}`);
}

/** Resolves when nothing is left that could run: the end of a script, whether or not it awaited its jobs. */
export function scriptEnd(): Promise<void> {
  return new Promise((resolve) => {
    process.once("beforeExit", () => resolve());
  });
}
