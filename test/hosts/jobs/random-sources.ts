import {
  CollectionSource,
  columnsOf,
  ColumnSource,
  DataGeneratorSource,
  milliseconds,
  SequenceSource,
  WatermarkStrategy,
  type DataStream,
  type Source,
  type StreamExecutionEnvironment,
} from "tamias";
import { Chance } from "../../../examples/chance.ts";
import type { Row } from "../../laws/rows.ts";
import type { SourceSpec } from "./random-spec.ts";

const START_MS = 1_000;
const IDS_PER_SOURCE = 1_000_000;
const VALUES = 60;
/** So many that every subtask gets some. */
const KEYS = 48;

/** Times are even, and only late rows lie more than the bound behind the newest. */
function rowsOf(spec: SourceSpec, seed: number): readonly Row[] {
  const chance = new Chance(seed);
  let newest = START_MS;
  return Array.from({ length: spec.rows }, (_, index): Row => {
    newest += 2 * chance.below(4);
    const isLate = spec.hasLateRows && chance.oneIn(9);
    const backMs = 2 * chance.below(spec.boundMs / 2 + 1) + (isLate ? 2 * chance.below(45) : 0);
    const id = seed * IDS_PER_SOURCE + index;
    return { id, key: chance.below(KEYS), time: newest - backMs, value: chance.below(VALUES), note: String(index) };
  });
}

export interface Reading {
  readonly seed: number;
  /** Which of the job's sources it is. */
  readonly number: number;
  /** Whether one subtask reads all rows, so that they have one order. */
  readonly alone: boolean;
}

export function randomSource(env: StreamExecutionEnvironment, spec: SourceSpec, { seed, number, alone }: Reading): DataStream<Row> {
  const rows = rowsOf(spec, 2 * seed + number);
  const rowAt = (index: number): Row => ({ ...rows[index]! });
  const inSource = spec.watermarks !== "by an operator";
  const given = alone || spec.kind === "collection" ? 1 : env.getParallelism();
  const read = <T, Split, State>(source: Source<T, Split, State>, strategy: WatermarkStrategy<T>): DataStream<T> =>
    env.fromSource(source, inSource ? strategy : WatermarkStrategy.noWatermarks(), `source ${number + 1}`).setParallelism(given);
  const stream = (): DataStream<Row> => {
    switch (spec.kind) {
      case "collection":
        return read(new CollectionSource(rows), byFunction(spec, timeOfRow));
      case "sequence":
        return read(new SequenceSource(0, rows.length - 1), byFunction(spec, (index) => rows[index]!.time)).map(rowAt).setParallelism(given);
      case "generator":
        return read(new DataGeneratorSource(rowAt, rows.length), byFunction(spec, timeOfRow));
      case "columns":
        return read(new ColumnSource(columnsOfRows(rows)), byColumn(spec));
      case "loaded columns":
        return read(new ColumnSource(() => columnsOfRows(rows)), byColumn(spec));
    }
  };
  if (inSource) return stream();
  const stamped = stream().assignTimestampsAndWatermarks(byColumn(spec));
  return alone ? stamped.setParallelism(1) : stamped;
}

function timeOfRow({ time }: Row): number {
  return time;
}

function byFunction<T>(spec: SourceSpec, timeOf: (record: T) => number): WatermarkStrategy<T> {
  return strategyOf(spec, timeOf).withTimestampAssigner<T>(timeOf);
}

function byColumn(spec: SourceSpec): WatermarkStrategy<Row> {
  return strategyOf(spec, timeOfRow).withTimestampAssigner(columnsOf<Row>()("time"));
}

function strategyOf<T>({ watermarks, boundMs }: SourceSpec, timeOf: (record: T) => number): WatermarkStrategy<T> {
  if (watermarks !== "punctuated") return WatermarkStrategy.forBoundedOutOfOrderness(milliseconds(boundMs));
  return WatermarkStrategy.forGenerator<T>(() => ({
    onEvent: (record, timestamp, output) => {
      if (timeOf(record) % 3 === 0) output.emitWatermark(timestamp - boundMs - 1);
    },
  }));
}

function columnsOfRows(rows: readonly Row[]): ColumnsOfRows {
  return {
    id: Float64Array.from(rows, ({ id }) => id),
    key: Int32Array.from(rows, ({ key }) => key),
    time: Float64Array.from(rows, ({ time }) => time),
    value: Int32Array.from(rows, ({ value }) => value),
    note: rows.map(({ note }) => note),
  };
}

/** What the columns are made of. */
interface ColumnsOfRows {
  readonly id: Float64Array;
  readonly key: Int32Array;
  readonly time: Float64Array;
  readonly value: Int32Array;
  readonly note: readonly string[];
}
