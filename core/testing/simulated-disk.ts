import type { Scheduler } from "../host/host.ts";
import type { AsyncStorage } from "../host/storage.ts";
import { SimulatedAnswer } from "./simulated-answer.ts";

/**
 * What happens to one call of a simulated storage. `fails`: it does nothing, and says so; `in doubt`: it does what it should, and says that it failed; `lost`: it does nothing and never
 * answers; `torn`: half of what is put is there, and it never answers. Storages keep values whole, so that only comes where the power fails: whoever has called dies with it.
 */
export type StorageFault = "none" | "fails" | "in doubt" | "lost" | "torn";

/** One call, as whoever decides about faults sees it. */
export interface StorageCall {
  readonly kind: "putIfAbsent" | "get" | "list" | "remove";
  /** The name, or the prefix; of several names the first. */
  readonly name: string;
  /** Who is to be answered. */
  readonly caller: Scheduler;
}

/** How a simulated disk answers. */
export interface SimulatedDiskOptions {
  /** Runs what the disk does, whoever asked for it and whatever becomes of them. */
  readonly scheduler: Scheduler;
  now(): number;
  /** Default: none. */
  fault?(call: StorageCall): StorageFault;
  /** How long a call takes, ms. Default 0, which still lets others go first. */
  delayMs?(call: StorageCall): number;
  /** A value was put. */
  onPut?(name: string, bytes: Uint8Array): void;
}

/**
 * What simulated machines keep checkpoints on. It outlives them; each call takes effect and is answered in steps of its own, so that anything may happen in between.
 *
 * @example
 * ```ts
 * import { SimulatedDisk, SimulatedHost } from "tamias/testing";
 *
 * const host = new SimulatedHost({ seed: 7 });
 * const disk = new SimulatedDisk({ scheduler: host.scheduler, now: () => host.clock.now() });
 * disk.storage(host.scheduler).putIfAbsent("clicks/records/1", new Uint8Array([1]));
 * host.runUntilIdle();
 * console.log([...disk.objects.keys()]); // [ 'clicks/records/1' ]
 * ```
 */
export class SimulatedDisk {
  /** What lies on it, by name. */
  readonly objects = new Map<string, Uint8Array>();
  readonly #options: SimulatedDiskOptions;

  constructor(options: SimulatedDiskOptions) {
    this.#options = options;
  }

  /** As one machine sees it: answers come as its jobs, and not at all where it is gone. */
  storage(answers: Scheduler): AsyncStorage {
    const { objects } = this;
    const call = <T>(kind: StorageCall["kind"], name: string, effect: (isTorn: boolean) => T): PromiseLike<T> => this.#call({ kind, name, caller: answers }, effect);
    return {
      description: "simulated disk",
      putIfAbsent: (name, bytes) =>
        call("putIfAbsent", name, (isTorn) => {
          if (objects.has(name)) return false;
          objects.set(name, isTorn ? bytes.slice(0, bytes.length >> 1) : bytes.slice());
          if (!isTorn) this.#options.onPut?.(name, bytes);
          return true;
        }),
      get: (name) => call("get", name, () => objects.get(name)?.slice()),
      list: (prefix, after) => call("list", prefix, () => [...objects.keys()].filter((name) => name.startsWith(prefix) && after < name).sort()),
      remove: (names) =>
        call("remove", names[0] ?? "", () => {
          for (const name of names) objects.delete(name);
        }),
      close() {},
    };
  }

  /** Changes one byte of what lies under the name. */
  damage(name: string, at: number): void {
    const bytes = this.objects.get(name);
    if (bytes !== undefined && 0 < bytes.length) bytes[at % bytes.length]! ^= 0xff;
  }

  #call<T>(call: StorageCall, effect: (isTorn: boolean) => T): PromiseLike<T> {
    const { scheduler, now, fault = () => "none", delayMs = () => 0 } = this.#options;
    const answer = new SimulatedAnswer<T>(call.caller);
    const happen = (): void => {
      const happens = fault(call);
      if (happens === "lost") return;
      if (happens === "fails") return answer.settle({ error: new Error("the simulated disk refuses") });
      const value = effect(happens === "torn");
      if (happens === "none") answer.settle({ value });
      else if (happens === "in doubt") answer.settle({ error: new Error("the simulated disk does not say what came of it") });
    };
    const delay = delayMs(call);
    if (delay === 0) scheduler.post(happen);
    else scheduler.at(now() + delay, happen);
    // Nobody chains further answers to it.
    return answer as unknown as PromiseLike<T>;
  }
}
