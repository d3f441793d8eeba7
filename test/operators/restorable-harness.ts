import type { OperatorFactory } from "../../core/operators/operator.ts";
import {
  type HarnessOutput,
  type HarnessSnapshot,
  OperatorHarness,
  type OperatorHarnessOptions,
} from "../../core/testing/operator-harness.ts";

/**
 * An operator on the harness that can be replaced, at any time, by one restored from its snapshot; what came out before stays.
 */
export class RestorableHarness {
  readonly #factory: () => OperatorFactory;
  readonly #options: OperatorHarnessOptions;
  /** Also restores wherever a snapshot may be taken: after each call, and between turns of firing. */
  readonly #restoresAlways: boolean;
  #harness: OperatorHarness;
  #clock: number;
  #checkpointId = 0;
  #isClosed = false;
  #output: HarnessOutput[] = [];

  constructor(factory: () => OperatorFactory, options: OperatorHarnessOptions, restoresAlways: boolean) {
    this.#factory = factory;
    this.#options = options;
    this.#restoresAlways = restoresAlways;
    this.#clock = options.processingTime ?? 0;
    this.#harness = new OperatorHarness(factory(), options);
    this.#harness.open();
  }

  /** Calls the operator, and goes on until nothing is suspended. */
  run(call: (harness: OperatorHarness) => void): void {
    call(this.#harness);
    if (this.#restoresAlways) this.restore();
    while (this.#harness.isSuspended) {
      this.#harness.resume();
      if (this.#restoresAlways) this.restore();
    }
  }

  setProcessingTime(time: number): void {
    this.#clock = time;
    this.run((harness) => harness.setProcessingTime(time));
  }

  snapshot(): HarnessSnapshot {
    this.#checkpointId += 1;
    const snapshot = this.#harness.snapshot(this.#checkpointId);
    // Later snapshots are deltas of every second one.
    if (this.#checkpointId % 2 === 0) this.#harness.completed(this.#checkpointId);
    return snapshot;
  }

  restore(from: HarnessSnapshot = this.snapshot()): void {
    this.#output.push(...this.#harness.takeOutput());
    this.close();
    this.#isClosed = false;
    this.#harness = OperatorHarness.restore(this.#factory(), from, { ...this.#options, processingTime: this.#clock });
    this.#harness.open();
  }

  takeOutput(): HarnessOutput[] {
    const taken = [...this.#output, ...this.#harness.takeOutput()];
    this.#output = [];
    return taken;
  }

  close(): void {
    if (!this.#isClosed) this.#harness.close();
    this.#isClosed = true;
  }
}
