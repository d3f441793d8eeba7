import process from "node:process";
import { codecs } from "../../core/data/coded-type.ts";
import { types } from "../../core/data/type.ts";
import { Prng } from "../../core/lib/prng.ts";
import { KeyedStore } from "../../core/state/keyed-store.ts";
import type { StateTable } from "../../core/state/keyed-state.ts";
import type { KeyedSnapshot, KeyedStateHandle } from "../../core/state/snapshot.ts";
import { snapshotCode, tablesAndTimers } from "../../core/state/state-parts.ts";

// What checkpoints of 100 MB of keyed state cost: node bench/checkpoints/state-cost.ts

const MAX_PARALLELISM = 128;
const CHECKPOINTS = 200;
const CHANGED_SHARE = 0.01;

interface Shape {
  readonly entries: number;
  readonly valueBytes: number;
}

const SHAPES: readonly Shape[] = [
  { entries: 1_000_000, valueBytes: 90 },
  { entries: 100_000, valueBytes: 990 },
];

/** The store of checkpoints: what no handle needs any more is deleted. */
class Stored {
  readonly parts = new Map<string, Uint8Array>();

  keep({ handle, parts }: KeyedSnapshot): number {
    let bytes = 0;
    for (const [name, part] of parts) {
      bytes += part.length;
      this.parts.set(name, part);
    }
    for (const name of this.parts.keys()) if (handle.parts[name] === undefined) this.parts.delete(name);
    return bytes;
  }

  get bytes(): number {
    let total = 0;
    for (const { length } of this.parts.values()) total += length;
    return total;
  }
}

function newStore(): { readonly store: KeyedStore; readonly table: StateTable<string> } {
  const store = new KeyedStore({ maxParallelism: MAX_PARALLELISM, keyGroups: { first: 0, last: MAX_PARALLELISM - 1 }, partName: (id, index) => `checkpoint-${id}/operator/0/${index}` });
  return { store, table: store.table({ name: "state", kind: "value", type: types.string }) };
}

function quantile(numbers: readonly number[], share: number): number {
  const sorted = [...numbers].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? NaN;
}

/** Of the CPU, so that whatever else runs on the machine does not count. */
function timed<R>(call: () => R): { readonly ms: number; readonly result: R } {
  const start = process.threadCpuUsage();
  const result = call();
  const { user, system } = process.threadCpuUsage(start);
  return { ms: (user + system) / 1e3, result };
}

function show(what: string, numbers: readonly number[], unit: string): void {
  console.log(`  ${what}: median ${quantile(numbers, 0.5).toFixed(2)}, p95 ${quantile(numbers, 0.95).toFixed(2)}, max ${Math.max(...numbers).toFixed(2)} ${unit}`);
}

function measure({ entries, valueBytes }: Shape): void {
  const prng = new Prng(1);
  const stored = new Stored();
  const { store, table } = newStore();
  const valueOf = (fill: number): string => String(fill).padEnd(valueBytes, "x");
  for (let key = 0; key < entries; key += 1) table.put(`k${key}`, "", valueOf(key & 255));
  const first = timed(() => store.take(1).finish());
  console.log(`${entries} entries of ${valueBytes} B: the first checkpoint writes ${(stored.keep(first.result) / 1e6).toFixed(1)} MB in ${first.ms.toFixed(0)} ms`);
  store.completed(1);

  const [bytes, syncMs, writeMs, handleKb]: number[][] = [[], [], [], []];
  let handle: KeyedStateHandle = first.result.handle;
  for (let id = 2; id <= CHECKPOINTS + 1; id += 1) {
    for (let change = 0; change < entries * CHANGED_SHARE; change += 1) table.put(`k${prng.int(entries)}`, "", valueOf(id & 255));
    const taken = timed(() => store.take(id));
    const written = timed(() => taken.result.finish());
    handle = written.result.handle;
    bytes!.push(stored.keep(written.result) / 1e6);
    syncMs!.push(taken.ms);
    writeMs!.push(written.ms);
    handleKb!.push(JSON.stringify(handle).length / 1e3);
    store.completed(id);
  }
  show("written per checkpoint", bytes!, "MB");
  show("synchronous part", syncMs!, "ms");
  show("written later", writeMs!, "ms");
  show("handle as JSON", handleKb!, "kB");
  console.log(`  stored at the end: ${(stored.bytes / 1e6).toFixed(0)} MB in ${stored.parts.size} parts`);

  const restore = timed(() => {
    const again = newStore();
    again.store.restore([handle], (part) => stored.parts.get(part)!);
    return again.table.size;
  });
  console.log(`  restore: ${restore.ms.toFixed(0)} ms for ${restore.result} entries`);
}

await Promise.all([codecs.load(), tablesAndTimers.load(), snapshotCode.load()]);
for (const shape of SHAPES) measure(shape);
