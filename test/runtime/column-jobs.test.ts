import { expect, test } from "vitest";
import { SequenceSource } from "../../core/connectors/sequence-source.ts";
import { sinkFactory } from "../../core/connectors/sink-operator.ts";
import type { Sink } from "../../core/connectors/sink.ts";
import { ColumnBatch } from "../../core/data/column-batch.ts";
import { ColumnBuilder } from "../../core/data/column-builder.ts";
import { columnKeySelector } from "../../core/data/key-column.ts";
import { types } from "../../core/data/type.ts";
import type { Partitioner, StreamGraph } from "../../core/graph/stream-graph.ts";
import { columnsInto } from "../../core/operators/columns-output.ts";
import { mapFactory } from "../../core/operators/function-factories.ts";
import type { Operator, OperatorContext, OperatorFactory, Output } from "../../core/operators/operator.ts";
import type { RestorePoint } from "../../core/runtime/local-job.ts";
import { CheckpointDriver, MemoryParts } from "../../core/testing/checkpoint-driver.ts";
import { MAX_WATERMARK } from "../../core/time/timestamp.ts";
import { WatermarkStrategy } from "../../core/time/watermark-strategy.ts";
import { startJob } from "./running-jobs.ts";
import { GraphWriter } from "./stream-graphs.ts";

interface Row {
  readonly key: string;
  readonly n: number;
  readonly parts: readonly number[] | null;
}

const COUNT = 250;
const monotonous = WatermarkStrategy.forMonotonousTimestamps<number>().withTimestampAssigner((n) => n);
const byKey = columnKeySelector("key", (row: Row) => row.key);

/** Makes batches of rows, of a few records each. */
class Batcher implements Operator, Output<number> {
  readonly inputs = [this];
  readonly #builder = new ColumnBuilder(7);
  readonly #output: Output<unknown>;
  readonly #give: (batch: ColumnBatch) => void;

  constructor(context: OperatorContext) {
    this.#output = context.output;
    this.#give = columnsInto(context.output);
  }

