import type { Source } from "../../core/connectors/source.ts";
import type { ColumnBatch } from "../../core/data/column-batch.ts";
import { SourceHarness, type SourceSnapshot } from "./source-harness.ts";

/** What a source has given, in the order in which it came. */
export interface SourceRead {
  readonly records: readonly unknown[];
  /** Rows of each batch, 1 for what came by itself. */
  readonly sizes: readonly number[];
  /** The kinds of the columns of each batch. */
  readonly kinds: readonly (readonly string[])[];
}

/** Reads a source to its end; with `killEvery`, it is restored from a snapshot after so many batches, again and again. */
export async function readSource(makeSource: () => unknown, killEvery: number = Infinity): Promise<SourceRead> {
  const records: unknown[] = [];
  const sizes: number[] = [];
  const kinds: string[][] = [];
  const output = {
    processRecord: (record: unknown) => {
      records.push(record);
      sizes.push(1);
    },
    processColumns: (batch: ColumnBatch) => {
      for (let index = 0; index < batch.length; index += 1) records.push(batch.rowAt(batch.rowOf(index)));
      sizes.push(batch.length);
      kinds.push(batch.columns.map(({ kind }) => kind));
    },
    processWatermark: () => {},
    processIdleness: () => {},
  };
  let snapshot: SourceSnapshot | undefined;
  for (let attempt = 1; ; attempt += 1) {
    const harness = new SourceHarness(makeSource() as Source<unknown, unknown, unknown>, { output }, snapshot);
    try {
      const before = sizes.length;
      for (let status = harness.poll(); status !== "end"; status = harness.poll()) {
        if (status === "nothing") await new Promise((resolve) => setImmediate(resolve));
        if (killEvery <= sizes.length - before) break;
      }
      if (sizes.length - before < killEvery) return { records, sizes, kinds };
      snapshot = harness.snapshot(attempt);
    } finally {
      harness.close();
    }
  }
}
