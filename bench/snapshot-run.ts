import process from "node:process";
import { StreamExecutionEnvironment } from "tamias";
import { OperatorHarness, operatorOf, type HarnessSnapshot } from "tamias/testing";
import { EPOCH_MS, keyNames } from "./events.ts";
import { JOBS } from "./tamias-run.ts";
import { workNamed } from "./works.ts";

/** What a snapshot costs of an operator that holds 1 M keys: `node snapshot-run.ts window|process integer|string`. Prints JSON. */

const KEYS = 1_000_000;
/** One in a hundred keys changes between the first snapshot and the second, which holds changes only. */
const CHANGED_EVERY = 100;

export interface SnapshotReport {
  readonly ms: number;
  readonly bytes: number;
  readonly changedMs: number;
  readonly changedBytes: number;
}

function main([state, keyKind]: readonly string[]): SnapshotReport {
  const env = StreamExecutionEnvironment.getExecutionEnvironment();
  const work = state === "process" ? "process" : "tumbling";
  JOBS[work].job(env, { work, events: 1 });
  const graph = env.getStreamGraph();
  const kinds = work === "process" ? /process/i : /window/i;
  const node = graph.nodes.find(({ factory }) => kinds.test(factory.kind));
  if (node === undefined) throw new Error(`the job has no operator of kind ${String(kinds)}`);
  const harness = new OperatorHarness(operatorOf(graph, node.name), { freeze: false });
  harness.open();
  const names = keyKind === "string" ? keyNames({ ...workNamed(work), keys: KEYS }) : undefined;
  for (let key = 0; key < KEYS; key += 1) {
    harness.element({ key: names === undefined ? key : names[key], value: key & 0x3ff, time: EPOCH_MS }, EPOCH_MS);
    if ((key & 0xfff) === 0) harness.takeOutput();
  }
  const first = timed(() => harness.snapshot(1));
  harness.completed(1);
  for (let key = 0; key < KEYS; key += CHANGED_EVERY) {
    harness.element({ key: names === undefined ? key : names[key], value: 1, time: EPOCH_MS }, EPOCH_MS);
  }
  const second = timed(() => harness.snapshot(2));
  return { ms: first.ms, bytes: bytesOf(first.snapshot), changedMs: second.ms, changedBytes: bytesOf(second.snapshot) };
}

function timed(take: () => HarnessSnapshot): { readonly ms: number; readonly snapshot: HarnessSnapshot } {
  const began = performance.now();
  const snapshot = take();
  return { ms: performance.now() - began, snapshot };
}

/** The parts that this snapshot has written. */
function bytesOf({ operator }: HarnessSnapshot): number {
  let bytes = operator.operator.length;
  for (const part of operator.keyed.parts.values()) bytes += part.length;
  return bytes;
}

console.log(JSON.stringify(main(process.argv.slice(2))));
