/** Records that may come at once after a pause, as the time in which they would have come. */
const BURST_MS = 100;

/** Holds a source to so many records a second: a bucket of tokens, one a record, which a batch may overdraw by its own length. */
export class SourceThrottle {
  readonly #recordsPerMs: number;
  #tokens = 0;
  #filledAt: number;

  constructor(recordsPerSecond: number, now: number) {
    this.#recordsPerMs = recordsPerSecond / 1_000;
    this.#filledAt = now;
  }

  /** Time until the source may be polled, ms: 0 is now, Infinity is never. */
  waitMs(now: number): number {
    const passed = Math.max(0, now - this.#filledAt);
    this.#filledAt = now;
    this.#tokens = Math.min(this.#tokens + passed * this.#recordsPerMs, Math.max(1, BURST_MS * this.#recordsPerMs));
    if (1 <= this.#tokens) return 0;
    return this.#recordsPerMs === 0 ? Infinity : (1 - this.#tokens) / this.#recordsPerMs;
  }

  took(records: number): void {
    this.#tokens -= records;
  }
}
