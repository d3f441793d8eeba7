import { StreamExecutionEnvironment as Environment } from "./api/stream-execution-environment.ts";
import type { ExecutionOptions } from "./api/execution-options.ts";
import type { Executor } from "./api/executor.ts";
import type { StorageSchemes } from "./host/storage.ts";
import type { KernelModule } from "./host/kernel-module.ts";
import { JobError } from "./lib/errors.ts";
import { show } from "./lib/show.ts";
import { createLocalHost } from "./local-host.ts";
import { LocalExecutor } from "./runtime/local-executor.ts";

/** What runs the jobs of programs that say nothing of it: the command line sets it while it imports a job. */
export interface ExecutionContext {
  readonly executor: Executor;
  /** For environments that set none themselves. */
  readonly parallelism?: number | undefined;
  /** Options for environments that set none of them themselves. */
  readonly options?: ExecutionOptions | undefined;
}

let context: ExecutionContext | undefined;
let kernel: KernelModule | undefined;
let storages: StorageSchemes = {};

/**
 * Where a job is written and from where it is run; in place, unless a context says otherwise.
 *
 * @example
 * ```ts
 * import { StreamExecutionEnvironment } from "tamias";
 *
 * const env = StreamExecutionEnvironment.getExecutionEnvironment({ parallelism: 2 });
 * env.fromSequence(1, 3).filter((n) => n === 2).print(); // 1> 2
 * await env.execute();
 * ```
 */
export const StreamExecutionEnvironment = {
  /**
   * A new environment.
   * @throws JobError UNKNOWN_OPTION, INVALID_ARGUMENT
   */
  getExecutionEnvironment(options: ExecutionOptions = {}): Environment {
    const defaults = context?.parallelism === undefined ? {} : { parallelism: context.parallelism };
    const executor = context?.executor ?? new LocalExecutor({ host: { ...createLocalHost("in-process", kernel), storages } });
    return new Environment(executor, { ...context?.options, ...defaults }).configure(options);
  },

  /**
   * Lets environments made from now on compute built-in aggregates of windows in WebAssembly: `setKernel(await loadKernelModule())`, with the loader of
   * `tamias/node`, `tamias/web` or `tamias/edge`. Without it, or with undefined, they are computed in JavaScript, with the same results; `explain` says which.
   * Jobs that an executor of the context runs have its kernel.
   *
   * @throws JobError INVALID_ARGUMENT for what is no kernel
   */
  setKernel(module: KernelModule | undefined): void {
    if (module !== undefined && typeof (module as Partial<KernelModule> | null)?.instantiate !== "function") {
      const hint = module instanceof Promise ? ", a promise: await it" : "";
      throw new JobError("INVALID_ARGUMENT", `setKernel takes what loadKernelModule() gives, such as setKernel(await loadKernelModule()), but got ${show(module)}${hint}`);
    }
    kernel = module;
  },

  /**
   * Says what jobs in place can keep checkpoints in, beside memory, by the scheme of their addresses: `setStorages(NODE_STORAGES)` of `tamias/node`, `setStorages(WEB_STORAGES)` of
   * `tamias/web`. It counts for environments made from now on.
   */
  setStorages(schemes: StorageSchemes): void {
    storages = schemes;
  },

  /** Chooses what runs the jobs of environments made from now on; undefined goes back to running them in place. */
  setContext(next: ExecutionContext | undefined): void {
    context = next;
  },
} as const;
export type StreamExecutionEnvironment = Environment;
