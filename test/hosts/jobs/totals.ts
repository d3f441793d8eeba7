import {
  AggregatingStateDescriptor,
  avg,
  count,
  GlobalWindows,
  KeyedCoProcessFunction,
  KeyedProcessFunction,
  MapStateDescriptor,
  max,
  milliseconds,
  min,
  ReducingStateDescriptor,
  sum,
  types,
  ValueStateDescriptor,
  type AggregateFunction,
  type AggregatingState,
  type Collector,
  type KeyedProcessContext,
  type KeyedStream,
  type MapState,
  type OnTimerContext,
  type ReducingState,
  type RuntimeContext,
  type SingleOutputStreamOperator,
  type ValueState,
  type Window,
  type WindowedStream,
} from "tamias";
import type { Row } from "../../laws/rows.ts";
import { WindowTeller } from "../../laws/stage-functions.ts";
import { timeWindowsOf } from "../../laws/time-window-spec.ts";
import type { TotalsContents, TotalsSpec } from "./random-spec.ts";

// What is computed here of rows is the same in whatever order they come: integers are added, and the least and the most are taken.

export function totalsStream(keyed: KeyedStream<Row, unknown>, spec: TotalsSpec): SingleOutputStreamOperator<Row> {
  if (spec.kind === "buckets") return keyed.process(new Buckets(spec.sizeMs));
  const { assigner, contents, latenessMs } = spec;
  const windows = assigner.kind === "end of stream" ? GlobalWindows.createWithEndOfStreamTrigger() : timeWindowsOf(assigner);
  return withContents(keyed.window(windows as ReturnType<typeof timeWindowsOf>).allowedLateness(milliseconds(latenessMs)), contents);
}

function withContents(windows: WindowedStream<Row, unknown, Window>, contents: TotalsContents): SingleOutputStreamOperator<Row> {
  switch (contents) {
    case "built-in":
      return windows.aggregate(
        { rows: count(), total: sum("value"), most: max("value"), least: min("value"), mean: avg("value"), key: max("key") },
        new WindowTeller(false, ([result]) => {
          const { rows, total, most, least, mean, key } = result as Record<"rows" | "total" | "most" | "least" | "mean" | "key", number>;
          return { key, value: total, text: `${rows} rows from ${least} to ${most}, ${mean} in the mean` };
        }),
      );
    case "fold":
      return windows.aggregate(FOLD, new WindowTeller<Row>(false, ([row]) => ({ key: row!.key, value: row!.value, text: row!.note })));
    case "reduce":
      return windows.reduce(reduceRows);
    case "list":
      return windows.process(new WindowTeller<Row>(false, (rows) => ({ ...rows.reduce(reduceRows), text: rows.map(({ note }) => note).sort().join(",") })));
  }
}

function reduceRows(left: Row, right: Row): Row {
  return {
    id: Math.max(left.id, right.id),
    key: left.key,
    time: Math.max(left.time, right.time),
    value: left.value + right.value,
    note: left.note < right.note ? left.note : right.note,
  };
}

/** Changed in place, and sliceable. */
const FOLD: AggregateFunction<Row, { key: number; sum: number; notes: number }, Row> = {
  createAccumulator: () => ({ key: -1, sum: 0, notes: 0 }),
  add(row, accumulator) {
    accumulator.key = row.key;
    accumulator.sum += row.value;
    accumulator.notes ^= digest(row.note);
    return accumulator;
  },
  merge(earlier, later) {
    earlier.key = Math.max(earlier.key, later.key);
    earlier.sum += later.sum;
    earlier.notes ^= later.notes;
    return earlier;
  },
  getResult: ({ key, sum, notes }) => ({ id: -1, key, time: 0, value: sum, note: `notes ${notes}` }),
  sliceable: true,
};

function digest(text: string): number {
  let hash = 17;
  for (let index = 0; index < text.length; index += 1) hash = (Math.imul(hash, 31) + text.charCodeAt(index)) | 0;
  return hash;
}

