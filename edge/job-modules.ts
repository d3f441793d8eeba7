import { isJobModule, type JobModule } from "../core/api/job-module.ts";
import { JobError } from "../core/lib/errors.ts";

/** The job modules that a worker was deployed with, by the names under which they are submitted. */
export interface JobModules {
  readonly [name: string]: JobModule;
}

/** @throws JobError JOB_MODULE_INVALID */
export function checkedModules(modules: JobModules): JobModules {
  for (const [name, module] of Object.entries(modules)) {
    if (!isJobModule(module)) throw new JobError("JOB_MODULE_INVALID", `the job "${name}" exports no function job(env, args): import * as ${name} from its module`);
  }
  return modules;
}

/** What stands for `import` where code is deployed and not uploaded. */
export function importJobOf(modules: JobModules): (name: string) => Promise<JobModule> {
  return async (name) => {
    const module = Object.hasOwn(modules, name) ? modules[name] : undefined;
    if (module !== undefined) return module;
    const known = Object.keys(modules).map((other) => `"${other}"`);
    throw new JobError("JOB_MODULE_INVALID", `this worker has no job "${name}": it was deployed with ${known.join(", ")}`);
  };
}
