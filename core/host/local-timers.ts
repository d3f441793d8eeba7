import { IndexedHeap, NOT_IN_HEAP } from "../lib/heap.ts";
import type { Cancellable } from "./host.ts";

/** What timers are made of. */
export interface TimerPlatform {
  now(): number;
  setTimeout(run: () => void, ms: number): unknown;
  clearTimeout(timeout: unknown): void;
  post(job: () => void): void;
}

interface Timer {
  readonly time: number;
  readonly order: number;
  readonly job: () => void;
  isCancelled: boolean;
  heapIndex: number;
}

/** Timeouts beyond this wait again when they come: setTimeout takes 31 bits. */
const TIMEOUT_MS_MAX = 2 ** 31 - 1;

/**
 * Timers in the order of their times, over one timeout of the platform: several overtake each other on a busy machine, whose clock goes on between reading it and
 * setting one.
 */
export class LocalTimers {
  readonly #platform: TimerPlatform;
  readonly #timers = new IndexedHeap<Timer>((a, b) => a.time - b.time || a.order - b.order);
  #orders = 0;
  #timeout: unknown;
  /** What the timeout is for; undefined where none is set. */
  #timeoutTime: number | undefined;

  constructor(platform: TimerPlatform) {
    this.#platform = platform;
  }

  at(time: number, job: () => void): Cancellable {
    const timer: Timer = { time, order: this.#orders, job, isCancelled: false, heapIndex: NOT_IN_HEAP };
    this.#orders += 1;
    this.#timers.push(timer);
    if (this.#timeoutTime === undefined || time < this.#timeoutTime) this.#wait(time, true);
    return { cancel: () => this.#cancel(timer) };
  }

  #cancel(timer: Timer): void {
    timer.isCancelled = true;
    if (timer.heapIndex === NOT_IN_HEAP) return;
    this.#timers.remove(timer);
    // A timeout would keep the process. One that comes too early does nothing.
    if (this.#timers.size === 0) this.#clear();
  }

  /** Timeouts count other milliseconds than the clock and may come within the one before: then once more. Again it is taken as it comes, for the clock may stand still. */
  #wait(time: number, isFirst: boolean): void {
    this.#clear();
    const ms = Math.ceil(time - this.#platform.now());
    const isWhole = ms <= TIMEOUT_MS_MAX;
    this.#timeoutTime = time;
    this.#timeout = this.#platform.setTimeout(() => {
      if (this.#platform.now() < time && (isFirst || !isWhole)) this.#wait(time, !isWhole);
      else this.#run(Math.max(time, this.#platform.now()));
    }, Math.min(Math.max(ms, 0), TIMEOUT_MS_MAX));
  }

  #run(until: number): void {
    this.#timeoutTime = undefined;
    let next = this.#timers.peek();
    for (; next !== undefined && next.time <= until; next = this.#timers.peek()) {
      const timer = next;
      this.#timers.remove(timer);
      this.#platform.post(() => {
        if (!timer.isCancelled) timer.job();
      });
    }
    if (next !== undefined) this.#wait(next.time, true);
  }

  #clear(): void {
    if (this.#timeoutTime !== undefined) this.#platform.clearTimeout(this.#timeout);
    this.#timeoutTime = undefined;
  }
}
