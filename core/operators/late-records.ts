import type { OutputTag } from "../functions/output-tag.ts";
import type { OperatorContext, Output } from "./operator.ts";

export interface LateRecordsOptions<T> {
  readonly allowedLatenessMs: number;
  /** Undefined: they are dropped and counted. */
  readonly tag: OutputTag<T> | undefined;
  /** Where the clock decides, no record is late. */
  readonly isEventTime: boolean;
}

/** Where records go that no window takes: too late for all, or, where windows leave gaps, between two. */
export class LateRecords<T> {
  readonly #options: LateRecordsOptions<T>;
  readonly #context: OperatorContext;
  readonly #output: Output<T> | undefined;

  constructor(options: LateRecordsOptions<T>, context: OperatorContext) {
    this.#options = options;
    this.#context = context;
    this.#output = options.tag === undefined ? undefined : context.sideOutput(options.tag);
  }

  /** A record that is not late itself at this watermark, where windows leave gaps, is not counted. */
  reject(record: () => T, timestamp: number, watermark: number): void {
    const { allowedLatenessMs, isEventTime } = this.#options;
    if (!isEventTime || watermark < timestamp + allowedLatenessMs) return;
    if (this.#output === undefined) this.#context.metrics.lateRecordsDropped += 1;
    else {
      this.#context.metrics.recordsOut += 1;
      this.#output.processRecord(record(), timestamp);
    }
  }
}
