import process from "node:process";
import { getHeapStatistics } from "node:v8";
import { setImmediate } from "node:timers/promises";
import { BroadcastChannel, threadId } from "node:worker_threads";
import { collectSink, type JobArgs, type StreamExecutionEnvironment } from "tamias";

/** Ports, and the memory that they share, go in turns behind the collection that found them. */
const COLLECTIONS = 5;
const TURNS_BETWEEN = 10;

/** What a thread holds, after forced collections. */
export interface Probe {
  readonly thread: number;
  readonly heldBytes: number;
  /** Its open ports, timers and the like, as Node names them, sorted. */
  readonly resources: readonly string[];
}

/** Every thread of a cluster builds the graph of a job, the one that leads it too; this one says what the thread holds when it does. */
export async function job(env: StreamExecutionEnvironment, args: JobArgs): Promise<void> {
  const channel = new BroadcastChannel(String(args["channel"]));
  channel.postMessage(await probe());
  channel.close();
  env.fromElements(1).sinkTo(collectSink("nothing"));
}

export async function probe(): Promise<Probe> {
  for (let collection = 0; collection < COLLECTIONS; collection += 1) {
    for (let turn = 0; turn < TURNS_BETWEEN; turn += 1) await setImmediate();
    (globalThis as unknown as { readonly gc: () => void }).gc();
  }
  const { used_heap_size, external_memory } = getHeapStatistics();
  return { thread: threadId, heldBytes: used_heap_size + external_memory, resources: process.getActiveResourcesInfo().sort() };
}
