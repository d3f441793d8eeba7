import { isExpression } from "../data/expression-compiler.ts";
import type { Expression } from "../data/expression.ts";
import { assert } from "../lib/assert.ts";
import { Duration } from "../lib/duration.ts";
import { JobError } from "../lib/errors.ts";
import { show } from "../lib/show.ts";
import { type WatermarkGenerator, BoundedOutOfOrdernessWatermarks, NoWatermarks } from "./watermark-generator.ts";

/**
 * Reads the event time of a record, in ms since the epoch. `previousTimestamp` is the one it carries already (of its source, or
 * of an earlier strategy), NO_TIMESTAMP (−∞) where it has none. Must return a finite number.
 */
export type TimestampAssigner<in T> = (record: T, previousTimestamp: number) => number;

/** The event time of a record, in ms since the epoch, computed of its fields. */
export type TimestampExpression<T> = Expression<T, number, string | undefined>;

/** Flink's `pipeline.auto-watermark-interval`. */
const PERIODIC_INTERVAL_MS_DEFAULT = 200;

/** How a strategy without watermarks describes itself. */
const NONE = "none";

interface Settings<in T> {
  /** How `explain` names the generator. */
  readonly generatorName: string;
  readonly makeGenerator: (emitOnEvent: boolean) => WatermarkGenerator<T>;
  /** Whether the snapshots of the generator are numbers that merge by minimum. */
  readonly isBuiltIn: boolean;
  readonly timestampAssigner: TimestampAssigner<T> | undefined;
  /** What the assigner was compiled of; undefined where it is a function. */
  readonly timestampExpression: TimestampExpression<T> | undefined;
  readonly idleTimeoutMs: number | undefined;
  readonly periodicIntervalMs: number | undefined;
}

/**
 * How a stream gets its timestamps and watermarks. Immutable: each method returns a new strategy.
 *
 * A watermark is emitted right after the record that advances it, so results depend on the data alone; `emitPeriodically` asks
 * for Flink's wall-clock emission instead.
 *
 * ```ts
 * stream.assignTimestampsAndWatermarks(
 *   WatermarkStrategy.forBoundedOutOfOrderness(seconds(5)).withTimestampAssigner((r) => r.time),
 * );
 * ```
 *
 * Call `withTimestampAssigner` last, or annotate its parameter (`(r: Flight) => r.time`): TypeScript passes the record type of
 * the stream to the last call of a chain only.
 */
export class WatermarkStrategy<in T> {
  readonly #settings: Settings<T>;

  private constructor(settings: Settings<T>) {
    this.#settings = settings;
  }

  /** For records whose timestamps never fall, per source split or input: the watermark is the largest timestamp − 1. */
  static forMonotonousTimestamps<T>(): WatermarkStrategy<T> {
    return new WatermarkStrategy<T>({
      ...builtIn("monotonous timestamps"),
      makeGenerator: (emitOnEvent) => new BoundedOutOfOrdernessWatermarks(0, emitOnEvent),
    });
  }

  /**
   * For records that come at most `bound` of event time after a later one: the watermark is the largest timestamp − bound − 1.
   * @throws JobError INVALID_ARGUMENT when the bound is negative.
   */
  static forBoundedOutOfOrderness<T>(bound: Duration): WatermarkStrategy<T> {
    if (!(0 <= durationMs("the out-of-orderness", bound))) {
      throw new JobError(
        "INVALID_ARGUMENT",
        `the out-of-orderness of a watermark strategy must not be negative, but is ${bound}`,
      );
    }
    return new WatermarkStrategy<T>({
      ...builtIn(`bounded out-of-orderness ${bound}`),
      makeGenerator: (emitOnEvent) => new BoundedOutOfOrdernessWatermarks(bound.ms, emitOnEvent),
    });
  }

  /** No watermarks: for processing time, or where only the end of the input matters. */
  static noWatermarks<T>(): WatermarkStrategy<T> {
    return new WatermarkStrategy<T>({ ...builtIn(NONE), makeGenerator: () => new NoWatermarks() });
  }

  /** A generator of your own; `supplier` is called once for each subtask or source split. */
  static forGenerator<T>(supplier: () => WatermarkGenerator<T>): WatermarkStrategy<T> {
    if (typeof supplier !== "function") {
      throw new JobError(
        "INVALID_ARGUMENT",
        `forGenerator takes a function that makes a generator, but got ${show(supplier)}`,
      );
    }
    return new WatermarkStrategy<T>({ ...builtIn("custom generator"), isBuiltIn: false, makeGenerator: supplier });
  }

