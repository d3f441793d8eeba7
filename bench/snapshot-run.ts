import process from "node:process";
import { StreamExecutionEnvironment } from "tamias";
import { loadKernelModule } from "tamias/node";
import { OperatorHarness, operatorOf, type HarnessSnapshot } from "tamias/testing";
import { EPOCH_MS, keyNames } from "./events.ts";
import { jobOf, type Form } from "./tamias-run.ts";
import { type Work, workNamed } from "./works.ts";

/**
 * What a snapshot costs of an operator that holds many keys: `node snapshot-run.ts process|user-window|kernel-window
 * integer|string KEYS`. Prints JSON.
 */

/** One in a hundred keys changes between the first snapshot and the second, which holds changes only. */
const CHANGED_EVERY = 100;

export interface SnapshotReport {
  /** Between two records: the task waits so long. */
  readonly ms: number;
  /** Afterwards, piece by piece between other work; 0 where nothing is left then. */
  readonly writingMs: number;
  readonly bytes: number;
  readonly changedMs: number;
  readonly changedBytes: number;
}

async function main([state, keyKind, keyCount]: readonly string[]): Promise<SnapshotReport> {
  const keys = Number(keyCount);
  const work: Work = { ...workNamed(state === "process" ? "process" : "tumbling"), keys };
  const form: Form = state === "kernel-window" ? "rows-kernel" : "rows";
  const kernel = state === "kernel-window" ? await loadKernelModule() : undefined;
  const harness = harnessOf(form, work, kernel);
  const names = keyKind === "string" ? keyNames(work) : undefined;
  const put = (key: number, value: number): void =>
    harness.element({ key: names === undefined ? key : names[key], value, time: EPOCH_MS }, EPOCH_MS);
  for (let key = 0; key < keys; key += 1) {
    put(key, key & 0x3ff);
    if ((key & 0xfff) === 0) harness.takeOutput();
  }
  const first = timed(() => harness.takeSnapshot(1));
  harness.completed(1);
  for (let key = 0; key < keys; key += CHANGED_EVERY) put(key, 1);
  const second = timed(() => harness.takeSnapshot(2));
  return { ms: first.ms, writingMs: first.writingMs, bytes: bytesOf(first.snapshot), changedMs: second.ms, changedBytes: bytesOf(second.snapshot) };
}

/** The window operator, or the process function, of the work's job. */
function harnessOf(form: Form, work: Work, kernel: Awaited<ReturnType<typeof loadKernelModule>> | undefined): OperatorHarness {
  const env = StreamExecutionEnvironment.getExecutionEnvironment();
  void jobOf(form, work).job(env, { work: work.name, events: 1 });
  const graph = env.getStreamGraph();
  const kinds = work.kind === "process" ? /process/i : /window/i;
  const node = graph.nodes.find(({ factory }) => kinds.test(factory.kind));
  if (node === undefined) throw new Error(`the job has no operator of kind ${String(kinds)}`);
  const harness = new OperatorHarness(operatorOf(graph, node.name), { freeze: false, kernel });
  harness.open();
  return harness;
}

/** Takes a snapshot, then writes it, as a task does between its records. */
function timed(take: () => () => HarnessSnapshot): { readonly ms: number; readonly writingMs: number; readonly snapshot: HarnessSnapshot } {
  const began = performance.now();
  const write = take();
  const taken = performance.now();
  const snapshot = write();
  return { ms: taken - began, writingMs: performance.now() - taken, snapshot };
}

/** The parts that this snapshot has written. */
function bytesOf({ operator }: HarnessSnapshot): number {
  let bytes = operator.operator.length;
  for (const part of operator.keyed.parts.values()) bytes += part.length;
  return bytes;
}

console.log(JSON.stringify(await main(process.argv.slice(2))));
