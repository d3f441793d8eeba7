import type { Cancellable, Scheduler } from "../core/host/host.ts";
import { IndexedHeap, NOT_IN_HEAP } from "../core/lib/heap.ts";
import { RingBuffer } from "../core/lib/ring-buffer.ts";
import type { AlarmStorage } from "./durable-object.ts";

/** Jobs in one turn, after which requests and answers to this object get theirs. Time cannot tell: it stands still while code runs. */
const JOBS_PER_TURN = 64;
/** Timers beyond this wait again when they come: setTimeout takes 31 bits. */
const TIMEOUT_MS_MAX = 2 ** 31 - 1;
/** No alarm is set for sooner than this: each one is a write to disk, and an object that waits for a timeout stays for longer. */
export const ALARM_MS_MIN = 30_000;

/** The parts of the platform that a scheduler stands on. */
export interface SchedulerPlatform {
  readonly storage: AlarmStorage;
  readonly now: () => number;
  /** See `ALARM_MS_MIN`. */
  readonly alarmMsMin: number;
  /** Calls back after so many ms, as long as the object lives; the function it returns ends that. */
  readonly wake: (run: () => void, ms: number) => () => void;
  print(line: string): void;
}

interface Timer {
  readonly time: number;
  readonly order: number;
  readonly job: () => void;
  heapIndex: number;
}

/**
 * Runs the jobs and timers of one object.
 *
 * Timers live in memory. While the object is awake, a timeout serves the earliest of them. Objects that are idle vanish without notice, and timeouts with them: so
 * as long as there is any timer there is an alarm, the one that an object can have. It keeps the object or brings it back.
 */
export class EdgeScheduler implements Scheduler {
  readonly #platform: SchedulerPlatform;
  readonly #queue = new RingBuffer<() => void>();
  readonly #timers = new IndexedHeap<Timer>((a, b) => a.time - b.time || a.order - b.order);
  #isDraining = false;
  #jobsLeft = 0;
  #orders = 0;
  /** When the timeout that was set last comes, and what ends it. */
  #wake: { readonly time: number; readonly end: () => void } | undefined;
  /** When the alarm comes that was set by this object in this life. */
  #alarmTime: number | undefined;

  constructor(platform: SchedulerPlatform) {
    this.#platform = platform;
  }

  post(job: () => void): void {
    this.#queue.push(job);
    if (this.#isDraining) return;
    this.#isDraining = true;
    this.#platform.wake(this.#drain, 0);
  }

  at(time: number, job: () => void): Cancellable {
    let isCancelled = false;
    const run = (): void => {
      if (!isCancelled) job();
    };
    const timer: Timer = { time, order: this.#orders, job: run, heapIndex: NOT_IN_HEAP };
    this.#orders += 1;
    this.#timers.push(timer);
    this.#prepare();
    return {
      cancel: () => {
        isCancelled = true;
        if (timer.heapIndex !== NOT_IN_HEAP) this.#timers.remove(timer);
      },
    };
  }

  /** Whoever asks is in the middle of a job: each question counts as one. */
  shouldYield(): boolean {
    this.#jobsLeft -= 1;
    return this.#jobsLeft <= 0;
  }

  /** What the object does when its alarm comes. Resolves when the timers that were due have run, whatever became of them. */
  async alarm(): Promise<void> {
    this.#alarmTime = undefined;
    try {
      this.#postDue();
      await new Promise<void>((resolve) => this.post(resolve));
    } finally {
      this.#prepare();
    }
  }

  readonly #drain = (): void => {
    this.#jobsLeft = JOBS_PER_TURN;
    while (0 < this.#queue.length && 0 < this.#jobsLeft) {
      this.#jobsLeft -= 1;
      this.#run(this.#queue.shift()!);
    }
    if (0 < this.#queue.length) this.#platform.wake(this.#drain, 0);
    else this.#isDraining = false;
  };

  /** The jobs behind one that throws belong to others. The platform would not show what is thrown in a timeout. */
  #run(job: () => void): void {
    try {
      job();
    } catch (cause) {
      this.#platform.print(cause instanceof Error ? (cause.stack ?? cause.message) : String(cause));
    }
  }

  readonly #onWake = (): void => {
    this.#wake = undefined;
    this.#postDue();
    this.#prepare();
  };

  #postDue(): void {
    const now = this.#platform.now();
    for (let timer = this.#timers.peek(); timer !== undefined && timer.time <= now; timer = this.#timers.peek()) {
      this.#timers.pop();
      this.post(timer.job);
    }
  }

  /** Sees to it that the earliest timer is served: soon by a timeout, and at last by the alarm. */
  #prepare(): void {
    const earliest = this.#timers.peek();
    if (earliest === undefined) return;
    const now = this.#platform.now();
    if (this.#wake === undefined || earliest.time < this.#wake.time) {
      this.#wake?.end();
      const ms = Math.min(Math.max(earliest.time - now, 0), TIMEOUT_MS_MAX);
      this.#wake = { time: earliest.time, end: this.#platform.wake(this.#onWake, ms) };
    }
    const alarmTime = Math.max(earliest.time, now + this.#platform.alarmMsMin);
    if (this.#alarmTime !== undefined && this.#alarmTime <= alarmTime) return;
    this.#alarmTime = alarmTime;
    this.#platform.storage.setAlarm(alarmTime, { allowUnconfirmed: true }).catch((cause: unknown) => {
      this.#alarmTime = undefined;
      this.#platform.print(`an alarm could not be set, so timers are lost if this object is evicted: ${String(cause)}`);
    });
  }
}
