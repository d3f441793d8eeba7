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
    if (this.highest < position) this.highest = position;
  }

  /**
   * The inputs of a suspendable operator: they pass elements on, or hold them back, in one order, while the operator is suspended. The head of a chain needs it
   * too: one element of a channel may cause a watermark, idleness right behind it, and another watermark behind that.
   */
  guard(position: number, inputs: readonly Output<never>[]): readonly Output<unknown>[] {
    const held = new HeldElements(() => this.#work[position] !== undefined, () => {
      if (this.highest < position) this.highest = position;
    });
    this.#held[position] = held;
    return inputs.map((input) => held.input(input as Output<unknown>));
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
  readonly kind: "record" | "watermark" | "idleness" | "columns";
  readonly value: unknown;
  readonly timestamp: number;
}

/** Bounded by what one call upstream emits: callers that emit much ask `mayContinue` first. */
class HeldElements {
  readonly #isSuspended: () => boolean;
  readonly #onHold: () => void;
  readonly #queue = new RingBuffer<HeldElement>();

  constructor(isSuspended: () => boolean, onHold: () => void) {
    this.#isSuspended = isSuspended;
    this.#onHold = onHold;
  }

  get size(): number {
    return this.#queue.length;
  }

  input(input: Output<unknown>): Output<unknown> {
    return {
      processRecord: (record, timestamp) => {
        if (this.#mustHold()) this.#hold({ input, kind: "record", value: record, timestamp });
        else input.processRecord(record, timestamp);
      },
      processWatermark: (watermark) => {
        if (this.#mustHold()) this.#hold({ input, kind: "watermark", value: undefined, timestamp: watermark });
        else input.processWatermark(watermark);
      },
      processIdleness: (idle) => {
        if (this.#mustHold()) this.#hold({ input, kind: "idleness", value: idle, timestamp: 0 });
        else input.processIdleness(idle);
      },
      ...(input.processColumns === undefined ? {} : { processColumns: (batch: ColumnBatch) => this.#passColumns(input, batch) }),
    };
  }

  /** Passes on what was held, in order, until the operator suspends again or the task stops it. */
  deliver(mayContinue: () => boolean): void {
    while (0 < this.#queue.length && !this.#isSuspended() && mayContinue()) {
      const { input, kind, value, timestamp } = this.#queue.shift()!;
      if (kind === "record") input.processRecord(value, timestamp);
      else if (kind === "watermark") input.processWatermark(timestamp);
      else if (kind === "columns") input.processColumns!(value as ColumnBatch);
      else input.processIdleness(value === true);
    }
  }

  #passColumns(input: Output<unknown>, batch: ColumnBatch): void {
    if (this.#mustHold()) this.#hold({ input, kind: "columns", value: batch, timestamp: 0 });
    else input.processColumns!(batch);
  }

  #mustHold(): boolean {
    return 0 < this.#queue.length || this.#isSuspended();
  }

  #hold(element: HeldElement): void {
    this.#queue.push(element);
    this.#onHold();
  }
}
