import type { KernelModule } from "./kernel-module.ts";
import type { StorageSchemes } from "./storage.ts";

/**
 * The waist between the engine and the world. Everything that `core/` needs of a platform comes through one `Host`; `Date.now`, timers and
 * `Math.random` appear nowhere else. Answers of the world come back as mail (callbacks run by the scheduler), never as promises.
 */

/** Wall-clock time in ms since the epoch. It may stand still while code runs (the edge) and may jump (a laptop that slept). */
export interface Clock {
  now(): number;
}

/** Ends a scheduled call: it does not come, even where its time has come already. Ending twice, or after it ran, does nothing. */
export interface Cancellable {
  cancel(): void;
}

/** When code of the engine runs: everything does as a job of the scheduler, one at a time. */
export interface Scheduler {
  /** Runs `job` soon, after the current one has ended. Jobs of one caller run in the order they were posted; the simulated host interleaves callers by its seed. */
  post(job: () => void): void;
  /** Runs `job` at or after `time` (ms since the epoch), not before one of an earlier time. A time in the past means soon. */
  at(time: number, job: () => void): Cancellable;
}

/** Seeded on the simulated host; never used for anything that a result depends on, unless the user asks for chance. */
export interface Random {
  /** A number in [0, 1). */
  next(): number;
}

/** What goes over with a message and is then gone here: ports of the same host, and memory. */
export interface Carried {
  readonly ports?: readonly Port[];
  readonly buffers?: readonly ArrayBuffer[];
}

/**
 * One end of an ordered line between two parts, which may be threads or machines apart. Messages are plain data: what `structuredClone` takes. What is sent
 * before the other end listens is held, on the way too. Sends after close do nothing but to close the ports that they carry. `onClose` comes exactly once at each
 * end that listens, whatever the cause: behind the messages that came before, where the other end closed; in place of them, where this one did. A port that was
 * carried away is used at its new place only. Memory that threads share is sent by an end that was opened where it is sent: Firefox loses it elsewhere.
 */
export interface Port {
  send(message: unknown, carried?: Carried): void;
  listen(onMessage: (message: unknown, ports: readonly Port[]) => void, onClose: () => void): void;
  close(): void;
}

/** Makes lines. */
export interface Network {
  /** A line between parts of one host; hosts that can carry ports to others thereby make lines to them. */
  openLine(): readonly [Port, Port];
  /**
   * Hosts whose ports cannot be carried away (objects at the edge): the end here of the line `line` to the host at `address`, where the other end is got by the same call.
   */
  connect?(address: string, line: string): Port;
  /** Where others find this host by that. */
  readonly address?: string;
}

/** What a platform gives to the engine. `createLocalHost` makes one of the globals that every platform has. */
export interface Host {
  readonly name: string;
  readonly clock: Clock;
  readonly scheduler: Scheduler;
  readonly random: Random;
  readonly network: Network;
  /** Whether its threads see the same memory: `SharedArrayBuffer` exists and can be sent to them. */
  readonly sharesMemory: boolean;
  /** What checkpoints can be kept in, by the scheme of their addresses, beside memory; absent: nothing else. */
  readonly storages?: StorageSchemes;
  /** The WebAssembly kernel for window aggregates, compiled before any task initializes; absent where the host brings none. */
  readonly kernel?: KernelModule;
  /** Whether the current turn should end early so that the host can breathe. Results never depend on it. */
  shouldYield(): boolean;
  /** Prints one line where the host shows its output (`print()`, console sinks). */
  print(line: string): void;
  /** Says one line, apart from that output, to whoever looks after the program: of what goes wrong and nobody is told of. */
  warn(line: string): void;
}
