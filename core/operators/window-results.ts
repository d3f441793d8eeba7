import { BatchLayout, ColumnBatch, NO_WATERMARKS } from "../data/column-batch.ts";
import { type Column, f64Column, i64Column } from "../data/column.ts";
import type { AggregateOutcome, BuiltInAggregates } from "../windows/built-in-aggregates.ts";
import type { KernelOutput } from "../windows/kernel.ts";
import type { TimeWindow } from "../windows/time-window.ts";
import type { OperatorContext } from "./operator.ts";

/** Makes batches of the panes that a kernel gives out, each a result: what `BuiltInAggregates.getResult` gives for one. */
export class WindowResults {
  readonly #context: OperatorContext;
  readonly #layout: BatchLayout;
  readonly #outcomes: readonly AggregateOutcome[];

  constructor(aggregates: BuiltInAggregates<never, unknown>, context: OperatorContext) {
    this.#context = context;
    this.#layout = new BatchLayout(aggregates.aggregates.map(({ output }) => output));
    this.#outcomes = aggregates.results;
  }

  readonly emit = (window: TimeWindow, count: number, { words }: KernelOutput): void => {
    this.#context.metrics.recordsOut += count;
    const batch = new ColumnBatch({
      layout: this.#layout,
      rowCount: count,
      columns: this.#outcomes.map((outcome) => columnOf(words, outcome, count)),
      timestamps: new Float64Array(count).fill(window.maxTimestamp()),
      watermarks: NO_WATERMARKS,
      selection: undefined,
    });
    this.#context.output.processColumns!(batch);
  };
}

function columnOf(words: KernelOutput["words"], { slot, finish }: AggregateOutcome, count: number): Column {
  const word = words[slot]!;
  if (finish === undefined) {
    // The words are the kernel's; every NaN in them is canonical.
    return word instanceof Float64Array ? f64Column(word.slice(0, count), undefined, null) : i64Column(word.slice(0, count), undefined, null);
  }
  const counts = words[0]!;
  const values = new Float64Array(count);
  for (let row = 0; row < count; row += 1) {
    const value = finish(word[row]!, counts[row] as number);
    values[row] = value !== value ? NaN : value;
  }
  return f64Column(values, undefined, null);
}
