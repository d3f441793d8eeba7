import type { StreamExecutionEnvironment } from "../../core/api/stream-execution-environment.ts";
import { CollectionSource } from "../../core/connectors/collection-source.ts";
import { SequenceSource } from "../../core/connectors/sequence-source.ts";
import type { Source } from "../../core/connectors/source.ts";
import { DataGeneratorSource, type DataStream, milliseconds, WatermarkStrategy } from "../../core/index.ts";
import type { FactBook, NodeFacts } from "./fact-book.ts";
import type { SourceSpec } from "./job-spec.ts";
import { stamping, stateless, type Model } from "./models.ts";
import { PausedSource } from "./paused-source.ts";
import { KEY_COUNT, type Row } from "./rows.ts";

const SPLITS = 3;
const START_MS = 1_000;
const IDS_PER_SOURCE = 10_000;

/** One row of each key first, so that every subtask gets some, then the random ones. */
export function rowsOfSource(spec: SourceSpec, index: number): readonly Row[] {
  let time = START_MS;
  const rollCall = Array.from({ length: KEY_COUNT }, (_, key) => ({ key, stepMs: 0, backMs: 0, value: 1, pauseMs: 0 }));
  return [...rollCall, ...spec.rows].map(({ key, stepMs, backMs, value }, number): Row => {
    time += stepMs;
    const id = index * IDS_PER_SOURCE + number;
    return { id, key, time: time - backMs, value, note: String(id) };
  });
}

export function addSource(env: StreamExecutionEnvironment, book: FactBook, spec: SourceSpec, rows: readonly Row[]): DataStream<Row> {
  // Every read makes a row of its own: what state holds of one may be made unusable.
  const rowAt = (number: number): Row => ({ ...rows[number]! });
  const inSource = spec.watermarks !== "bounded by an operator";
  const strategyOf = <T>(toRow: (record: T) => Row): WatermarkStrategy<T> =>
    inSource ? strategyFor(spec, toRow) : WatermarkStrategy.noWatermarks<T>();
  const stream = readSource(env, book, spec, rows, { rowAt, strategyOf });
  if (inSource) return stream;
  const model = spec.idleAfterMs === undefined ? stampingModel(spec) : undefined;
  return book.add(stream.assignTimestampsAndWatermarks(strategyFor(spec, (row: Row) => row)), "stamped", { model });
}

interface Reading {
  rowAt(number: number): Row;
  strategyOf<T>(toRow: (record: T) => Row): WatermarkStrategy<T>;
}

function readSource(env: StreamExecutionEnvironment, book: FactBook, spec: SourceSpec, rows: readonly Row[], { rowAt, strategyOf }: Reading): DataStream<Row> {
  const isAlone = spec.alone && !spec.steps.includes("forward");
  const read = <T, Split, State>(source: Source<T, Split, State>, toRow: (record: T) => Row, facts: Partial<NodeFacts>): DataStream<T> => {
    const stream = book.add(env.fromSource(source, strategyOf(toRow), "source"), "source", facts);
    return isAlone ? stream.setParallelism(1) : stream;
  };
  const toRow = (row: Row): Row => row;
  switch (spec.kind) {
    case "collection": {
      const collection = { [Symbol.iterator]: () => rows.map((row) => ({ ...row }))[Symbol.iterator]() };
      return read(new CollectionSource(collection), toRow, { rows });
    }
    case "sequence": {
      const numbers = read(new SequenceSource(0, rows.length - 1), rowAt, {});
      return book.add(numbers.map(rowAt), "rows", { rows, model: stateless((number) => [rowAt(number as unknown as number)]) });
    }
    case "generator":
      return read(new DataGeneratorSource(rowAt, rows.length), toRow, { rows });
    case "splits": {
      const pauseMsOf = ({ id }: Row): number => spec.rows[(id % IDS_PER_SOURCE) - KEY_COUNT]?.pauseMs ?? 0;
      const splits = Array.from({ length: SPLITS }, (_, split) =>
        rows.filter((_row, number) => number % SPLITS === split).map((row) => ({ row, pauseMs: pauseMsOf(row) })),
      );
      return read(new PausedSource(splits), toRow, { rows });
    }
  }
}

function stampingModel(spec: SourceSpec): () => Model {
  return stamping(() => {
    let latest = -Infinity;
    return (row) => {
      latest = Math.max(latest, row.time);
      return latest - spec.boundMs - 1;
    };
  });
}

function strategyFor<T>(spec: SourceSpec, toRow: (record: T) => Row): WatermarkStrategy<T> {
  const bound = milliseconds(spec.boundMs);
  const strategy =
    spec.watermarks === "punctuated"
      ? WatermarkStrategy.forGenerator<T>(() => ({
          onEvent: (record, timestamp, output) => {
            if (toRow(record).value % 3 === 0) output.emitWatermark(timestamp - spec.boundMs - 1);
          },
        }))
      : WatermarkStrategy.forBoundedOutOfOrderness<T>(bound);
  const stamped = strategy.withTimestampAssigner<T>((record) => toRow(record).time);
  return spec.idleAfterMs === undefined ? stamped : stamped.withIdleness(milliseconds(spec.idleAfterMs));
}
