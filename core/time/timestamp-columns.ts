import type { Column } from "../data/column.ts";
import type { ColumnBatch } from "../data/column-batch.ts";
import type { TimestampExpression } from "./watermark-strategy.ts";

/** What a record's timestamp is by itself, given the one it comes with; throws where it has none. */
export type TimestampOf = (record: unknown, previous: number) => number;

/** The timestamps of a batch. */
export interface BatchTimestamps {
  /** By row number; of rows that are not selected, and from the failure on, they mean nothing. */
  readonly timestamps: Float64Array;
  readonly failure: TimestampFailure | undefined;
}

export interface TimestampFailure {
  /** How many records of the batch have a timestamp: this one has none. */
  readonly index: number;
  /** What asking for it threw. */
  readonly error: unknown;
}

/**
 * Computes the timestamps of whole batches. Where that is not as easy as a loop over numbers, each record is asked for its own:
 * so what is refused, and how, is said in one place only.
 */
export class TimestampColumns {
  readonly #timestampOf: TimestampOf;
  readonly #compute: ((batch: ColumnBatch) => Column | undefined) | undefined;

  /** Without an expression, every record is asked: by a function of the user. */
  constructor(timestampOf: TimestampOf, expression: TimestampExpression<never> | undefined) {
    this.#timestampOf = timestampOf;
    this.#compute = expression === undefined ? undefined : columnOf(expression);
  }

  assign(batch: ColumnBatch): BatchTimestamps {
    const column = this.#compute?.(batch);
    if (column?.validity === undefined) {
      if (column?.kind === "f64" && areTimestamps(column.values, batch)) return { timestamps: column.values, failure: undefined };
      if (column?.kind === "i32") return { timestamps: new Float64Array(column.values), failure: undefined };
    }
    return this.#askEach(batch);
  }

  /** The timestamps that a batch comes with, for a source; a record may have none. */
  check(batch: ColumnBatch): BatchTimestamps {
    return mayBeTimestamps(batch) ? { timestamps: batch.timestamps, failure: undefined } : this.#askEach(batch);
  }

  #askEach(batch: ColumnBatch): BatchTimestamps {
    const timestamps = new Float64Array(batch.rowCount);
    let index = 0;
    try {
      for (; index < batch.length; index += 1) {
        const row = batch.rowOf(index);
        timestamps[row] = this.#timestampOf(batch.rowAt(row), batch.timestamps[row]!);
      }
    } catch (error) {
      return { timestamps, failure: { index, error } };
    }
    return { timestamps, failure: undefined };
  }
}

/** Undefined where computing it failed, as it then does for some record. */
function columnOf(expression: TimestampExpression<never>): (batch: ColumnBatch) => Column | undefined {
  const program = expression.compiler.value(expression);
  return (batch) => {
    try {
      return program.columns(batch);
    } catch {
      return undefined;
    }
  };
}

/** Finite, and not −0, which no timestamp is. */
function areTimestamps(values: Float64Array, { selection, rowCount }: ColumnBatch): boolean {
  if (selection === undefined) return areAllTimestamps(values, rowCount);
  for (let index = 0; index < selection.length; index += 1) if (!isOne(values[selection[index]!]!)) return false;
  return true;
}

/** Nearly all are after 1970: a comparison finds that out, and the sum, whether all are finite. From the first that is not on, each is looked at. */
function areAllTimestamps(values: Float64Array, rowCount: number): boolean {
  let total = 0;
  let row = 0;
  for (; row + 3 < rowCount; row += 4) {
    const first = values[row]!;
    const second = values[row + 1]!;
    const third = values[row + 2]!;
    const fourth = values[row + 3]!;
    if (!(0 < first && 0 < second && 0 < third && 0 < fourth)) break;
    total += first + second + (third + fourth);
  }
  // Sums of finite numbers may leave their range; then each is looked at as well.
  if (!(total < Infinity)) row = 0;
  for (; row < rowCount; row += 1) if (!isOne(values[row]!)) return false;
  return true;
}

function isOne(timestamp: number): boolean {
  return timestamp - timestamp === 0 && !Object.is(timestamp, -0);
}

function mayBeTimestamps(batch: ColumnBatch): boolean {
  for (let index = 0; index < batch.length; index += 1) {
    const timestamp = batch.timestamps[batch.rowOf(index)]!;
    if (!(timestamp < Infinity) || Object.is(timestamp, -0)) return false;
  }
  return true;
}
