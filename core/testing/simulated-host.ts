import type { Cancellable, Host, Port } from "../host/host.ts";
import { openLine } from "../host/local-line.ts";
import { assert } from "../lib/assert.ts";
import { Prng } from "../lib/prng.ts";

interface SimulatedTimer {
  readonly time: number;
  readonly order: number;
  readonly job: () => void;
}

/** What decides a simulated run. */
export interface SimulatedHostOptions {
  /** Decides every order and every chance. */
  readonly seed: number;
  /** Where the clock starts, ms since the epoch; default 0. */
  readonly startTime?: number;
}

/**
 * A host whose clock is virtual and whose order of jobs follows a seed: equal seeds give equal runs, different seeds interleave subtasks differently. Nothing
 * happens by itself; `runUntilIdle` or single `step`s drive it.
 *
 * @example
 * ```ts
 * import { SimulatedHost } from "tamias/testing";
 *
 * const host = new SimulatedHost({ seed: 7 });
 * host.scheduler.at(1_000, () => host.print(`it is ${host.clock.now()}`));
 * host.runUntilIdle();
 * console.log(host.printed); // [ 'it is 1000' ]
 * ```
 */
export class SimulatedHost implements Host {
  readonly name = "simulation";
  readonly sharesMemory = false;
  readonly clock: { now(): number };
  readonly random: { next(): number };
  readonly scheduler: { post(job: () => void): void; at(time: number, job: () => void): Cancellable };
  readonly network: { openLine(): readonly [Port, Port] };
  /** What was printed, in order. */
  readonly printed: string[] = [];
  /** What was warned of, in order. */
  readonly warned: string[] = [];
  readonly #prng: Prng;
  readonly #jobs: (() => void)[] = [];
  readonly #timers = new Set<SimulatedTimer>();
  #now: number;
  #order = 0;
  #steps = 0;

  constructor(options: SimulatedHostOptions) {
    this.#prng = new Prng(options.seed);
    this.#now = options.startTime ?? 0;
    this.clock = { now: () => this.#now };
    this.random = { next: () => this.#prng.next() };
    const post = (job: () => void): void => {
      this.#jobs.push(job);
    };
    this.scheduler = {
      post,
      at: (time, job) => {
        let isCancelled = false;
        const run = (): void => {
          if (!isCancelled) job();
        };
        const timer = { time, order: this.#order, job: run };
        this.#order += 1;
        this.#timers.add(timer);
        return {
          cancel: () => {
            isCancelled = true;
            this.#timers.delete(timer);
          },
        };
      },
    };
    this.network = { openLine: () => openLine(post) };
  }

  get steps(): number {
    return this.#steps;
  }

  /** Whether no job is ready; timers may still be pending. */
  get isIdle(): boolean {
    return this.#jobs.length === 0;
  }

  shouldYield(): boolean {
    return true;
  }

  print(line: string): void {
    this.printed.push(line);
  }

  warn(line: string): void {
    this.warned.push(line);
  }

  /** Runs one ready job, chosen by the seed; returns false where there is none. */
  step(): boolean {
    if (this.#jobs.length === 0) return false;
    const index = this.#prng.int(this.#jobs.length);
    const job = this.#jobs[index]!;
    const last = this.#jobs.pop()!;
    if (index < this.#jobs.length) this.#jobs[index] = last;
    this.#steps += 1;
    job();
    return true;
  }

  /** Moves the clock on, making due timers ready in order of time. */
  advanceTo(time: number): void {
    assert(this.#now <= time, "the virtual clock does not go back");
    const due = [...this.#timers].filter((timer) => timer.time <= time).sort((a, b) => a.time - b.time || a.order - b.order);
    this.#now = time;
    for (const timer of due) {
      this.#timers.delete(timer);
      this.#jobs.push(timer.job);
    }
  }

  /** Runs ready jobs, then moves the clock to the next timer, until nothing is left or `stepsMax` is reached; returns whether nothing is left. */
  runUntilIdle(stepsMax: number = Infinity): boolean {
    for (let steps = 0; steps < stepsMax; steps += 1) {
      if (this.step()) continue;
      const next = this.#nextTimer();
      if (next === undefined) return true;
      this.advanceTo(Math.max(next, this.#now));
    }
    return false;
  }

  #nextTimer(): number | undefined {
    let next: number | undefined;
    for (const { time } of this.#timers) if (next === undefined || time < next) next = time;
    return next;
  }
}
