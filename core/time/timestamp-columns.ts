import type { Column } from "../data/column.ts";
import type { BatchTimes, ColumnBatch } from "../data/column-batch.ts";
import { NO_TIMESTAMP } from "./timestamp.ts";
import type { TimestampExpression } from "./watermark-strategy.ts";

/** What a record's timestamp is by itself, given the one it comes with; throws where it has none. */
export type TimestampOf = (record: unknown, previous: number) => number;

/** The timestamps of a batch. */
export interface BatchTimestamps {
  /** By row number; of rows that are not selected, and from the failure on, they mean nothing. */
  readonly timestamps: Float64Array;
  /** Undefined where they were not passed over all together. */
  readonly times?: BatchTimes | undefined;
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
      if (column?.kind === "f64") {
        // Rows that are not selected may hold anything; then each of the others is asked.
        const times = timesOf(column.values, batch.rowCount);
        if (times !== undefined) return { timestamps: column.values, times, failure: undefined };
      }
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

/** Undefined where one is no timestamp. It is the one pass over all of them that columns cannot do without, so it takes along what others ask later. */
export function timesOf(values: Float64Array, rowCount: number): BatchTimes | undefined {
  const rising: number[] = [];
  let earliest = Infinity;
  let latest = -Infinity;
  for (let row = 0; row < rowCount; row += 4) {
    if (row + 3 < rowCount) {
      const first = values[row]!;
      const second = values[row + 1]!;
      const third = values[row + 2]!;
      const fourth = values[row + 3]!;
      // Nearly all lie between two before them, as nothing does that is not finite.
      const isBetween = earliest <= first && first <= latest && earliest <= second && second <= latest;
      if (isBetween && earliest <= third && third <= latest && earliest <= fourth && fourth <= latest) continue;
    }
    for (let at = row; at < row + 4 && at < rowCount; at += 1) {
      const timestamp = values[at]!;
      if (!isOne(timestamp)) return undefined;
      if (timestamp < earliest) earliest = timestamp;
      if (timestamp <= latest) continue;
      latest = timestamp;
      rising.push(at);
    }
  }
  // Comparisons do not tell −0 from 0.
  if (earliest <= 0) for (let row = 0; row < rowCount; row += 1) if (!isOne(values[row]!)) return undefined;
  return { earliest, latest, rising };
}

/** Finite, and not −0, which no timestamp is. */
function isOne(timestamp: number): boolean {
  return timestamp - timestamp === 0 && !Object.is(timestamp, -0);
}

function mayBeTimestamps(batch: ColumnBatch): boolean {
  for (let index = 0; index < batch.length; index += 1) {
    const timestamp = batch.timestamps[batch.rowOf(index)]!;
    if (timestamp !== NO_TIMESTAMP && !isOne(timestamp)) return false;
  }
  return true;
}
