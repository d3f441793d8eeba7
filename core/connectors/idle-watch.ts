import type { Cancellable } from "../host/host.ts";
import type { OperatorContext } from "../operators/operator.ts";

/** An idle timeout is looked at in so many steps; one step is also the most that a pause of the whole host can count for. */
const STEPS_PER_TIMEOUT = 4;

/**
 * Counts the time in which a source could have delivered. Not counted: time of backpressure, which the task measures, and all but
 * one step of a pause of the host (a hidden tab, a sleeping laptop), from which a timer comes back late.
 */
export class IdleWatch {
  readonly #context: OperatorContext;
  readonly #stepMs: number;
  #countedUntil: number;
  #backpressuredMs: number;
  #check: Cancellable | undefined;
  /** A look is due; it is taken in the next poll, because what it emits needs credit. */
  #isDue = false;

  constructor(context: OperatorContext, timeoutMs: number) {
    this.#context = context;
    this.#stepMs = timeoutMs / STEPS_PER_TIMEOUT;
    this.#countedUntil = context.processingTime.now();
    this.#backpressuredMs = context.metrics.backpressuredMs;
  }

  get isDue(): boolean {
    return this.#isDue;
  }

  /** Whether a look is planned or due. */
  get isRunning(): boolean {
    return this.#check !== undefined || this.#isDue;
  }

  /** Starts to count from now. */
  start(remainingMs: number): void {
    this.count();
    this.plan(remainingMs);
  }

  /** Plans the next look, at the latest when `remainingMs` of deliverable time have passed; none where that is +∞. */
  plan(remainingMs: number): void {
    if (this.isRunning || remainingMs === Infinity) return;
    this.#check = this.#context.at(this.#countedUntil + Math.min(this.#stepMs, remainingMs), () => {
      this.#check = undefined;
      this.#isDue = true;
      this.#context.wake();
    });
  }

  /** The deliverable time since the last call, in ms. */
  count(): number {
    const now = this.#context.processingTime.now();
    const { backpressuredMs } = this.#context.metrics;
    const deliverableMs = now - this.#countedUntil - (backpressuredMs - this.#backpressuredMs);
    this.#countedUntil = now;
    this.#backpressuredMs = backpressuredMs;
    this.#isDue = false;
    return Math.min(Math.max(0, deliverableMs), this.#stepMs);
  }

  stop(): void {
    this.#check?.cancel();
    this.#check = undefined;
  }
}