/** Behind all rows. */
const AT_THE_END = 1_000_000_000_000;
const sumOf: AggregateFunction<number, number, number> = {
  createAccumulator: () => 0,
  add: (value, total) => total + value,
  merge: (left, right) => left + right,
  getResult: (total) => total,
};

interface Bucket {
  readonly rows: number;
  readonly total: number;
}

/** Rows by when they happened, in state; a timer at the end of each bucket tells it, and one at the end of all the whole. */
class BucketStates {
  readonly #sizeMs: number;
  readonly #buckets: MapState<number, Bucket>;
  readonly #key: ValueState<number>;
  readonly #most: ReducingState<number>;
  readonly #total: AggregatingState<number, number>;

  constructor(context: RuntimeContext, sizeMs: number) {
    this.#sizeMs = sizeMs;
    this.#buckets = context.getMapState(new MapStateDescriptor("buckets", types.number, types.object({ rows: types.number, total: types.number })));
    this.#key = context.getState(new ValueStateDescriptor<number>("key"));
    this.#most = context.getReducingState(new ReducingStateDescriptor<number>("most", (left, right) => Math.max(left, right)));
    this.#total = context.getAggregatingState(new AggregatingStateDescriptor("total", sumOf));
  }

  add(row: Row, weight: number, context: KeyedProcessContext<unknown>): void {
    const timestamp = context.timestamp();
    if (timestamp === undefined) throw new Error(`${row.note} has no timestamp`);
    const bucket = Math.floor(timestamp / this.#sizeMs);
    const { rows, total } = this.#buckets.get(bucket) ?? { rows: 0, total: 0 };
    this.#buckets.put(bucket, { rows: rows + 1, total: total + weight * row.value });
    this.#key.update(row.key);
    this.#most.add(row.value);
    this.#total.add(weight * row.value);
    context.timerService().registerEventTimeTimer((bucket + 1) * this.#sizeMs - 1);
    context.timerService().registerEventTimeTimer(AT_THE_END);
  }

  tell(time: number, out: Collector<Row>): void {
    const key = this.#key.value() ?? -1;
    if (time === AT_THE_END) {
      const left = [...this.#buckets.keys()].length;
      out.collect({ id: -1, key, time, value: this.#total.get() ?? 0, note: `${this.#most.get()} at most, ${left} buckets left` });
      return;
    }
    const bucket = Math.floor(time / this.#sizeMs);
    const { rows, total } = this.#buckets.get(bucket) ?? { rows: 0, total: 0 };
    this.#buckets.remove(bucket);
    out.collect({ id: -1, key, time, value: total, note: `bucket ${bucket} of ${rows} rows` });
  }
}

class Buckets extends KeyedProcessFunction<unknown, Row, Row> {
  readonly #sizeMs: number;
  #states: BucketStates | undefined;

  constructor(sizeMs: number) {
    super();
    this.#sizeMs = sizeMs;
  }

  override open(context: RuntimeContext): void {
    this.#states = new BucketStates(context, this.#sizeMs);
  }

  override processElement(row: Row, context: KeyedProcessContext<unknown>): void {
    this.#states!.add(row, 1, context);
  }

  override onTimer(time: number, _context: OnTimerContext<unknown>, out: Collector<Row>): void {
    this.#states!.tell(time, out);
  }
}

/** The same of two inputs, which count differently. */
export class BucketsOfTwo extends KeyedCoProcessFunction<unknown, Row, Row, Row> {
  readonly #sizeMs: number;
  #states: BucketStates | undefined;

  constructor(sizeMs: number) {
    super();
    this.#sizeMs = sizeMs;
  }

  override open(context: RuntimeContext): void {
    this.#states = new BucketStates(context, this.#sizeMs);
  }

  override processElement1(row: Row, context: KeyedProcessContext<unknown>): void {
    this.#states!.add(row, 1, context);
  }

  override processElement2(row: Row, context: KeyedProcessContext<unknown>): void {
    this.#states!.add(row, 1_000, context);
  }

  override onTimer(time: number, _context: OnTimerContext<unknown>, out: Collector<Row>): void {
    this.#states!.tell(time, out);
  }
}
