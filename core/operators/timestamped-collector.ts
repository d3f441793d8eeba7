import type { Collector } from "../functions/collector.ts";
import type { OperatorMetrics } from "../metrics/operator-metrics.ts";
import { NO_TIMESTAMP, isTimestamp } from "../time/timestamp.ts";
import type { OperatorContext, Output } from "./operator.ts";

/** What a user function emits to: gives each record the timestamp of the record or timer at hand. */
export class TimestampedCollector<R> implements Collector<R> {
  /** NO_TIMESTAMP emits records without one. */
  timestamp = NO_TIMESTAMP;
  readonly #output: Output<R>;
  readonly #metrics: OperatorMetrics;

  constructor(context: OperatorContext) {
    this.#output = context.output;
    this.#metrics = context.metrics;
  }

  collect(record: R): void {
    this.#metrics.recordsOut += 1;
    this.#output.processRecord(record, this.timestamp);
  }
}

/** The timestamp of what a timer emits; one that waited for the end of time (±∞) has no time to give. */
export function timestampOfTimer(time: number): number {
  return isTimestamp(time) ? time : NO_TIMESTAMP;
}
