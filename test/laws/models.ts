import { keyId, type KeyId } from "../../core/data/key.ts";
import { keyGroupOf } from "../../core/state/key-groups.ts";
import { keyOfRow, type KeyForm, type Row } from "./rows.ts";

/** Takes what a model gives; `port` is the id of a side output. */
export interface Emit {
  (row: Row, timestamp: number, port?: string): void;
  watermark(watermark: number): void;
}

/** What happened, for the coverage of a run and against the operator's own counters. */
export interface ModelCounts {
  /** Rows that came after their window had fired, and were kept. */
  late: number;
  /** Rows that came too late for all of their windows. */
  tooLate: number;
  refired: number;
  /** Sessions that became one. */
  merged: number;
}

/**
 * What one operator subtask does, once more: in the plainest way, looking through everything each time. It is fed what the subtask was fed, in the order in which
 * it came; nothing of the engine is used but the group of a key, which is part of the order that windows and timers promise.
 */
export interface Model {
  record(input: number, row: Row, timestamp: number, emit: Emit): void;
  /** Called before the watermark goes on. */
  watermark(watermark: number, emit: Emit): void;
  readonly counts?: ModelCounts;
  /** Whether only the final watermark of its input goes on. */
  readonly makesWatermarks?: boolean;
}

/** The group of a row's key: what fires at one time fires by it. */
export function groupOfRow(form: KeyForm | undefined, row: Row): { readonly key: KeyId; readonly group: number } {
  const key = form === undefined ? "" : keyId(keyOfRow(form)(row));
  return { key, group: keyGroupOf(key, MAX_PARALLELISM) };
}

export const MAX_PARALLELISM = 128;

/** A step that looks at one row at a time. */
export function stateless(each: (row: Row, watermark: number) => readonly Row[]): () => Model {
  return () => {
    let current = -Infinity;
    return {
      record: (_input, row, timestamp, emit) => {
        for (const result of each(row, current)) emit(result, timestamp);
      },
      watermark: (watermark) => {
        current = watermark;
      },
    };
  };
}

/** The running result of a key, after each row. */
export function running(combine: (left: Row, right: Row) => Row): () => Model {
  return () => {
    const results = new Map<number, Row>();
    return {
      record: (_input, row, timestamp, emit) => {
        const before = results.get(row.key);
        const after = before === undefined ? row : combine(before, row);
        results.set(row.key, after);
        emit(after, timestamp);
      },
      watermark: () => {},
    };
  };
}

/** Gives rows their time, and a watermark of its own after each: those of the input end here, but for the final one. */
export function stamping(generator: () => (row: Row) => number): () => Model {
  return () => {
    const watermarkOf = generator();
    let current = -Infinity;
    return {
      record: (_input, row, _timestamp, emit) => {
        emit(row, row.time);
        const watermark = watermarkOf(row);
        if (watermark <= current) return;
        current = watermark;
        emit.watermark(watermark);
      },
      watermark: () => {},
      makesWatermarks: true,
    };
  };
}