  processRecord(n: number, timestamp: number): void {
    const row: Row = { key: `k${n % 11}`, n: n % 50 === 0 ? n + 0.5 : n, parts: n % 3 === 0 ? null : [n] };
    if (!this.#builder.add(row, timestamp)) throw new Error(this.#builder.fallback);
    if (this.#builder.isFull) this.snapshot();
  }

  processWatermark(watermark: number): void {
    if (watermark === MAX_WATERMARK) this.snapshot();
    if (this.#builder.isEmpty) this.#output.processWatermark(watermark);
    else this.#builder.addWatermark(watermark);
  }

  processIdleness(idle: boolean): void {
    this.snapshot();
    this.#output.processIdleness(idle);
  }

  /** What is held back leaves before a barrier. */
  snapshot(): void {
    if (!this.#builder.isEmpty) this.#give(this.#builder.finish());
  }
}

/** Hands batches on in two pieces, the second after a pause; no record may come too late for its watermark. */
class Relay implements Operator, Output<Row> {
  readonly inputs: readonly Output<never>[];
  readonly #context: OperatorContext;
  readonly #give: (batch: ColumnBatch) => void;
  #watermark = -Infinity;

  constructor(context: OperatorContext, inColumns: boolean, onBatch: (batch: ColumnBatch) => void) {
    this.#context = context;
    this.#give = columnsInto(context.output);
    const rows: Output<Row> = {
      processRecord: (row, timestamp) => this.processRecord(row, timestamp),
      processWatermark: (watermark) => this.processWatermark(watermark),
      processIdleness: (idle) => this.processIdleness(idle),
    };
    const processColumns = (batch: ColumnBatch): void => {
      onBatch(batch);
      this.#processColumns(batch);
    };
    this.inputs = [inColumns ? { ...rows, processColumns } : rows];
  }

  processRecord(row: Row, timestamp: number): void {
    this.#check(timestamp);
    this.#context.output.processRecord(row, timestamp);
  }

  processWatermark(watermark: number): void {
    this.#rise(watermark);
    this.#context.output.processWatermark(watermark);
  }

  processIdleness(idle: boolean): void {
    this.#context.output.processIdleness(idle);
  }

  #processColumns(batch: ColumnBatch): void {
    batch.forEach((row) => this.#check(batch.timestamps[row]!), (watermark) => this.#rise(watermark));
    if (batch.length < 2) return this.#give(batch);
    const rows = Int32Array.from({ length: batch.length }, (_, record) => batch.rowOf(record));
    const half = batch.length >> 1;
    const rest = cut(batch, rows.subarray(half), rows[half]!, Infinity);
    this.#give(cut(batch, rows.subarray(0, half), -1, rows[half]!));
    this.#context.suspend({
      snapshotable: false,
      resume: () => {
        if (!this.#context.mayContinue()) return false;
        this.#give(rest);
        return true;
      },
    });
  }

  #check(timestamp: number): void {
    if (timestamp <= this.#watermark) throw new Error(`${timestamp} comes behind watermark ${this.#watermark}`);
  }

  #rise(watermark: number): void {
    if (watermark <= this.#watermark) throw new Error(`watermark ${watermark} comes behind ${this.#watermark}`);
    this.#watermark = watermark;
  }
}

/** Some rows of a batch with the watermarks that lie behind row `after` and not behind row `until`. */
function cut(batch: ColumnBatch, selection: Int32Array, after: number, until: number): ColumnBatch {
  const kept = batch.watermarks.rows.flatMap((row, index) => (after < row && row <= until ? [index] : []));
  const watermarks = { rows: kept.map((index) => batch.watermarks.rows[index]!), watermarks: kept.map((index) => batch.watermarks.watermarks[index]!) };
  const { layout, rowCount, columns, timestamps } = batch;
  return new ColumnBatch({ layout, rowCount, columns, timestamps, watermarks, selection });
}

function relay(inColumns: boolean, onBatch: (batch: ColumnBatch) => void): OperatorFactory {
  return { kind: "relay", details: {}, suspends: true, create: (context) => new Relay(context, inColumns, onBatch) };
}

/** Keeps what it took in its state, and tells the outside when the job has ended. */
function keepingSink(onEnd: (records: readonly number[]) => void): Sink<number, number> {
  const writer = (records: number[]): ReturnType<Sink<number, number>["createWriter"]> => ({
    write: (n) => {
      records.push(n);
    },
    flush: () => {},
    snapshotState: () => records,
    close: (clean) => {
      if (clean) onEnd(records);
    },
  });
  return { describe: () => "keeping", writerStateType: types.number, createWriter: () => writer([]), restoreWriter: (_context, records) => writer([...records]) };
}

function jobOf(inColumns: readonly [boolean, boolean], second: Partitioner, taken: number[], onBatch: (batch: ColumnBatch) => void, seed: number): StreamGraph {
  const graph = new GraphWriter();
  const numbers = graph.source(new SequenceSource(1, COUNT) as never, monotonous, 2);
  const batches = graph.operator("batch", { kind: "batch", details: {}, create: (context) => new Batcher(context) }, numbers, { parallelism: 2 });
  const keyed = graph.operator("keyed", relay(inColumns[0], onBatch), batches, { keyed: byKey, parallelism: 3 });
  const dealt = graph.operator("dealt", relay(inColumns[1], onBatch), keyed, { partitioner: second, parallelism: 2 });
  const plain = graph.operator("plain", mapFactory({ map: (row: Row) => (row.parts === null ? row.n : row.parts[0]! + (row.n % 1)) }), dealt, { parallelism: 2 });
  graph.operator("sink", sinkFactory(keepingSink((records) => taken.push(...records))), plain, { partitioner: { kind: "rebalance" }, parallelism: 1 });
  return graph.graph({ firePanesPerTurn: 4, bufferTimeoutMs: seed % 2 === 0 ? 0 : 3 });
}

const expected = Array.from({ length: COUNT }, (_, index) => (index + 1) % 50 === 0 ? index + 1.5 : index + 1);

test.each<readonly [string, readonly [boolean, boolean], Partitioner, number]>([
  ["columns all the way, dealt in turn", [true, true], { kind: "rebalance" }, 1],
  ["columns all the way, keyed twice", [true, true], { kind: "hash", keyOf: byKey }, 1],
  ["columns all the way, to everyone", [true, true], { kind: "broadcast" }, 2],
  ["columns into rows", [true, false], { kind: "shuffle" }, 1],
  ["rows out of columns at once", [false, true], { kind: "hash", keyOf: (row: Row) => row.n }, 1],
])("%s: every record once and none late, through suspensions, checkpoints and restores", (_name, inColumns, second, times) => {
  let batches = 0;
  let completed = 0;
  for (let seed = 1; seed <= 4; seed += 1) {
    const taken: number[] = [];
    const parts = new MemoryParts();
    let restore: RestorePoint | undefined;
    let firstId = 1;
    for (let attempt = 0; attempt < 4; attempt += 1) {
      const graph = jobOf(inColumns, second, taken, () => (batches += 1), seed);
      const run = startJob(graph, { seed: seed * 10 + attempt, channelCredits: 1, ...(restore === undefined ? {} : { restore }) });
      const driver = new CheckpointDriver(run.job, { parts, firstId });
      const crashAt = attempt < 3 ? 1 : Infinity;
      while (run.outcomes.length === 0 && driver.completedCount < crashAt) {
        for (let step = 0; step < 10 + 4 * seed && run.outcomes.length === 0; step += 1) {
          if (run.host.runUntilIdle(1) && run.outcomes.length === 0) throw new Error(`it hangs (seed ${seed})`);
        }
        if (run.outcomes.length === 0 && !driver.isPending) driver.begin();
      }
      completed += driver.completedCount;
      firstId = driver.nextId;
      restore = driver.latest() ?? restore;
      const [outcome] = run.outcomes;
      if (outcome === undefined) run.job.cancel();
      else if (outcome.status === "FAILED") throw outcome.error;
      else break;
    }
    expect(taken.toSorted((a, b) => a - b)).toEqual(expected.flatMap((n) => Array<number>(times).fill(n)));
  }
  // Rows stay rows at an exchange.
  if (inColumns[0]) expect(batches).toBeGreaterThan(100);
  else expect(batches).toBe(0);
  expect(completed).toBeGreaterThan(8);
});
