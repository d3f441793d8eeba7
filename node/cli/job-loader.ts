import { existsSync, statSync } from "node:fs";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { isJobModule, JobError, type JobModule } from "../../core/index.ts";

/** A job module that could not be found: wrong usage, not a failed job. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

/**
 * Imports a job module. A module without a `job` function is a script: it has run by the time this returns, and `undefined` comes back.
 *
 * @throws UsageError where there is no such file; whatever the module throws while it is imported.
 */
export async function loadJob(file: string): Promise<JobModule | undefined> {
  const path = resolve(file);
  if (!existsSync(path)) throw new UsageError(`there is no file ${file}`);
  if (!statSync(path).isFile()) throw new UsageError(`${file} is not a file: give the module of a job, such as jobs/clicks.ts`);
  const module: unknown = await import(pathToFileURL(path).href);
  if (isJobModule(module)) return module;
  if (typeof module === "object" && module !== null && "job" in module) {
    throw new JobError("JOB_MODULE_INVALID", `${file} exports "job", but it is no function: write export function job(env: StreamExecutionEnvironment, args: JobArgs) { … }`);
  }
  return undefined;
}
