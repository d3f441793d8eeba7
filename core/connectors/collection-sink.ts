import { JobError } from "../lib/errors.ts";
import { show } from "../lib/show.ts";
import { callbackError } from "./callback-sink.ts";
import type { Sink, SinkWriter } from "./sink.ts";

/** Takes results on behalf of whoever submitted the job. */
export interface CollectTarget<T> {
  take(record: T, timestamp: number | undefined): void;
  /** Whether it takes more now; absent means always. While false, the job waits. */
  isReady?(): boolean;
  /**
   * Calls `listener` whenever `isReady` may have become true; the function it returns ends that. Needed where there is `isReady`.
   */
  onReady?(listener: () => void): () => void;
}

/**
 * Hands results to whoever submitted the job: by a name, under which the job's client gives them wherever the job runs; or, where it runs in the submitter's own
 * thread, into an array, to a function, or to a target that can ask the job to wait. Records come in the order in which each subtask emitted them.
 *
 * Results under a name wait for their reader: `client.results(name)`. A job is ahead of it by a few buffers at most.
 *
 * @throws JobError INVALID_ARGUMENT for anything else.
 */
export function collectSink<T>(target: string | T[] | ((record: T, timestamp: number | undefined) => void) | CollectTarget<T>): Sink<T> {
  return typeof target === "string" ? namedSink(target) : targetSink(targetOf(target));
}

function targetSink<T>(collect: CollectTarget<T>): Sink<T> {
  return {
    describe: () => "collect",
    createWriter(context): SinkWriter<T> {
      const stop = collect.onReady?.(() => context.notifyReady());
      return {
        write(record, { timestamp }) {
          try {
            collect.take(record, timestamp);
          } catch (cause) {
            throw callbackError(cause);
          }
        },
        ...(collect.isReady === undefined ? {} : { isReady: () => collect.isReady!() }),
        flush() {},
        close() {
          stop?.();
        },
      };
    },
  };
}

function namedSink<T>(name: string): Sink<T> {
  if (name === "") throw new JobError("INVALID_ARGUMENT", 'collectSink takes a name that says what the results are, such as "counts", but got an empty one');
  return {
    describe: () => `collect ${show(name)}`,
    submitterName: name,
    createWriter(context): SinkWriter<T> {
      const results = context.results(name);
      results.onReady(() => context.notifyReady());
      return {
        write: (record) => results.take(record),
        isReady: () => results.isReady(),
        flush: () => results.flush(),
        close() {},
      };
    },
  };
}

function targetOf<T>(target: T[] | ((record: T, timestamp: number | undefined) => void) | CollectTarget<T>): CollectTarget<T> {
  if (Array.isArray(target)) return { take: (record) => void target.push(record) };
  if (typeof target === "function") return { take: (record, timestamp) => target(record, timestamp) };
  if (typeof target !== "object" || target === null || typeof target.take !== "function") {
    throw new JobError("INVALID_ARGUMENT", `collectSink takes a name, an array or a function, but got ${show(target)}`);
  }
  if (target.isReady !== undefined && target.onReady === undefined) {
    throw new JobError(
      "INVALID_ARGUMENT",
      "a target of collectSink that has isReady needs onReady too: nothing would end the wait",
    );
  }
  return target;
}
