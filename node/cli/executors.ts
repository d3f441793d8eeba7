import type { Executor, JobClient } from "../../core/index.ts";
import { createLocalHost } from "../../core/local-host.ts";
import { LocalExecutor } from "../../core/runtime/local-executor.ts";

/** Runs jobs in this process. */
export function localExecutor(): Executor {
  return new LocalExecutor({ host: createLocalHost("node") });
}

/** Remembers what was submitted, and lets one signal cancel all of it. */
export function recordingExecutor(executor: Executor, clients: JobClient[], signal: AbortSignal): Executor {
  return {
    submit: (graph, options) => {
      const own = options?.signal;
      const client = executor.submit(graph, { signal: own === undefined ? signal : AbortSignal.any([own as globalThis.AbortSignal, signal]) });
      clients.push(client);
      return client;
    },
  };
}
