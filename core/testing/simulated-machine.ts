import type { Cancellable, Carried, Host, Port } from "../host/host.ts";
import type { AsyncStorage, StorageSchemes } from "../host/storage.ts";
import { assert } from "../lib/assert.ts";
import type { SimulatedHost } from "./simulated-host.ts";

/**
 * One of several machines of a simulation: it shares clock, chance and scheduler with the others and can die or stop answering alone. What crosses its lines is cloned as between
 * real threads, and the end of a dead machine's lines tells nobody of it, as in browsers.
 */
export class SimulatedMachine implements Host {
  readonly name = "simulated machine";
  readonly sharesMemory = true;
  readonly clock: Host["clock"];
  readonly random: Host["random"];
  readonly scheduler: Host["scheduler"];
  readonly network: Host["network"];
  readonly storages: StorageSchemes;
  readonly #host: SimulatedHost;
  /** What a machine that hangs does when it goes on. */
  #held: (() => void)[] | undefined;
  #isDead = false;

  /** @param storages what it keeps checkpoints in, by the scheme of their addresses */
  constructor(host: SimulatedHost, storages: Readonly<Record<string, (url: string, machine: Host) => AsyncStorage>> = {}) {
    this.#host = host;
    this.clock = host.clock;
    this.random = host.random;
    this.storages = Object.fromEntries(Object.entries(storages).map(([scheme, open]) => [scheme, (url: string) => open(url, this)]));
    this.scheduler = {
      post: (job) => host.scheduler.post(() => this.#run(job)),
      at: (time, job): Cancellable => host.scheduler.at(time, () => this.#run(job)),
    };
    this.network = { openLine: () => host.network.openLine().map((end) => this.portOf(end)) as [Port, Port] };
  }

  shouldYield(): boolean {
    return this.#host.shouldYield();
  }

  print(line: string): void {
    this.#host.print(line);
  }

  warn(line: string): void {
    this.#host.warn(line);
  }

  /** Nothing of it happens any more. */
  die(): void {
    this.#isDead = true;
  }

  /** It stands still, as a thread that spins does, until it goes on. */
  hang(): void {
    this.#held ??= [];
  }

  goOn(): void {
    const held = this.#held ?? [];
    this.#held = undefined;
    for (const job of held) this.#host.scheduler.post(() => this.#run(job));
  }

  /** An end of a line, as this machine has it. */
  portOf(end: Port): Port {
    return new MachinePort(this, end);
  }

  #run(job: () => void): void {
    if (this.#isDead) return;
    if (this.#held === undefined) job();
    else this.#held.push(job);
  }

  /** Whether it can do anything now. */
  get isRunning(): boolean {
    return !this.#isDead && this.#held === undefined;
  }

  /** What comes over a line in order waits in order too. */
  receive(job: () => void): void {
    this.#run(job);
  }
}

class MachinePort implements Port {
  readonly #machine: SimulatedMachine;
  readonly #end: Port;

  constructor(machine: SimulatedMachine, end: Port) {
    this.#machine = machine;
    this.#end = end;
  }

  send(message: unknown, carried: Carried = {}): void {
    assert(this.#machine.isRunning, "only a machine that runs sends");
    const ends = (carried.ports ?? []).map((port) => (port instanceof MachinePort ? port.#end : port));
    this.#end.send(structuredClone(message, { transfer: [...(carried.buffers ?? [])] }), { ports: ends });
  }

  listen(onMessage: (message: unknown, ports: readonly Port[]) => void, onClose: () => void): void {
    const machine = this.#machine;
    this.#end.listen(
      (message, ends) => machine.receive(() => onMessage(message, ends.map((end) => machine.portOf(end)))),
      () => machine.receive(onClose),
    );
  }

  close(): void {
    this.#end.close();
  }
}
