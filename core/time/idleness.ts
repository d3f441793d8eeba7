import { assert } from "../lib/assert.ts";

/**
 * Decides when an input that delivers nothing counts as idle. It has no clock: the owner reports each record, and how much time
 * passed in which the input *could* have delivered. Time of backpressure, of a hidden tab or a sleeping machine is simply not
 * reported, and so causes no false idleness.
 */
export class IdlenessTimer {
  readonly #timeoutMs: number;
  #quietMs = 0;
  #isIdle = false;

  constructor(timeoutMs: number) {
    assert(0 < timeoutMs, "an idle timeout is greater than zero");
    this.#timeoutMs = timeoutMs;
  }

  get isIdle(): boolean {
    return this.#isIdle;
  }

  /** Deliverable time still missing until the input turns idle: when to look next. +∞ where it is idle already. */
  get remainingMs(): number {
    return this.#isIdle ? Infinity : this.#timeoutMs - this.#quietMs;
  }

  /** A record came. Returns whether the input was idle, and so turns active now. */
  activity(): boolean {
    const wasIdle = this.#isIdle;
    this.#quietMs = 0;
    this.#isIdle = false;
    return wasIdle;
  }

  /**
   * `deliverableMs` more passed without a record although the input could have delivered one. Returns whether it turns idle now.
   * A clock that jumped back counts as no time.
   */
  advance(deliverableMs: number): boolean {
    if (this.#isIdle || !(0 < deliverableMs)) return false;
    this.#quietMs += deliverableMs;
    this.#isIdle = this.#timeoutMs <= this.#quietMs;
    return this.#isIdle;
  }

  /** Goes on as idle or active; the time of quiet before the snapshot is counted anew. */
  restore(isIdle: boolean): void {
    this.#isIdle = isIdle;
    this.#quietMs = 0;
  }
}
