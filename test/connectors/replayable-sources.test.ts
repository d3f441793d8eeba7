import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as flechette from "@uwdata/flechette";
import { parquetWriteBuffer } from "hyparquet-writer";
import { afterAll, describe, expect, test } from "vitest";
import { CollectionSource } from "../../core/connectors/collection-source.ts";
import { ColumnSource } from "../../core/connectors/column-source.ts";
import { DataGeneratorSource } from "../../core/connectors/generator-source.ts";
import { SequenceSource } from "../../core/connectors/sequence-source.ts";
import type { Source } from "../../core/connectors/source.ts";
import { Prng } from "../../core/lib/prng.ts";
import { WatermarkStrategy } from "../../core/time/watermark-strategy.ts";
import { arrowSource } from "../../formats/arrow/index.ts";
import { parquetSource } from "../../formats/parquet/index.ts";
import { csvColumns } from "../../node/files/csv-columns.ts";
import { csvFileSource, FileSource, jsonLinesFileSource, textFileSource } from "../../node/files/file-source.ts";
import { jsonLinesColumns } from "../../node/files/json-lines-columns.ts";
import { parquetFileSource } from "../../node/files/parquet-file-source.ts";
import { SourceHarness, type SourceSnapshot } from "./source-harness.ts";

/** Whatever crashes, and however often: what was emitted before the checkpoints that a job went back to, and what came after the last one, is every record once. */

const folder = mkdtempSync(join(tmpdir(), "replay-"));
afterAll(() => rmSync(folder, { recursive: true }));

const ROWS = 3_000;
const numbers = Array.from({ length: ROWS }, (_none, index) => index);
const rows = numbers.map((n) => ({ n, s: `text ${n % 9}` }));

/** Several files of unequal length, of lines that are not in chunks of equal length either. */
function files(suffix: string, header: string, line: (row: (typeof rows)[number]) => string): string {
  const cuts = [0, 5, 1_200, 1_201, ROWS];
  for (let part = 1; part < cuts.length; part += 1) {
    const lines = rows.slice(cuts[part - 1], cuts[part]).map((row) => `${line(row)}\n`);
    writeFileSync(join(folder, `${part}${suffix}`), header + lines.join(""));
  }
  return join(folder, `*${suffix}`);
}

const text = files(".txt", "", ({ n, s }) => `${n} ${s}`);
const csv = files(".csv", "n,s\n", ({ n, s }) => `${n},"${s}"`);
const json = files(".jsonl", "", (row) => JSON.stringify(row));
const parquet = parquetWriteBuffer({ columnData: [{ name: "n", data: numbers, type: "INT32" }, { name: "s", data: rows.map(({ s }) => s), type: "STRING" }] as never, rowGroupSize: 700 });
const parquetPath = join(folder, "all.parquet");
writeFileSync(parquetPath, new Uint8Array(parquet));
const table = flechette.tableFromArrays({ n: numbers, s: rows.map(({ s }) => s) }, { maxBatchRows: 400 });
const columns = { n: Float64Array.from(numbers), s: rows.map(({ s }) => s) };

/** The records as text, in any order. */
const SOURCES: readonly (readonly [string, () => unknown, readonly string[]])[] = [
  ["an array", () => new CollectionSource(numbers), numbers.map(String)],
  ["an iterable", () => new CollectionSource(new Set(numbers)), numbers.map(String)],
  ["a sequence", () => new SequenceSource(0, ROWS - 1), numbers.map(String)],
  ["a generator", () => new DataGeneratorSource((n) => n, ROWS, { seed: 5 }), numbers.map(String)],
  ["columns", () => new ColumnSource(columns as never), rows.map((row) => JSON.stringify(row))],
  ["columns that come later", () => new ColumnSource((() => Promise.resolve(columns)) as never), rows.map((row) => JSON.stringify(row))],
  ["text files", () => textFileSource(text), rows.map(({ n, s }) => `${n} ${s}`)],
  ["CSV files", () => csvFileSource(csv), rows.map(({ n, s }) => JSON.stringify({ n: String(n), s }))],
  ["CSV files as columns", () => FileSource.forFormat(csvColumns(), csv).build(), rows.map((row) => JSON.stringify(row))],
  ["JSON lines files", () => jsonLinesFileSource(json), rows.map((row) => JSON.stringify(row))],
  ["JSON lines files as columns", () => FileSource.forFormat(jsonLinesColumns(), json).build(), rows.map((row) => JSON.stringify(row))],
  ["Arrow", () => arrowSource(table), rows.map((row) => JSON.stringify(row))],
  ["Parquet", () => parquetSource([{ name: "all", open: () => parquet }]), rows.map((row) => JSON.stringify(row))],
  ["Parquet files", () => parquetFileSource(parquetPath), rows.map((row) => JSON.stringify(row))],
];

const CRASHES_MAX = 12;

/** Runs a source to its end through crashes, each behind some polls after a checkpoint; returns what a sink that commits with checkpoints has seen. */
async function survivors(make: () => unknown, parallelism: number, random: Prng): Promise<string[]> {
  const committed: string[] = [];
  let latest: SourceSnapshot | undefined;
  for (let attempt = 0; ; attempt += 1) {
    const harness = new SourceHarness(make() as Source<unknown, unknown, unknown>, { parallelism, strategy: WatermarkStrategy.noWatermarks<unknown>() }, latest);
    const ended = new Set<number>();
    // A poll gives one record or thousands.
    const polls = [4, 40, 400][random.int(3)]!;
    const crashesAfter = attempt < CRASHES_MAX ? 1 + random.int(polls) : Infinity;
    const snapshotEvery = 1 + random.int(polls / 4);
    const uncommitted = (): string[] => harness.output.flatMap((lines) => lines.splice(0));
    try {
      for (let polled = 1; polled <= crashesAfter && ended.size < parallelism; polled += 1) {
        const subtask = random.int(parallelism);
        const status = harness.poll(subtask);
        if (status === "end") ended.add(subtask);
        if (status === "nothing") await new Promise((resolve) => setImmediate(resolve));
        if (polled % snapshotEvery !== 0) continue;
        latest = harness.snapshot((latest?.checkpointId ?? 0) + 1);
        harness.completed(latest);
        committed.push(...uncommitted());
      }
      if (ended.size === parallelism) return [...committed, ...uncommitted()];
    } finally {
      harness.close();
    }
  }
}

describe.each([1, 3])("after crashes and restores, at parallelism %i", (parallelism) => {
  test.each(SOURCES)("%s: every record once", async (_title, make, expected) => {
    const all = new Set(expected);
    for (let seed = 1; seed <= 8; seed += 1) {
      const seen = await survivors(make, parallelism, new Prng(seed));
      const distinct = new Set(seen);
      const lost = expected.filter((record) => !distinct.has(record)).length;
      const strange = seen.filter((record) => !all.has(record)).length;
      expect({ lost, strange, doubled: seen.length - distinct.size }, `seed ${seed}`).toEqual({ lost: 0, strange: 0, doubled: 0 });
    }
  });
});
