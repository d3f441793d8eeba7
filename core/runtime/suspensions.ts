import { assert } from "../lib/assert.ts";
import type { ColumnBatch } from "../data/column-batch.ts";
import { RingBuffer } from "../lib/ring-buffer.ts";
import type { Output, SuspendedWork } from "../operators/operator.ts";

/**
 * What a chain has left to do before it may take another element: work that its operators have suspended, and elements held back for them. A position's
 * work goes on only when nothing further down is left, so records keep their order.
 */
export class Suspensions {
  readonly #work: (SuspendedWork | undefined)[] = [];
  readonly #held: (HeldElements | undefined)[] = [];
  /** The furthest position with something left; −1 where nothing is. */
  highest = -1;

  suspend(position: number, work: SuspendedWork): void {
    assert(this.#work[position] === undefined, "an operator suspends one work at a time");
    this.#work[position] = work;
    this.#held[position]?.hold();
    if (this.highest < position) this.highest = position;
  }

  /**
   * The inputs of a suspendable operator: they pass elements on, or hold them back, in one order, while the operator is suspended. The head of a chain needs it
   * too: one element of a channel may cause a watermark, idleness right behind it, and another watermark behind that.
   */
  guard(position: number, inputs: readonly Output<never>[], mayPass: () => boolean): readonly Output<unknown>[] {
    const onHold = (): void => {
      if (this.highest < position) this.highest = position;
    };
    const held = new HeldElements(() => this.#work[position] !== undefined, onHold, mayPass);
    this.#held[position] = held;
    return inputs.map((input) => new GuardedInput(input as Output<unknown>, held));
  }

  /** Whether a snapshot may be taken now: all that is left is in state. */
  get isSnapshotable(): boolean {
    for (let position = this.highest; 0 <= position; position -= 1) {
      if (this.#work[position]?.snapshotable === false || 0 < (this.#held[position]?.size ?? 0)) return false;
    }
    return true;
  }

  /** Goes on with the furthest work; returns whether it is done. */
  resume(mayContinue: (position: number) => boolean): boolean {
    const position = this.highest;
    const work = this.#work[position];
    if (work !== undefined) {
      // While it runs it does not count as left, else it would hold itself back.
      this.#work[position] = undefined;
      this.#settle();
      if (!work.resume()) {
        assert(this.#work[position] === undefined, "work that goes on later is not suspended again by itself");
        this.#work[position] = work;
      }
      this.#held[position]?.settle();
    } else {
      this.#held[position]!.deliver(() => mayContinue(position));
    }
    this.#settle();
    return this.highest < position;
  }

  #isLeft(position: number): boolean {
    return this.#work[position] !== undefined || 0 < (this.#held[position]?.size ?? 0);
  }

  #settle(): void {
    let position = Math.max(this.#work.length, this.#held.length) - 1;
    while (0 <= position && !this.#isLeft(position)) position -= 1;
    this.highest = position;
  }
}

interface HeldElement {
  readonly input: Output<unknown>;
  readonly kind: "record" | "watermark" | "idleness" | "batch" | "rows";
  readonly value: unknown;
  readonly timestamp: number;
}

/** Bounded by what one call upstream emits: callers that emit much ask `mayContinue` first. */
class HeldElements {
  readonly #isSuspended: () => boolean;
  readonly #onHold: () => void;
  readonly #mayGoOn: () => boolean;
  readonly #queue = new RingBuffer<HeldElement>();
  /**
   * Whether elements are held back: it is asked for each of them, so it is no question but a field.
   * Invariant: between calls of the chain it is true where the operator is suspended or anything is held.
   */
  isHolding = false;
  /** Called when `isHolding` may have changed. */
  onChange: (() => unknown) | undefined;

  constructor(isSuspended: () => boolean, onHold: () => void, mayPass: () => boolean) {
    this.#isSuspended = isSuspended;
    this.#onHold = onHold;
    this.#mayGoOn = () => !isSuspended() && mayPass();
  }

  get size(): number {
    return this.#queue.length;
  }

  /** The operator has suspended itself. */
  hold(): void {
    this.#set(true);
  }

  /** The operator may have gone on. */
  settle(): void {
    this.#set(0 < this.#queue.length || this.#isSuspended());
  }

  /** Passes on what was held, in order, until the operator suspends again or the task stops it. */
  deliver(mayContinue: () => boolean): void {
    while (0 < this.#queue.length && !this.#isSuspended() && mayContinue()) {
      const next = this.#queue.peek()!;
      if (next.kind === "rows" && !this.passRows(next.input, next.value as BatchRows)) break;
      const { input, kind, value, timestamp } = this.#queue.shift()!;
      if (kind === "rows") continue;
      if (kind === "record") input.processRecord(value, timestamp);
      else if (kind === "watermark") input.processWatermark(timestamp);
      else if (kind === "batch") passBatch(input, value as ColumnBatch);
      else input.processIdleness(value === true);
    }
    this.settle();
  }

  /** Passes rows of a batch on as far as it may; false where some are left. */
  passRows(input: Output<unknown>, rows: BatchRows): boolean {
    return rows.pass(input, this.#mayGoOn);
  }

  push(element: HeldElement): void {
    this.#queue.push(element);
    this.#set(true);
    this.#onHold();
  }

  #set(isHolding: boolean): void {
    this.isHolding = isHolding;
    this.onChange?.();
  }
}

/** Records that an output takes before the task is asked whether it may go on. */
const RUN_RECORDS_MAX = 256;

/** What is left of a batch whose rows go one by one. */
class BatchRows {
  readonly #batch: ColumnBatch;
  #index = 0;
  #watermark = 0;

  constructor(batch: ColumnBatch) {
    this.#batch = batch;
  }

  /** Passes on what is left, in order, until `mayGoOn` says no between two records; returns whether all of it went. */
  pass(output: Output<unknown>, mayGoOn: () => boolean): boolean {
    const { length, timestamps, watermarks: { rows, watermarks } } = this.#batch;
    for (let isFirst = true; ; isFirst = false) {
      const row = this.#index < length ? this.#batch.rowOf(this.#index) : Infinity;
      const hasWatermark = this.#watermark < rows.length && rows[this.#watermark]! <= row;
      if (row === Infinity && !hasWatermark) return true;
      if (!isFirst && !mayGoOn()) return false;
      if (hasWatermark) output.processWatermark(watermarks[this.#watermark++]!);
      else if (!this.#passRun(output, this.#watermark < rows.length ? rows[this.#watermark]! : length)) {
        this.#index += 1;
        output.processRecord(this.#batch.rowAt(row), timestamps[row]!);
      }
    }
  }

  /** Returns whether the output has taken any of the records up to `end` together. */
  #passRun(output: Output<unknown>, end: number): boolean {
    const { records, selection, timestamps } = this.#batch;
    if (output.processRun === undefined || records === undefined || selection !== undefined) return false;
    const from = this.#index;
    this.#index = output.processRun(records, timestamps, from, Math.min(end, from + RUN_RECORDS_MAX));
    return from < this.#index;
  }
}

/** One input of an operator that suspends itself, or that takes the rows of batches one by one. */
export class GuardedInput implements Output<unknown> {
  /** Present where the operator takes batches. */
  declare readonly processColumns?: (batch: ColumnBatch) => boolean;
  declare readonly processRecords?: (batch: ColumnBatch) => boolean;
  readonly #input: Output<unknown>;
  readonly #held: HeldElements;

  constructor(input: Output<unknown>, held: HeldElements) {
    this.#input = input;
    this.#held = held;
    if (input.processColumns !== undefined) this.processColumns = (batch) => this.#passBatch(batch);
    if (input.processRecords !== undefined) this.processRecords = (batch) => this.#passBatch(batch);
    else if (input.processRun !== undefined) this.processRecords = (batch) => this.processRowsOf(batch);
  }

  /** Where whoever emits to this input alone asks with each element: while nothing is held back, that is the operator itself, which spares each a call. */
  stepAsideIn(context: { openOutput: Output<unknown> }): void {
    this.#held.onChange = () => (context.openOutput = this.#held.isHolding ? this : this.#input);
    this.#held.settle();
  }

  processRecord(record: unknown, timestamp: number): void {
    if (this.#held.isHolding) this.#held.push({ input: this.#input, kind: "record", value: record, timestamp });
    else this.#input.processRecord(record, timestamp);
  }

  processWatermark(watermark: number): void {
    if (this.#held.isHolding) this.#held.push({ input: this.#input, kind: "watermark", value: undefined, timestamp: watermark });
    else this.#input.processWatermark(watermark);
  }

  processIdleness(idle: boolean): void {
    if (this.#held.isHolding) this.#held.push({ input: this.#input, kind: "idleness", value: idle, timestamp: 0 });
    else this.#input.processIdleness(idle);
  }

  /** Between two rows the task may lack credit, or a sink be full: then the others wait. */
  processRowsOf(batch: ColumnBatch): boolean {
    const rows = new BatchRows(batch);
    if (!this.#held.isHolding && this.#held.passRows(this.#input, rows)) return true;
    this.#held.push({ input: this.#input, kind: "rows", value: rows, timestamp: 0 });
    return false;
  }

  #passBatch(batch: ColumnBatch): boolean {
    if (!this.#held.isHolding) return passBatch(this.#input, batch);
    this.#held.push({ input: this.#input, kind: "batch", value: batch, timestamp: 0 });
    return false;
  }
}

function passBatch(input: Output<unknown>, batch: ColumnBatch): boolean {
  return (batch.records === undefined ? input.processColumns!(batch) : input.processRecords!(batch)) === true;
}
