import type { Host } from "./host/host.ts";
import type { KernelModule } from "./host/kernel-module.ts";
import { openLine } from "./host/local-line.ts";
import { LocalTimers } from "./host/local-timers.ts";
import { RingBuffer } from "./lib/ring-buffer.ts";

/**
 * The host of a job that runs in place, in whatever thread calls `execute()`: a tab, a worker, Node. It is made of globals that every host
 * has, and it is the one file under core/ that touches the clock, timers and chance of its platform.
 */

/** Longest time (ms) that the engine keeps a thread before events of the platform get their turn. */
const TURN_MS_MAX = 8;
/** The same of one of several threads that send each other messages, which are such events: two waits of this length are part of every answer. */
export const THREAD_TURN_MS_MAX = 2;
/** Looking at the clock costs more than a short job, so it is looked at once in so many. */
const JOBS_PER_LOOK = 8;
/** So many end a turn where the clock stands still while code runs. */
const JOBS_PER_TURN_MAX = 4_096;

interface Globals {
  readonly Date: { now(): number };
  readonly Math: { random(): number };
  readonly performance?: { now(): number };
  setTimeout(run: () => void, ms: number): unknown;
  clearTimeout(timer: unknown): void;
  /** Node and compatible hosts: runs after pending events without the 4 ms of nested timeouts, and keeps the process alive. */
  setImmediate?(run: () => void): unknown;
  readonly MessageChannel?: new () => {
    readonly port1: { onmessage: ((event: unknown) => void) | null };
    readonly port2: { postMessage(message: unknown): void };
  };
  readonly console: { log(line: string): void; warn(line: string): void };
}

export function createLocalHost(name: string = "in-process", kernel?: KernelModule, turnMsMax: number = TURN_MS_MAX): Host {
  const globals = globalThis as unknown as Globals;
  const now = (): number => globals.Date.now();
  const elapsed = globals.performance === undefined ? now : (): number => globals.performance!.now();
  const queue = new RingBuffer<() => void>();
  const yieldToPlatform = platformYield(globals);
  let draining = false;
  let turnEnd = 0;

  const drain = (): void => {
    turnEnd = elapsed() + turnMsMax;
    try {
      for (let job = 0; 0 < queue.length && job < JOBS_PER_TURN_MAX; job += 1) {
        queue.shift()!();
        if (job % JOBS_PER_LOOK === JOBS_PER_LOOK - 1 && turnEnd <= elapsed()) break;
      }
    } finally {
      // What a job throws goes to the platform; the jobs behind it belong to others.
      if (0 < queue.length) yieldToPlatform(drain);
      else draining = false;
    }
  };
  const post = (job: () => void): void => {
    queue.push(job);
    if (draining) return;
    draining = true;
    yieldToPlatform(drain);
  };
  const timers = new LocalTimers({ now, post, setTimeout: (run, ms) => globals.setTimeout(run, ms), clearTimeout: (timeout) => globals.clearTimeout(timeout) });
  return {
    name,
    clock: { now },
    random: { next: () => globals.Math.random() },
    scheduler: { post, at: (time, job) => timers.at(time, job) },
    network: { openLine: () => openLine(post) },
    sharesMemory: false,
    ...(kernel === undefined ? {} : { kernel }),
    shouldYield: () => turnEnd <= elapsed(),
    print: (line) => globals.console.log(line),
    warn: (line) => globals.console.warn(line),
  };
}

function platformYield(globals: Globals): (run: () => void) => void {
  if (globals.setImmediate !== undefined) return (run) => void globals.setImmediate!(run);
  if (globals.MessageChannel !== undefined) {
    const channel = new globals.MessageChannel();
    let next: (() => void) | undefined;
    channel.port1.onmessage = () => {
      const run = next;
      next = undefined;
      run?.();
    };
    return (run) => {
      next = run;
      channel.port2.postMessage(undefined);
    };
  }
  return (run) => void globals.setTimeout(run, 0);
}
