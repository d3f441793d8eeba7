import { BatchLayout, ColumnBatch, NO_WATERMARKS } from "../data/column-batch.ts";
import { type Column, f64Column, i64Column } from "../data/column.ts";
import type { AggregateOutcome, BuiltInAggregates } from "../windows/built-in-aggregates.ts";
import type { KernelOutput } from "../windows/kernel.ts";
import type { TimeWindow } from "../windows/time-window.ts";
import type { OperatorContext } from "./operator.ts";

/** Results of re-firings that are sent at a time. */
const NOTED_MAX = 1_024;

/** Makes batches of the panes that a kernel gives out, each a result: what `BuiltInAggregates.getResult` gives for one. */
export class WindowResults {
  readonly #context: OperatorContext;
  readonly #layout: BatchLayout;
  readonly #outcomes: readonly AggregateOutcome[];
  #timestamps = new Float64Array(0);
  /** Memory of the columns that were sent last, where nobody keeps it; by output. */
  #free: readonly Column[] = [];
  /** Panes that were noted: their words and timestamps. */
  #noted: (Float64Array | BigInt64Array)[] = [];
  readonly #notedTimestamps = new Float64Array(NOTED_MAX);
  #notedCount = 0;

  constructor(aggregates: BuiltInAggregates<never, unknown>, context: OperatorContext) {
    this.#context = context;
    this.#layout = new BatchLayout(aggregates.aggregates.map(({ output }) => output));
    this.#outcomes = aggregates.results;
  }

  readonly emit = (window: TimeWindow, count: number, { words }: KernelOutput): void => {
    this.#send(count, words, this.#timestampsOf(window.maxTimestamp(), count));
  };

  /** Takes the pane in row 0 of the output, to be sent by `sendNoted`, or before that where they are many. */
  note(window: TimeWindow, { words }: KernelOutput): void {
    const at = this.#notedCount;
    if (this.#noted.length === 0) this.#noted = words.map((word) => (word instanceof Float64Array ? new Float64Array(NOTED_MAX) : new BigInt64Array(NOTED_MAX)));
    // The words of a kernel keep their types.
    for (let word = 0; word < words.length; word += 1) this.#noted[word]![at] = words[word]![0]! as never;
    this.#notedTimestamps[at] = window.maxTimestamp();
    this.#notedCount = at + 1;
    if (this.#notedCount === NOTED_MAX) this.sendNoted();
  }

  sendNoted(): void {
    const count = this.#notedCount;
    if (count === 0) return;
    this.#notedCount = 0;
    this.#send(count, this.#noted, this.#notedTimestamps.slice(0, count));
  }

  #send(count: number, words: KernelOutput["words"], timestamps: Float64Array): void {
    this.#context.metrics.recordsOut += count;
    const free = this.#free;
    this.#free = [];
    const columns = this.#outcomes.map((outcome, index) => columnOf(words, outcome, count, free[index]));
    const batch = new ColumnBatch({ layout: this.#layout, rowCount: count, columns, timestamps, watermarks: NO_WATERMARKS, selection: undefined });
    if (this.#context.output.processColumns!(batch) === true) this.#free = columns;
  }

  /** The batches of one window share their timestamps. */
  #timestampsOf(timestamp: number, count: number): Float64Array {
    if (this.#timestamps.length < count || this.#timestamps[0] !== timestamp) this.#timestamps = new Float64Array(count).fill(timestamp);
    return this.#timestamps.subarray(0, count);
  }
}

/** In the memory of another one where that is as long. */
function columnOf(words: KernelOutput["words"], { slot, finish }: AggregateOutcome, count: number, free: Column | undefined): Column {
  const word = words[slot]!;
  const memory = free?.values.length === count ? free.values : undefined;
  if (finish === undefined) {
    // The words are the kernel's; every NaN in them is canonical.
    if (memory !== undefined) (memory as Float64Array).set(word.subarray(0, count) as Float64Array);
    if (word instanceof Float64Array) return f64Column((memory as Float64Array) ?? word.slice(0, count), undefined, null);
    return i64Column((memory as BigInt64Array) ?? word.slice(0, count), undefined, null);
  }
  const counts = words[0]!;
  const values = (memory as Float64Array | undefined) ?? new Float64Array(count);
  for (let row = 0; row < count; row += 1) {
    const value = finish(word[row]!, counts[row] as number);
    values[row] = value !== value ? NaN : value;
  }
  return f64Column(values, undefined, null);
}
