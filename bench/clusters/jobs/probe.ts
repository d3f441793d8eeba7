import process from "node:process";
import { getHeapStatistics } from "node:v8";
import { BroadcastChannel, threadId } from "node:worker_threads";
import { collectSink, type JobArgs, type StreamExecutionEnvironment } from "tamias";

/** What a thread holds, after a forced collection. */
export interface Probe {
  readonly thread: number;
  readonly heldBytes: number;
  /** Its open ports, timers and the like, as Node names them, sorted. */
  readonly resources: readonly string[];
}

/** Every thread of a cluster builds the graph of a job, the one that leads it too; this one says what the thread holds when it does. */
export function job(env: StreamExecutionEnvironment, args: JobArgs): void {
  const channel = new BroadcastChannel(String(args["channel"]));
  channel.postMessage(probe());
  channel.close();
  env.fromElements(1).sinkTo(collectSink("nothing"));
}

export function probe(): Probe {
  (globalThis as unknown as { readonly gc: () => void }).gc();
  const { used_heap_size, external_memory } = getHeapStatistics();
  return { thread: threadId, heldBytes: used_heap_size + external_memory, resources: process.getActiveResourcesInfo().sort() };
}
