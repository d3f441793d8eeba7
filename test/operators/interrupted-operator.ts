import type { OperatorFactory } from "../../core/operators/operator.ts";
import { type HarnessOutput, OperatorHarness, type OperatorHarnessOptions } from "../../core/testing/operator-harness.ts";

export interface Interruptions {
  /** Asked anew for each operator: the first, and those that are restored. */
  readonly factory: (restores: number) => OperatorFactory;
  readonly options: () => OperatorHarnessOptions;
  /** Whether it is snapshot, discarded and restored at this point. */
  restores(): boolean;
  show(output: HarnessOutput): string;
}

/** An operator that may be replaced wherever it has come to rest by one restored from its snapshot; all of them count as one. */
export class InterruptedOperator {
  readonly outputs: string[] = [];
  /** Records in and out, late ones kept and dropped, refirings; complete after `finish`. */
  readonly counters: number[] = [0, 0, 0, 0, 0];
  readonly #interruptions: Interruptions;
  #harness: OperatorHarness;
  #restores = 0;

  constructor(interruptions: Interruptions) {
    this.#interruptions = interruptions;
    this.#harness = new OperatorHarness(interruptions.factory(0), interruptions.options());
    this.#harness.open();
  }

  /** The one that runs now. */
  get harness(): OperatorHarness {
    return this.#harness;
  }

  get restores(): number {
    return this.#restores;
  }

  /** Calls it, and goes on until nothing is suspended; it may be replaced after each turn. */
  give(call: (harness: OperatorHarness) => void): void {
    call(this.#harness);
    this.point();
    while (this.#harness.isSuspended) {
      this.#harness.resume();
      this.point();
    }
  }

  /** Takes what has come out, and replaces it where it is to be. */
  point(): void {
    const { factory, options, restores } = this.#interruptions;
    this.#take();
    if (!restores()) return;
    this.#restores += 1;
    const snapshot = this.#harness.snapshot(this.#restores);
    // A snapshot after one that was aborted is a delta of the one before that.
    if (this.#restores % 3 === 0) this.#harness.aborted(this.#restores);
    else this.#harness.completed(this.#restores);
    this.#count();
    this.#harness.close();
    this.#harness = OperatorHarness.restore(factory(this.#restores), snapshot, options());
    this.#harness.open();
  }

  /** Nothing more is given to it. */
  finish(): void {
    this.#take();
    this.#count();
  }

  #take(): void {
    this.outputs.push(...this.#harness.takeOutput().map(this.#interruptions.show));
  }

  #count(): void {
    const { recordsIn, recordsOut, lateRecordsKept, lateRecordsDropped, refirings } = this.#harness.metrics;
    [recordsIn, recordsOut, lateRecordsKept, lateRecordsDropped, refirings].forEach((value, index) => (this.counters[index]! += value));
  }
}
