import type { StreamExecutionEnvironment } from "./stream-execution-environment.ts";

/**
 * The arguments of a job: plain data, part of what names the job. A job depends on them and on nothing else.
 *
 * @example
 * ```ts
 * import { type JobArgs, StreamExecutionEnvironment } from "tamias";
 *
 * function job(env: StreamExecutionEnvironment, args: JobArgs): void {
 *   env.fromSequence(1, Number(args["count"] ?? 3)).print(); // 1, 2
 * }
 * const env = StreamExecutionEnvironment.getExecutionEnvironment();
 * job(env, { count: 2 });
 * await env.execute();
 * ```
 */
export interface JobArgs {
  /** A file that the job reads, as given on the command line; each job says what it takes. */
  readonly input?: string | undefined;
  /** Whether the job is to print for machines. */
  readonly json?: boolean | undefined;
  readonly [name: string]: JobArg | undefined;
}

/** One argument: what JSON can hold. */
export type JobArg = string | number | boolean | null | readonly JobArg[] | { readonly [name: string]: JobArg };

/** An option of the command line that a job module declares; its value comes in the job's arguments. */
export interface JobOption {
  readonly type: "string" | "number" | "boolean";
  /** One line for `--help`: meaning, unit, default. */
  readonly description: string;
}

/**
 * What a job module exports: `job`, which writes the job and does not run it. Whoever imports the module runs it: the command
 * line, a worker, a cluster.
 *
 * @example
 * ```ts
 * import { type JobModule, StreamExecutionEnvironment, isJobModule } from "tamias";
 *
 * const module: JobModule = {
 *   options: { limit: { type: "number", description: "how many numbers; default 3" } },
 *   job(env, args) {
 *     env.fromSequence(1, Number(args["limit"] ?? 3)).print(); // 1, 2, 3
 *   },
 * };
 * const env = StreamExecutionEnvironment.getExecutionEnvironment();
 * if (isJobModule(module)) await module.job(env, {});
 * await env.execute();
 * ```
 */
export interface JobModule {
  job(env: StreamExecutionEnvironment, args: JobArgs): void | Promise<void>;
  readonly options?: { readonly [name: string]: JobOption };
}

/**
 * Whether an imported module is a job module.
 *
 * @example
 * ```ts
 * import { isJobModule } from "tamias";
 *
 * console.log(isJobModule({ job() {} }), isJobModule({ main() {} })); // true false
 * ```
 */
export function isJobModule(module: unknown): module is JobModule {
  if ((typeof module !== "object" && typeof module !== "function") || module === null) return false;
  return "job" in module && typeof module.job === "function";
}