  /**
   * Takes timestamps from the records; without it they keep those of their source. An expression over the columns of the records
   * says the same as a function, and is computed without making rows where the records come as columns.
   *
   * ```ts
   * const col = columnsOf<Flight>();
   * WatermarkStrategy.forBoundedOutOfOrderness(minutes(5)).withTimestampAssigner(col("date").times(60_000));
   * ```
   */
  withTimestampAssigner<U extends T>(assigner: TimestampAssigner<U> | TimestampExpression<U>): WatermarkStrategy<U> {
    if (isExpression(assigner)) {
      const timestampExpression = assigner as TimestampExpression<U>;
      const { row } = timestampExpression.compiler.value(timestampExpression);
      // What is no number there is refused when it comes.
      return new WatermarkStrategy<U>({ ...this.#settings, timestampAssigner: row as TimestampAssigner<U>, timestampExpression });
    }
    if (typeof assigner !== "function") {
      throw new JobError(
        "INVALID_ARGUMENT",
        "withTimestampAssigner takes a function such as (record) => record.time or an expression such as " +
          `columnsOf<Reading>()("time"), but got ${show(assigner)}`,
      );
    }
    return new WatermarkStrategy<U>({ ...this.#settings, timestampAssigner: assigner, timestampExpression: undefined });
  }

  /**
   * Lets an input (or source split) that delivers nothing for `timeout` stand aside: it no longer holds back the watermark, until
   * its next record. Only time in which it could have delivered counts; time of backpressure, of a hidden tab or a sleeping
   * machine does not.
   * @throws JobError INVALID_ARGUMENT when the timeout is not greater than zero.
   */
  withIdleness(timeout: Duration): WatermarkStrategy<T> {
    if (!(0 < durationMs("the idle timeout", timeout))) {
      throw new JobError(
        "INVALID_ARGUMENT",
        `the idle timeout of a watermark strategy must be greater than zero, but is ${timeout}`,
      );
    }
    return new WatermarkStrategy<T>({ ...this.#settings, idleTimeoutMs: timeout.ms });
  }

  /**
   * Emits every `interval` of wall-clock time (default 200 ms), as Flink does, instead of with the record. What is late then
   * depends on the speed of the machine: `explain` marks such a job as not reproducible.
   * @throws JobError INVALID_ARGUMENT when the interval is not greater than zero.
   */
  emitPeriodically(interval: Duration = Duration.ofMillis(PERIODIC_INTERVAL_MS_DEFAULT)): WatermarkStrategy<T> {
    if (!(0 < durationMs("the emission interval", interval))) {
      throw new JobError(
        "INVALID_ARGUMENT",
        `the emission interval of watermarks must be greater than zero, but is ${interval}`,
      );
    }
    return new WatermarkStrategy<T>({ ...this.#settings, periodicIntervalMs: interval.ms });
  }

  /** Undefined: records keep the timestamp they come with. */
  get timestampAssigner(): TimestampAssigner<T> | undefined {
    return this.#settings.timestampAssigner;
  }

  /** What `timestampAssigner` was compiled of; undefined where it is a function, or there is none. */
  get timestampExpression(): TimestampExpression<T> | undefined {
    return this.#settings.timestampExpression;
  }

  /** Undefined: an input never turns idle. */
  get idleTimeoutMs(): number | undefined {
    return this.#settings.idleTimeoutMs;
  }

  /**
   * Undefined: `onEvent` of a generator made here emits all there is to emit, and `onPeriodicEmit` need not be called. Otherwise
   * it must be called at this interval of wall-clock time.
   */
  get periodicIntervalMs(): number | undefined {
    return this.#settings.periodicIntervalMs;
  }

  /** Whether the generator is one of those here, which look at timestamps only. */
  get isBuiltIn(): boolean {
    return this.#settings.isBuiltIn;
  }

  /** A fresh generator, for one subtask or source split. */
  createGenerator(): WatermarkGenerator<T> {
    const { makeGenerator, isBuiltIn, periodicIntervalMs } = this.#settings;
    const emitOnEvent = periodicIntervalMs === undefined;
    const generator = makeGenerator(emitOnEvent);
    return emitOnEvent && !isBuiltIn && generator.onPeriodicEmit !== undefined ? emittingOnEvent(generator) : generator;
  }

  /**
   * One snapshot out of those of several generators that are replaced by one, undefined where it starts fresh and is not
   * restored. Built-in generators merge by minimum; of a custom one we know no way to merge, so only a single snapshot is kept.
   */
  mergeSnapshots(snapshots: readonly unknown[]): unknown {
    if (!this.#settings.isBuiltIn) return snapshots.length === 1 ? snapshots[0] : undefined;
    const maxima = snapshots.filter((snapshot) => snapshot !== undefined);
    return maxima.length === 0 ? undefined : maxima.map(asMaximum).reduce((a, b) => Math.min(a, b));
  }

  /** One line for `explain`. */
  describe(): string {
    const { generatorName, idleTimeoutMs, periodicIntervalMs } = this.#settings;
    const idleness = idleTimeoutMs === undefined ? "" : `, idle after ${Duration.ofMillis(idleTimeoutMs)}`;
    if (generatorName === NONE) return `${NONE}${idleness}`;
    const emission =
      periodicIntervalMs === undefined
        ? "emitted on event"
        : `emitted every ${Duration.ofMillis(periodicIntervalMs)} of wall-clock time (not reproducible)`;
    return `${generatorName}${idleness}, ${emission}`;
  }
}

function builtIn(generatorName: string): Omit<Settings<unknown>, "makeGenerator"> {
  return {
    generatorName,
    isBuiltIn: true,
    timestampAssigner: undefined,
    timestampExpression: undefined,
    idleTimeoutMs: undefined,
    periodicIntervalMs: undefined,
  };
}

/**
 * A generator ported from Flink notes the timestamp in `onEvent` and emits in `onPeriodicEmit`. Calling both for each record
 * makes it emit on event; watermarks that do not advance are dropped by the output.
 */
function emittingOnEvent<T>(generator: WatermarkGenerator<T>): WatermarkGenerator<T> {
  return {
    onEvent(record, timestamp, output) {
      generator.onEvent(record, timestamp, output);
      generator.onPeriodicEmit?.(output);
    },
    onPeriodicEmit: (output) => generator.onPeriodicEmit?.(output),
    snapshot: () => generator.snapshot?.(),
    restore: (snapshot) => generator.restore?.(snapshot),
  };
}

function asMaximum(snapshot: unknown): number {
  assert(typeof snapshot === "number", "a built-in watermark generator snapshots a number");
  return snapshot;
}

function durationMs(what: string, duration: Duration): number {
  if (duration instanceof Duration) return duration.ms;
  throw new JobError("INVALID_ARGUMENT", `${what} must be a Duration such as seconds(5), but is ${show(duration)}`);
}
